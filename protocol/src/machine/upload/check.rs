//! Asking the functions where an upload stands.

use super::{Context, Effect, Over, Phase, Upload};
use crate::machine::bits::PartSet;
use crate::machine::context::Call;
use crate::machine::network::fault::Doing;
use crate::machine::parts::PartState;
use crate::machine::timers::Timer;
use crate::machine::{Attempt, CallFault, Reason, Standing, Stored};
use crate::wire::UploadState;
use crate::wire::id::PartNumber;

/// A question that is owed or asked. Nothing is signed, sent or completed before its answer.
#[derive(Clone, Copy, Debug)]
pub(in crate::machine) struct Check {
    call: Option<Call>,
    not_before: u64,
}

impl Upload {
    /// The status is to be asked for, as soon as nothing is in flight.
    pub(super) fn ask_status(&mut self, cx: &Context) {
        if self.server.is_some() && !self.is_over() {
            self.owe_check(cx);
        }
    }

    pub(super) fn owe_check(&mut self, cx: &Context) {
        self.check.get_or_insert(Check { call: None, not_before: cx.now });
    }

    /// Asks again later: it is being completed.
    pub(super) fn poll_later(&mut self, cx: &mut Context, least_ms: u64) {
        let wait = self.poll_ms.max(cx.config.poll_ms).max(least_ms);
        self.poll_ms = (wait * 2).min(cx.config.poll_most_ms);
        self.phase = Phase::Completing;
        // A question under way may be older than what was just answered, and its call is not to be counted for ever.
        self.drop_check(cx);
        self.check = Some(Check { call: None, not_before: cx.now + wait });
        cx.timers.set(Timer::Poll(self.id), cx.now + wait);
    }

    /// Whether a call of its own is owed: a status, an adopt or an abort.
    pub(in crate::machine) fn has_chore(&self) -> bool {
        !self.is_over()
            && !self.elsewhere
            && match self.abort {
                Some(call) => call.is_none(),
                None => self.owes_check() || self.owes_adopt(),
            }
    }

    fn owes_check(&self) -> bool {
        !self.cancelled && self.stopped.is_none() && self.check.is_some_and(|check| check.call.is_none())
    }

    /// Makes the call that is owed, if its time has come.
    pub(in crate::machine) fn do_chore(&mut self, cx: &mut Context) {
        if !self.has_chore() || !self.calls.is_over(cx.now) || !cx.may_call() {
            return;
        }
        if self.abort.is_some() {
            // Written down first: a later page would take the abort for somebody else's.
            if self.head_is_saved() {
                self.start_abort(cx);
            }
        } else if self.owes_adopt() {
            self.start_adopt(cx);
        } else if self.in_flight() == 0 && self.check.is_some_and(|check| check.not_before <= cx.now) {
            self.start_check(cx);
        }
    }

    fn start_check(&mut self, cx: &mut Context) {
        let Some(upload) = self.upload_id() else { return };
        let call = cx.call();
        self.check = Some(Check { call: Some(call), not_before: cx.now });
        cx.timers.set(Timer::Status(self.id), cx.now + cx.config.status_ms);
        cx.emit(Effect::FetchStatus { id: self.id, attempt: call.attempt, room: self.room, upload });
        cx.touch(self.id);
    }

    /// The answer to a question under way is not waited for any more; the question stays.
    pub(super) fn drop_check(&mut self, cx: &mut Context) {
        if let Some(check) = &mut self.check
            && check.call.take().is_some()
        {
            cx.call_over();
            cx.timers.clear(Timer::Status(self.id));
        }
    }

    /// The status was answered.
    pub(in crate::machine) fn status(
        &mut self,
        cx: &mut Context,
        attempt: Attempt,
        answer: Result<Box<Standing>, CallFault>,
    ) {
        let Some(call) = self.check.and_then(|check| check.call).filter(|call| call.attempt == attempt) else { return };
        self.drop_check(cx);
        cx.touch(self.id);
        match answer {
            Ok(status) => {
                cx.api_answered();
                self.calls.reset();
                self.check = None;
                self.checked = true;
                self.stands(cx, &status);
            }
            Err(fault) => self.call_failed(cx, Doing::Status, &fault, call),
        }
    }

