//! Fetching where an upload stands, and following the answer.

use super::{Context, Effect, Over, Phase, Upload};
use crate::machine::context::Call;
use crate::machine::network::fault::Operation;
use crate::machine::part_set::PartSet;
use crate::machine::parts::PartState;
use crate::machine::timers::Timer;
use crate::machine::{Attempt, CallFault, Reason, Standing, Stored};
use crate::prelude::*;
use crate::wire::UploadState;
use crate::wire::id::PartNumber;

/// A status call that is owed or under way.
#[derive(Clone, Copy, Debug)]
struct Question {
    call: Option<Call>,
    /// In milliseconds on the machine's clock.
    not_before: u64,
}

/// What is known of the upload's state at the functions.
#[derive(Debug, Default)]
pub(super) struct Status {
    question: Option<Question>,
    /// It was fetched since the file was last opened.
    is_fetched: bool,
    /// The functions refused the upload as unknown: it may be another member's now.
    owner_doubted: bool,
    /// The wait before the next question while it is being completed, in milliseconds.
    poll_ms: u64,
}

impl Status {
    /// Whether no answer is owed. Nothing is signed, sent or completed before it.
    pub(super) fn is_settled(&self) -> bool {
        self.question.is_none()
    }

    pub(super) fn is_fetched(&self) -> bool {
        self.is_fetched
    }

    /// The file was closed: what storage holds is fetched again once it is open.
    pub(super) fn invalidate(&mut self) {
        self.is_fetched = false;
    }

    pub(super) fn doubt_owner(&mut self) {
        self.owner_doubted = true;
    }

    pub(super) fn trust_owner(&mut self) {
        self.owner_doubted = false;
    }

    fn call(&self) -> Option<Call> {
        self.question.and_then(|question| question.call)
    }

    fn is_owed(&self) -> bool {
        self.question.is_some_and(|question| question.call.is_none())
    }

    fn is_due(&self, now: u64) -> bool {
        self.question.is_some_and(|question| question.not_before <= now)
    }
}

impl Upload {
    /// The status is fetched as soon as nothing is in flight, if the functions know the upload.
    pub(super) fn require_status(&mut self, cx: &Context) {
        if self.server.is_some() && !self.is_over() {
            self.owe_status(cx);
        }
    }

    pub(super) fn owe_status(&mut self, cx: &Context) {
        self.status.question.get_or_insert(Question { call: None, not_before: cx.now });
    }

    /// Fetches it again later, since the upload is being completed; no sooner than in `least_ms` milliseconds.
    pub(super) fn poll_status(&mut self, cx: &mut Context, least_ms: u64) {
        let wait = self.status.poll_ms.max(cx.config.poll_ms).max(least_ms);
        self.status.poll_ms = (wait * 2).min(cx.config.poll_most_ms);
        self.phase = Phase::Completing;
        // A call under way may be older than what was just answered, and is not to be counted for ever.
        self.drop_status(cx);
        self.status.question = Some(Question { call: None, not_before: cx.now + wait });
        cx.timers.set(Timer::Poll(self.id), cx.now + wait);
    }

    /// Whether a call of its own is owed: a status, an adopt or an abort.
    pub(in crate::machine) fn has_chore(&self) -> bool {
        !self.is_over()
            && !self.hold.is_elsewhere()
            && if self.removal.is_required() { self.removal.is_owed() } else { self.owes_status() || self.owes_adopt() }
    }

    fn owes_status(&self) -> bool {
        !self.hold.is_cancelled() && self.hold.failure().is_none() && self.status.is_owed()
    }

    /// Makes the call that is owed, if its time has come.
    pub(in crate::machine) fn do_chore(&mut self, cx: &mut Context) {
        if !self.has_chore() || !self.trouble.may_call(cx.now) || !cx.may_call() {
            return;
        }
        if self.removal.is_required() {
            // Written down first: a later page would take the abort for another member's.
            if self.head_is_saved() {
                self.start_abort(cx);
            }
        } else if self.owes_adopt() {
            self.start_adopt(cx);
        } else if self.in_flight() == 0 && self.status.is_due(cx.now) {
            // Nothing is in flight here: a PUT that lands after the list was made would count as missing and be sent
            // again.
            self.fetch_status(cx);
        }
    }

    fn fetch_status(&mut self, cx: &mut Context) {
        let Some(upload) = self.upload_id() else { return };
        let call = cx.call();
        self.status.question = Some(Question { call: Some(call), not_before: cx.now });
        cx.timers.set(Timer::Status(self.id), cx.now + cx.config.timeouts.status_ms);
        cx.emit(Effect::FetchStatus { id: self.id, attempt: call.attempt, room: self.room, upload });
        cx.touch(self.id);
    }

    /// The answer to a call under way is not waited for any more; it is fetched again.
    pub(super) fn drop_status(&mut self, cx: &mut Context) {
        if let Some(question) = &mut self.status.question
            && question.call.take().is_some()
        {
            cx.call_over();
            cx.timers.clear(Timer::Status(self.id));
        }
    }

