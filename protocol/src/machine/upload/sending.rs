//! PUTs to storage.

use super::pipeline::{EndedPut, Entry};
use super::{Context, Effect, Phase, Upload};
use crate::machine::context::Call;
use crate::machine::network::fault::{self, Recovery};
use crate::machine::network::storage_answer;
use crate::machine::parts::{PartState, Parts};
use crate::machine::timers::{Timer, patience};
use crate::machine::{Attempt, PutFault};
use crate::prelude::*;
use crate::wire::digest::Md5;
use crate::wire::id::PartNumber;

impl Upload {
    /// Whether a part could be sent now, as far as this upload goes.
    pub(in crate::machine) fn can_send(&mut self, cx: &Context) -> bool {
        self.is_active()
            && self.may_work()
            && self.phase == Phase::Sending
            && self.status.is_settled()
            && !self.initiation.is_held()
            && self.is_below_provider_limit()
            && self.next_ready(cx).is_some()
    }

    /// Whether its provider takes one more PUT of it. That there is one at a time in ascending order follows from the order.
    fn is_below_provider_limit(&self) -> bool {
        let most = self.transport().and_then(|transport| transport.most_lanes);
        most.is_none_or(|most| self.in_flight() < most.into())
    }

    /// The next part with a good URL to a host with room. Parts whose URL is about to run out, or is for a host that was
    /// left since, go back to be signed.
    fn next_ready(&mut self, cx: &Context) -> Option<PartNumber> {
        while let Some(part) = self.pipeline.first_to_send() {
            let entry = self.pipeline.get(part);
            let expires_at = entry.map_or(0, Entry::expires_at);
            // One with a short life is used in its first half: else it would be signed again and again.
            let margin = entry.map_or(0, Entry::half_life_ms).min(cx.config.sign_margin_ms);
            let is_stale = !self.is(part, PartState::Signed);
            let is_left = entry.is_some_and(|entry| cx.hosts.is_left_since(entry.host(), entry.asked_at()));
            if !is_stale && !is_left && cx.now + margin <= expires_at {
                break;
            }
            self.pipeline.drop_first_to_send();
            if !is_stale {
                self.requeue(part);
            }
        }
        let next = if self.is_ascending() { Some(self.parts.as_mut()?.next_unstored()?) } else { None };
        let in_order = |part: &PartNumber| next.is_none_or(|next| next == *part);
        let has_room =
            |part: &PartNumber| self.pipeline.get(*part).is_some_and(|entry| cx.hosts.has_room(entry.host()));
        self.pipeline.to_send().filter(|part| self.is(*part, PartState::Signed)).filter(in_order).find(has_room)
    }

    /// Sends one part. Whether there was one.
    pub(in crate::machine) fn send_next(&mut self, cx: &mut Context) -> bool {
        let Some(part) = self.next_ready(cx) else { return false };
        let len = self.len_of(part);
        if !cx.has_lane(len) {
            return false;
        }
        let call = cx.put(len);
        let Some((request, host)) = self.pipeline.start_put(part, call) else { return false };
        cx.hosts.enter(host);
        self.set(part, PartState::InFlight);
        self.shown.note_put();
        self.turn.put_began(cx.now);
        cx.emit(Effect::Put { id: self.id, part, attempt: call.attempt, len, request });
        self.watch_put(cx, part);
        cx.touch(self.id);
        true
    }

    /// Sets the watchdog: max(30 s, 3 × unconfirmed bytes / the lane's rate), doubled with each abort.
    ///
    /// All bytes of the part are unconfirmed: what XHR reports as sent may sit in a buffer.
    fn watch_put(&self, cx: &mut Context, part: PartNumber) {
        let Some(entry) = self.pipeline.get(part) else { return };
        let by_rate = cx.lane_rate.get().map_or(0, |rate| self.len_of(part).saturating_mul(3000) / rate.max(1));
        // Stalls of other parts count as well, since they share the link.
        let wait = patience(cx.config.timeouts.stall_ms.max(by_rate), entry.stalls().max(cx.stalls));
        cx.timers.set(Timer::Put(self.id, part), cx.now.saturating_add(wait));
    }

    fn is_current_put(&self, part: PartNumber, attempt: Attempt) -> bool {
        self.pipeline.get(part).is_some_and(|entry| entry.is_put(attempt))
    }

