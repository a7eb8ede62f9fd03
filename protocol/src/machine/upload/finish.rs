//! From the last part stored to the file in the room.

use super::{Context, Over, Phase, Upload};
use crate::machine::context::Call;
use crate::machine::network::fault::{self, Doing, Then};
use crate::machine::timers::Timer;
use crate::machine::{CallFault, CompleteOutcome, NotAdopted, Reason};
use crate::wire::id::{PartNumber, UploadId};

impl Upload {
    /// Whether complete may be asked for: all parts are stored, and all are known to be the file's.
    pub(in crate::machine) fn can_complete(&self) -> bool {
        self.may_work()
            && self.phase == Phase::Sending
            && self.check.is_none()
            && !self.is_held()
            && self.parts.as_ref().is_some_and(|parts| parts.all_stored())
            && self.is_proved()
    }

    /// Joins a batch of a complete.
    pub(in crate::machine) fn complete_with(&mut self, cx: &mut Context, batch: u32) -> Option<UploadId> {
        self.phase = Phase::Completing;
        self.completing = Some(batch);
        cx.touch(self.id);
        self.server.as_ref().map(|server| server.upload)
    }

    /// Whether it waits for the answer of this batch.
    pub(in crate::machine) fn is_completing_with(&self, batch: u32) -> bool {
        self.completing == Some(batch) && self.phase == Phase::Completing
    }

    /// Leaves the batch before it is called; the parts are looked at again when it goes on.
    pub(in crate::machine) fn leave_completion(&mut self, cx: &mut Context) {
        self.completing = None;
        if self.phase == Phase::Completing {
            self.phase = Phase::Sending;
            self.ask_status(cx);
            cx.touch(self.id);
        }
    }

    /// The complete was answered.
    pub(in crate::machine) fn completed(&mut self, cx: &mut Context, call: Call, outcome: CompleteOutcome) {
        self.completing = None;
        cx.touch(self.id);
        match outcome {
            CompleteOutcome::Done { .. } => self.end(cx, Over::Completed),
            // Cancelled meanwhile: the abort that is owed finds out the rest.
            _ if self.cancelled => {}
            CompleteOutcome::Working { retry_after_seconds } => {
                self.calls.reset();
                self.poll_later(cx, retry_after_seconds.saturating_mul(1000));
            }
            CompleteOutcome::Refused(fault) => {
                // Whatever follows: complete is asked for again only after a look at the parts.
                self.ask_status(cx);
                self.call_failed(cx, Doing::Complete, &fault, call);
            }
        }
    }

    /// A call of this upload failed.
    pub(in crate::machine) fn call_failed(&mut self, cx: &mut Context, doing: Doing, fault: &CallFault, call: Call) {
        match fault::after_call(doing, fault) {
            Then::Again | Then::SlowDown => {
                let retry_after = fault::retry_after(fault);
                cx.api_failed(call, retry_after);
                self.wait_with_calls(cx, call, retry_after);
            }
            then => {
                cx.api_answered();
                self.follow(cx, then, call, fault);
            }
        }
    }

    /// Calls of this upload wait; costs nothing while offline.
    pub(in crate::machine) fn wait_with_calls(&mut self, cx: &mut Context, call: Call, retry_after: Option<u64>) {
        cx.touch(self.id);
        if !cx.is_offline() {
            self.calls.fail(cx.now, call.started, retry_after, &mut cx.rng);
            cx.timers.set(Timer::Calls(self.id), self.calls.until());
            self.trouble(cx);
        }
    }

    fn follow(&mut self, cx: &mut Context, then: Then, call: Call, fault: &CallFault) {
        match then {
            Then::AskStatus => {
                self.ask_status(cx);
                self.wait_with_calls(cx, call, None);
            }
            Then::AskWhose => {
                self.doubted = true;
                self.ask_status(cx);
                self.wait_with_calls(cx, call, None);
            }
            Then::NotTheFile => self.begin_instead(cx, NotAdopted::NotTheFile),
            Then::NothingToAdopt => self.begin_instead(cx, NotAdopted::Ended),
            Then::Stop(Reason::UploadLost) if self.phase == Phase::Adopting => {
                self.begin_instead(cx, NotAdopted::Ended);
            }
            Then::SendMissing => self.send_missing(cx, call, fault),
            Then::Completed => self.end(cx, Over::Completed),
            Then::Aborted => self.end(cx, Over::AbortedElsewhere),
            Then::Expired => self.end(cx, Over::Expired),
            Then::Gone => self.end(cx, Over::Cancelled),
            Then::Stop(_) if self.cancelled => self.end(cx, Over::Cancelled),
            Then::Stop(reason) | Then::PickAgain(reason) => self.stop(cx, reason),
            Then::Again | Then::SlowDown | Then::SignAgain | Then::HashAgain | Then::NewKey => {
                self.stop(cx, Reason::ServerError);
            }
        }
    }

    /// Complete found parts missing or wrong: those go again.
    fn send_missing(&mut self, cx: &mut Context, call: Call, fault: &CallFault) {
        self.incomplete_rounds = self.incomplete_rounds.saturating_add(1);
        if self.incomplete_rounds > cx.config.incomplete_rounds {
            self.stop(cx, Reason::ServerError);
            return;
        }
        let named: &[PartNumber] = match fault {
            CallFault::Api { parts, .. } => parts,
            CallFault::Network => &[],
        };
        self.phase = Phase::Sending;
        self.wait_with_calls(cx, call, None);
        if named.is_empty() {
            return;
        }
        self.drop_check(cx);
        self.check = None;
        for part in named.iter().rev() {
            self.not_stored(cx, *part);
        }
    }
}