    /// No answer in time.
    pub(in crate::machine) fn status_stalled(&mut self, cx: &mut Context) {
        if let Some(call) = self.check.and_then(|check| check.call) {
            self.status(cx, call.attempt, Err(CallFault::Network));
        }
    }

    fn stands(&mut self, cx: &mut Context, status: &Standing) {
        if self.phase == Phase::Adopting && !self.take_handed_over(cx, status) {
            return;
        }
        let is_doubted = std::mem::take(&mut self.doubted);
        match status.state {
            // It is there, and still not to be signed: it belongs to another member.
            UploadState::Pending | UploadState::Uploading if is_doubted => self.stop(cx, Reason::UploadLost),
            UploadState::Pending | UploadState::Uploading => self.is_open_still(cx, status),
            UploadState::Completing => self.poll_later(cx, 0),
            UploadState::Completed if self.phase == Phase::Completing => self.end(cx, Over::Completed),
            UploadState::Completed => self.end(cx, Over::CompletedElsewhere),
            UploadState::Failed => self.stop(cx, Reason::Corrupted),
            UploadState::Aborting | UploadState::Aborted => self.end(cx, Over::AbortedElsewhere),
            UploadState::Expired => self.end(cx, Over::Expired),
        }
    }

    fn is_open_still(&mut self, cx: &mut Context, status: &Standing) {
        let Some(plan) = self.parts.as_ref().map(|parts| *parts.plan()).filter(|plan| plan.cuts_like(&status.plan))
        else {
            self.stop(cx, Reason::ServerError);
            return;
        };
        self.phase = Phase::Sending;
        self.completing = None;
        let mut listed = PartSet::empty(plan.part_count);
        for stored in &status.parts {
            if self.agrees(stored) {
                listed.insert(stored.part);
                self.found_stored(cx, stored);
            } else if plan.is_single() && plan.contains(stored.part) {
                // Nothing can replace it: single PUTs are sent with If-None-Match.
                self.stop(cx, Reason::Corrupted);
            }
        }
        let missing: Vec<PartNumber> =
            self.parts.iter().flat_map(|parts| parts.stored()).filter(|part| !listed.contains(*part)).collect();
        for part in missing {
            self.not_stored(cx, part);
        }
    }

    /// Whether storage holds what the plan and the promise say.
    fn agrees(&self, stored: &Stored) -> bool {
        let Some(parts) = self.parts.as_ref().filter(|parts| parts.plan().contains(stored.part)) else { return false };
        let is_as_promised = parts.digest(stored.part).is_none_or(|digest| digest == stored.digest);
        let is_of_kind = parts.plan().transport.digest == stored.digest.algorithm();
        parts.wire_len(stored.part) == stored.size && is_of_kind && is_as_promised
    }

    /// Storage has a part that we did not see arrive.
    fn found_stored(&mut self, cx: &mut Context, stored: &Stored) {
        let part = stored.part;
        if self.is(part, PartState::Stored) {
            return;
        }
        if self.is(part, PartState::Preparing) {
            self.drop_reading(cx, part);
        }
        cx.timers.clear(Timer::Part(self.id, part));
        self.let_go(cx, part);
        self.live.remove(&part);
        self.set(part, PartState::Stored);
        self.promise(cx, part, stored.digest);
        if !self.hashed_now.contains(part) {
            self.doubt(part);
        }
        self.moved(cx);
    }

    /// Storage does not have a part that we thought it had: it is sent again. It is read first, since its digest may be
    /// known from storage alone.
    pub(super) fn not_stored(&mut self, cx: &mut Context, part: PartNumber) {
        if !self.is(part, PartState::Stored) {
            return;
        }
        self.drop_reading(cx, part);
        self.unproved.remove(part);
        self.set(part, PartState::Planned);
    }
}