    /// `bytes` of a part were handed to the network.
    pub(in crate::machine) fn sent(&mut self, cx: &mut Context, part: PartNumber, attempt: Attempt, bytes: u64) {
        let bytes = bytes.min(self.len_of(part));
        if !self.is_current_put(part, attempt) {
            return;
        }
        let Some(progress) = self.pipeline.put_moved(part, bytes) else { return };
        cx.lanes.moved(progress.bytes);
        if progress.is_new {
            self.note_progress(cx);
        }
        self.watch_put(cx, part);
        cx.touch(self.id);
    }

    /// Ends a PUT on this side, if the part was in flight.
    fn end_put(&mut self, cx: &mut Context, part: PartNumber) -> Option<EndedPut> {
        let put = self.pipeline.end_put(part)?;
        cx.hosts.leave(put.host);
        cx.timers.clear(Timer::Put(self.id, part));
        Some(put)
    }

    /// Storage took the part.
    pub(in crate::machine) fn stored(
        &mut self,
        cx: &mut Context,
        part: PartNumber,
        attempt: Attempt,
        etag: Option<&str>,
    ) {
        if !self.is_current_put(part, attempt) {
            return;
        }
        let Some(EndedPut { call, host, sent }) = self.end_put(cx, part) else { return };
        cx.host_stored(host);
        cx.touch(self.id);
        let promised = self.parts.as_ref().and_then(|parts| parts.digest(part));
        // Hidden by CORS, it counts: the digest was signed, and complete compares it with storage's own list.
        let promised = promised.and_then(|digest| digest.md5());
        if promised.is_some() && etag.is_some_and(|etag| Md5::from_etag(etag) != promised) {
            self.recover_put(cx, part, call, Recovery::HashAgain);
            return;
        }
        let len = self.len_of(part);
        // Progress reports are throttled, so the last bytes of a part are counted here.
        cx.lanes.moved(len - sent.min(len));
        cx.lane_rate.measured(len, cx.now - call.started);
        cx.stalls = 0;
        self.release_body(cx, part);
        self.pipeline.remove(part);
        self.set(part, PartState::Stored);
        self.note_sent(part, attempt);
        self.note_progress(cx);
    }

    /// The PUT failed.
    pub(in crate::machine) fn put_failed(
        &mut self,
        cx: &mut Context,
        part: PartNumber,
        attempt: Attempt,
        fault: &PutFault,
    ) {
        if !self.is_current_put(part, attempt) {
            return;
        }
        let Some(EndedPut { call, host, .. }) = self.end_put(cx, part) else { return };
        cx.touch(self.id);
        let expires_at = self.pipeline.get(part).map_or(0, Entry::expires_at);
        let mut recovery = fault::after_put(fault, cx.now >= expires_at);
        // A URL whose time is over may have been refused, and CORS hides that.
        if storage_answer::is_of_the_way(fault) && recovery != Recovery::SignAgain {
            if cx.host_failed(host, call) {
                self.requeue(part);
                return;
            }
            // What blocks one name may let another one through.
            if matches!(recovery, Recovery::Stop(_)) && !cx.hosts.refused(host) {
                recovery = Recovery::Retry;
            }
        }
        self.recover_put(cx, part, call, recovery);
        if let PutFault::Read(fault) = fault {
            self.read_failed(cx, attempt, *fault);
        }
    }

    /// What follows a PUT that did not store its part.
    fn recover_put(&mut self, cx: &mut Context, part: PartNumber, call: Call, recovery: Recovery) {
        match recovery {
            Recovery::SignAgain if self.may_resign_freely(cx, part) => self.requeue(part),
            Recovery::Retry | Recovery::SlowDown | Recovery::SignAgain => {
                if recovery == Recovery::SlowDown {
                    cx.lanes.shrink(cx.now, call.started);
                }
                self.back_off_part(cx, part, call);
            }
            Recovery::HashAgain => {
                self.back_off_part(cx, part, call);
                // Hashed during the wait. `hashed_again` holds the part back for the rest of it.
                self.hash_again(cx, part);
            }
            Recovery::FetchStatus => {
                self.back_off_part(cx, part, call);
                self.require_status(cx);
            }
            // `put_failed` closes the file next.
            Recovery::PickAgain(_) => self.requeue(part),
            Recovery::Stop(reason) => {
                self.requeue(part);
                self.stop(cx, reason);
            }
            Recovery::FetchOwner
            | Recovery::NotTheFile
            | Recovery::NothingToAdopt
            | Recovery::SendMissing
            | Recovery::NewKey
            | Recovery::Gone
            | Recovery::Completed
            | Recovery::Aborted
            | Recovery::Expired => self.requeue(part),
        }
    }

