//! PUTs to storage.

use super::{Context, Effect, Live, Phase, Upload};
use crate::machine::context::Call;
use crate::machine::network::fault::{self, Then};
use crate::machine::parts::PartState;
use crate::machine::timers::Timer;
use crate::machine::{Attempt, PutFault};
use crate::wire::digest::Md5;
use crate::wire::id::PartNumber;
use crate::wire::plan::PartOrder;

/// The watchdog doubles its patience no more often than this.
const MOST_DOUBLINGS: u32 = 4;

impl Upload {
    /// Whether a part could be sent now, as far as this upload goes.
    pub(in crate::machine) fn can_send(&mut self, cx: &Context) -> bool {
        self.active
            && self.may_work()
            && self.phase == Phase::Sending
            && self.check.is_none()
            && !self.is_held()
            && self.has_own_lane()
            && self.front_ready(cx).is_some()
    }

    /// Whether its provider takes one more PUT of it. In ascending order there is one at a time.
    fn has_own_lane(&self) -> bool {
        let most = self.transport().and_then(|transport| match transport.order {
            PartOrder::Ascending => Some(1),
            PartOrder::Any => transport.most_lanes,
        });
        most.is_none_or(|most| self.in_flight() < most.into())
    }

    /// The next part with a good URL to a host with room. Parts whose URL is about to run out go back to be signed.
    fn front_ready(&mut self, cx: &Context) -> Option<PartNumber> {
        while let Some(part) = self.ready.front().copied() {
            let live = self.live.get(&part);
            let expires_at = live.map_or(0, |live| live.expires_at);
            // One with a short life is used in its first half: else it would be signed again and again.
            let margin = live.map_or(0, Live::half_life_ms).min(cx.config.sign_margin_ms);
            let is_stale = !self.is(part, PartState::Signed);
            if !is_stale && cx.now + margin <= expires_at {
                break;
            }
            self.ready.pop_front();
            if !is_stale {
                self.line_up(part);
            }
        }
        let next = if self.is_ascending() { Some(self.parts.as_mut()?.next_unstored()?) } else { None };
        let in_order = |part: &&PartNumber| next.is_none_or(|next| next == **part);
        let has_room = |part: &&PartNumber| self.live.get(part).is_some_and(|live| cx.hosts.has_room(live.host));
        self.ready.iter().filter(|part| self.is(**part, PartState::Signed)).filter(in_order).find(has_room).copied()
    }

    /// Sends one part. Whether there was one.
    pub(in crate::machine) fn send_next(&mut self, cx: &mut Context) -> bool {
        let Some(part) = self.front_ready(cx) else { return false };
        let len = self.len_of(part);
        if !cx.has_lane(len) {
            return false;
        }
        let call = cx.put(len);
        let Some(live) = self.live.get_mut(&part) else { return false };
        let Some(request) = live.request.take() else { return false };
        live.put = Some(call);
        live.sent = 0;
        cx.hosts.enter(live.host);
        self.ready.retain(|ready| *ready != part);
        self.set(part, PartState::InFlight);
        self.ever_sent = true;
        self.served = cx.now;
        cx.emit(Effect::Put { id: self.id, part, attempt: call.attempt, len, request });
        self.watch_put(cx, part);
        cx.touch(self.id);
        true
    }

    /// Sets the watchdog: max(30 s, 3 × unconfirmed bytes / the lane's rate), doubled with each abort.
    ///
    /// All bytes of the part are unconfirmed: what XHR reports as sent may sit in a buffer.
    fn watch_put(&self, cx: &mut Context, part: PartNumber) {
        let Some(live) = self.live.get(&part) else { return };
        let by_rate = cx.lane_rate.get().map_or(0, |rate| self.len_of(part).saturating_mul(3000) / rate.max(1));
        let doublings = live.stalls.max(cx.stalls).min(MOST_DOUBLINGS);
        let wait = cx.config.stall_ms.max(by_rate) << doublings;
        cx.timers.set(Timer::Put(self.id, part), cx.now.saturating_add(wait));
    }

    fn is_current(&self, part: PartNumber, attempt: Attempt) -> bool {
        self.live.get(&part).and_then(|live| live.put).is_some_and(|put| put.attempt == attempt)
    }

    /// So many bytes of a part were handed to the network.
    pub(in crate::machine) fn sent(&mut self, cx: &mut Context, part: PartNumber, attempt: Attempt, bytes: u64) {
        let bytes = bytes.min(self.len_of(part));
        if !self.is_current(part, attempt) {
            return;
        }
        let Some(live) = self.live.get_mut(&part).filter(|live| bytes > live.sent) else { return };
        cx.lanes.moved(bytes - live.sent);
        self.sent_bytes += bytes - live.sent;
        live.sent = bytes;
        let is_new = bytes > live.highest;
        if is_new {
            live.highest = bytes;
            live.backoff.reset();
            live.resigns = 0;
        }
        if is_new {
            self.moved(cx);
        }
        self.watch_put(cx, part);
        cx.touch(self.id);
    }

    /// Ends a PUT on this side. Its call, if the part was in flight.
    fn take_put(&mut self, cx: &mut Context, part: PartNumber) -> Option<Call> {
        let live = self.live.get_mut(&part)?;
        let call = live.put.take()?;
        self.sent_bytes -= live.sent;
        cx.hosts.leave(live.host);
        cx.timers.clear(Timer::Put(self.id, part));
        Some(call)
    }