    /// The status is not wanted any more.
    pub(super) fn forget_status(&mut self, cx: &mut Context) {
        self.drop_status(cx);
        self.status.question = None;
    }

    /// The status was answered.
    pub(in crate::machine) fn status_fetched(
        &mut self,
        cx: &mut Context,
        attempt: Attempt,
        answer: Result<Box<Standing>, CallFault>,
    ) {
        let Some(call) = self.status.call().filter(|call| call.attempt == attempt) else { return };
        self.drop_status(cx);
        cx.touch(self.id);
        match answer {
            Ok(standing) => {
                cx.api_answered();
                self.trouble.call_answered();
                self.status.question = None;
                self.status.is_fetched = true;
                self.apply_status(cx, &standing);
            }
            Err(fault) => self.call_failed(cx, Operation::Status, &fault, call),
        }
    }

    /// No answer in time.
    pub(in crate::machine) fn status_stalled(&mut self, cx: &mut Context) {
        if let Some(call) = self.status.call() {
            self.status_fetched(cx, call.attempt, Err(CallFault::Network));
        }
    }

    fn apply_status(&mut self, cx: &mut Context, standing: &Standing) {
        if self.phase == Phase::Adopting && !self.take_handed_over(cx, standing) {
            return;
        }
        let owner_doubted = core::mem::take(&mut self.status.owner_doubted);
        match standing.state {
            // It is there, and still not to be signed: it belongs to another member.
            UploadState::Pending | UploadState::Uploading if owner_doubted => self.stop(cx, Reason::UploadLost),
            UploadState::Pending | UploadState::Uploading => self.reconcile(cx, standing),
            UploadState::Completing => self.poll_status(cx, 0),
            // By our own complete, whose answer was a 202 or was lost.
            UploadState::Completed if self.phase == Phase::Completing => self.end(cx, Over::Completed),
            UploadState::Completed => self.end(cx, Over::CompletedElsewhere),
            UploadState::Failed => self.stop(cx, Reason::Corrupted),
            UploadState::Aborting | UploadState::Aborted => self.end(cx, Over::AbortedElsewhere),
            UploadState::Expired => self.end(cx, Over::Expired),
        }
    }

    /// Takes storage's list of parts for the truth.
    fn reconcile(&mut self, cx: &mut Context, standing: &Standing) {
        let Some(plan) = self.parts.as_ref().map(|parts| *parts.plan()).filter(|plan| plan.cuts_like(&standing.plan))
        else {
            self.stop(cx, Reason::ServerError);
            return;
        };
        self.phase = Phase::Sending;
        self.completion.leave();
        let mut listed = PartSet::empty(plan.part_count);
        for stored in &standing.parts {
            if self.is_as_planned(stored) {
                listed.insert(stored.part);
                self.mark_stored(cx, stored);
            } else if plan.is_single() && plan.contains(stored.part) {
                // Nothing can replace it: single PUTs are sent with If-None-Match.
                self.stop(cx, Reason::Corrupted);
            }
        }
        let missing: Vec<PartNumber> =
            self.parts.iter().flat_map(|parts| parts.stored()).filter(|part| !listed.contains(*part)).collect();
        for part in missing {
            self.mark_missing(cx, part);
        }
    }

    /// Whether storage holds what the plan and the promise say.
    fn is_as_planned(&self, stored: &Stored) -> bool {
        let Some(parts) = self.parts.as_ref().filter(|parts| parts.plan().contains(stored.part)) else { return false };
        let is_as_promised = parts.digest(stored.part).is_none_or(|digest| digest == stored.digest);
        let is_of_kind = parts.plan().transport.digest == stored.digest.algorithm();
        parts.wire_len(stored.part) == stored.size && is_of_kind && is_as_promised
    }

    /// Storage has a part that we did not see arrive.
    fn mark_stored(&mut self, cx: &mut Context, stored: &Stored) {
        let part = stored.part;
        if self.is(part, PartState::Stored) {
            return;
        }
        if self.is(part, PartState::Preparing) {
            self.drop_reading(cx, part);
        }
        cx.timers.clear(Timer::Part(self.id, part));
        self.release_body(cx, part);
        self.pipeline.remove(part);
        self.set(part, PartState::Stored);
        self.promise(cx, part, stored.digest);
        if !self.proof.is_read(part) {
            self.require_proof(part);
        }
        self.note_progress(cx);
    }

    /// Storage does not have a part that we thought it had: it is sent again. It is read first, since its digest may be
    /// known from storage alone.
    pub(super) fn mark_missing(&mut self, cx: &mut Context, part: PartNumber) {
        if !self.is(part, PartState::Stored) {
            return;
        }
        self.drop_reading(cx, part);
        self.proof.forget(part);
        self.set(part, PartState::Planned);
    }
}