    /// A few URLs in a row may run out without costing an attempt.
    fn may_resign_freely(&mut self, cx: &Context, part: PartNumber) -> bool {
        self.pipeline.get_mut(part).is_some_and(|entry| entry.count_resign() <= cx.config.free_resigns)
    }

    /// The part waits for its next try, and storage is left alone for a while.
    fn back_off_part(&mut self, cx: &mut Context, part: PartNumber, call: Call) {
        if cx.is_offline() {
            self.requeue(part);
            return;
        }
        cx.storage_failed(call);
        if let Some(entry) = self.pipeline.get_mut(part) {
            let until = entry.back_off(cx.now, call.started, &mut cx.rng);
            cx.timers.set(Timer::Part(self.id, part), until);
        }
        self.set(part, PartState::Waiting);
        self.check_circuit(cx);
    }

    /// The part's wait is over.
    pub(in crate::machine) fn part_wait_over(&mut self, cx: &mut Context, part: PartNumber) {
        if self.is(part, PartState::Waiting) {
            cx.touch(self.id);
            self.requeue(part);
        }
    }

    /// The bytes that arrived were not those that were hashed: the digest decides who was wrong.
    fn hash_again(&mut self, cx: &mut Context, part: PartNumber) {
        cx.timers.clear(Timer::Part(self.id, part));
        self.set(part, PartState::Planned);
    }

    /// No byte moved for too long.
    pub(in crate::machine) fn put_stalled(&mut self, cx: &mut Context, part: PartNumber) {
        let Some(EndedPut { call, host, .. }) = self.drop_put(cx, part) else { return };
        cx.touch(self.id);
        if cx.host_failed(host, call) {
            self.requeue(part);
            return;
        }
        cx.stalls = cx.stalls.saturating_add(1);
        if let Some(entry) = self.pipeline.get_mut(part) {
            entry.count_stall();
        }
        self.recover_put(cx, part, call, Recovery::SlowDown);
    }

    /// Aborts a PUT, if the part was in flight.
    fn drop_put(&mut self, cx: &mut Context, part: PartNumber) -> Option<EndedPut> {
        let put = self.end_put(cx, part)?;
        cx.emit(Effect::DropPut { id: self.id, part, attempt: put.call.attempt });
        Some(put)
    }

    /// Sends again what was in flight while the network was gone; costs no attempt.
    pub(super) fn restart_puts(&mut self, cx: &mut Context) {
        // Backwards, since each one goes to the front of the line: the lowest part is first again.
        for part in self.pipeline.in_flight().into_iter().rev() {
            if self.drop_put(cx, part).is_some() {
                self.requeue(part);
            }
        }
        let waiting: Vec<PartNumber> =
            self.pipeline.parts().filter(|part| self.is(*part, PartState::Waiting)).collect();
        for part in waiting.into_iter().rev() {
            cx.timers.clear(Timer::Part(self.id, part));
            self.requeue(part);
        }
        self.pipeline.reset_backoff();
    }

    /// Puts a part with a known digest back in line for a URL; one whose body is not held any more is prepared again.
    pub(super) fn requeue(&mut self, part: PartNumber) {
        let state = if self.pipeline.requeue(part) { PartState::Hashed } else { PartState::Planned };
        self.set(part, state);
    }

    /// The shell need not hold the part's body any longer.
    pub(super) fn release_body(&mut self, cx: &mut Context, part: PartNumber) {
        if let Some(attempt) = self.pipeline.take_body(part) {
            cx.emit(Effect::DropPrepare { id: self.id, part, attempt });
        }
    }

    /// No body is held any longer. What is not on its way is prepared again when the upload goes on.
    pub(super) fn release_all_bodies(&mut self, cx: &mut Context) {
        for part in self.pipeline.with_body() {
            self.release_body(cx, part);
            if self.parts.as_ref().is_some_and(|parts| parts.is_in_line(part)) {
                self.set(part, PartState::Planned);
            }
        }
    }

    /// Bytes in storage and on their way.
    pub(super) fn wire_bytes(&self) -> u64 {
        let stored = self.parts.as_ref().map_or(0, Parts::stored_bytes);
        (stored + self.pipeline.sent_bytes()).min(self.wire_size())
    }
}