    /// Storage took the part.
    pub(in crate::machine) fn stored(
        &mut self,
        cx: &mut Context,
        part: PartNumber,
        attempt: Attempt,
        etag: Option<&str>,
    ) {
        if !self.is_current(part, attempt) {
            return;
        }
        let sent = self.live.get(&part).map_or(0, |live| live.sent);
        let Some(call) = self.take_put(cx, part) else { return };
        cx.touch(self.id);
        let promised = self.parts.as_ref().and_then(|parts| parts.digest(part));
        // Hidden by CORS, it counts: the digest was signed, and complete looks at storage's own list.
        let promised = promised.and_then(|digest| digest.md5());
        if promised.is_some() && etag.is_some_and(|etag| Md5::from_etag(etag) != promised) {
            self.put_again(cx, part, call, Then::HashAgain);
            return;
        }
        let len = self.len_of(part);
        cx.lanes.moved(len - sent.min(len));
        cx.lane_rate.measured(len, cx.now - call.started);
        cx.stalls = 0;
        self.let_go(cx, part);
        self.live.remove(&part);
        self.set(part, PartState::Stored);
        self.was_sent(part, attempt);
        self.moved(cx);
    }

    /// The PUT failed.
    pub(in crate::machine) fn put_failed(
        &mut self,
        cx: &mut Context,
        part: PartNumber,
        attempt: Attempt,
        fault: &PutFault,
    ) {
        if !self.is_current(part, attempt) {
            return;
        }
        let Some(call) = self.take_put(cx, part) else { return };
        cx.touch(self.id);
        let expires_at = self.live.get(&part).map_or(0, |live| live.expires_at);
        let then = fault::after_put(fault, cx.now >= expires_at);
        self.put_again(cx, part, call, then);
        if let PutFault::Read(fault) = fault {
            self.cannot_read(cx, attempt, *fault);
        }
    }

    /// What follows a PUT that did not store its part.
    fn put_again(&mut self, cx: &mut Context, part: PartNumber, call: Call, then: Then) {
        match then {
            Then::SignAgain if self.is_free_to_resign(cx, part) => self.line_up(part),
            Then::Again | Then::SlowDown | Then::SignAgain => {
                if then == Then::SlowDown {
                    cx.lanes.shrink(cx.now, call.started);
                }
                self.wait_with(cx, part, call);
            }
            Then::HashAgain => {
                self.wait_with(cx, part, call);
                self.hash_again(cx, part);
            }
            Then::AskStatus => {
                self.wait_with(cx, part, call);
                self.ask_status(cx);
            }
            Then::PickAgain(_) => self.line_up(part),
            Then::Stop(reason) => {
                self.line_up(part);
                self.stop(cx, reason);
            }
            Then::AskWhose
            | Then::NotTheFile
            | Then::NothingToAdopt
            | Then::SendMissing
            | Then::NewKey
            | Then::Gone
            | Then::Completed
            | Then::Aborted
            | Then::Expired => self.line_up(part),
        }
    }

    fn is_free_to_resign(&mut self, cx: &Context, part: PartNumber) -> bool {
        let Some(live) = self.live.get_mut(&part) else { return false };
        live.resigns = live.resigns.saturating_add(1);
        live.resigns <= cx.config.free_resigns
    }

    /// The part waits for its next try, and storage is left alone for a while.
    fn wait_with(&mut self, cx: &mut Context, part: PartNumber, call: Call) {
        if cx.is_offline() {
            self.line_up(part);
            return;
        }
        cx.storage_failed(call);
        if let Some(live) = self.live.get_mut(&part) {
            live.backoff.fail(cx.now, call.started, None, &mut cx.rng);
            cx.timers.set(Timer::Part(self.id, part), live.backoff.until());
        }
        self.set(part, PartState::Waiting);
        self.trouble(cx);
    }

    /// The part's wait is over.
    pub(in crate::machine) fn part_may_go(&mut self, cx: &mut Context, part: PartNumber) {
        if self.is(part, PartState::Waiting) {
            cx.touch(self.id);
            self.line_up(part);
        }
    }

    /// The bytes that arrived were not those that were hashed: the digest decides who was wrong.
    fn hash_again(&mut self, cx: &mut Context, part: PartNumber) {
        cx.timers.clear(Timer::Part(self.id, part));
        self.set(part, PartState::Planned);
    }

    /// No byte moved for too long.
    pub(in crate::machine) fn put_stalled(&mut self, cx: &mut Context, part: PartNumber) {
        let Some(call) = self.drop_put(cx, part) else { return };
        cx.touch(self.id);
        cx.stalls = cx.stalls.saturating_add(1);
        if let Some(live) = self.live.get_mut(&part) {
            live.stalls += 1;
        }
        self.put_again(cx, part, call, Then::SlowDown);
    }

    /// Aborts a PUT. Its call, if the part was in flight.
    pub(super) fn drop_put(&mut self, cx: &mut Context, part: PartNumber) -> Option<Call> {
        let call = self.take_put(cx, part)?;
        cx.emit(Effect::DropPut { id: self.id, part, attempt: call.attempt });
        Some(call)
    }

    /// Sends again what was in flight while the network was gone; costs no attempt.
    pub(in crate::machine) fn restart_puts(&mut self, cx: &mut Context) {
        let in_flight: Vec<PartNumber> =
            self.live.iter().filter(|(_, live)| live.put.is_some()).map(|(part, _)| *part).collect();
        for part in in_flight.into_iter().rev() {
            if self.drop_put(cx, part).is_some() {
                self.line_up(part);
            }
        }
        let waiting: Vec<PartNumber> =
            self.live.keys().filter(|part| self.is(**part, PartState::Waiting)).copied().collect();
        for part in waiting.into_iter().rev() {
            cx.timers.clear(Timer::Part(self.id, part));
            self.line_up(part);
        }
        self.live.values_mut().for_each(|live| live.backoff.reset());
    }
}
