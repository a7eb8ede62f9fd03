//! From the last part stored to the file in the room.

use super::{Context, Over, Phase, Upload};
use crate::machine::context::Call;
use crate::machine::network::fault::{self, Operation, Recovery};
use crate::machine::{CallFault, CompleteOutcome, NotAdopted, Reason};
use crate::wire::id::{PartNumber, UploadId};

#[derive(Debug, Default)]
pub(super) struct Completion {
    /// The batch of the complete that the upload is part of.
    batch: Option<u32>,
    /// How often in a row complete found parts missing.
    incomplete_rounds: u8,
}

impl Completion {
    /// Leaves the batch.
    pub(super) fn leave(&mut self) {
        self.batch = None;
    }

    pub(super) fn forget_rounds(&mut self) {
        self.incomplete_rounds = 0;
    }
}

impl Upload {
    /// Whether complete may be asked for: all parts are stored, and all are known to be the file's.
    pub(in crate::machine) fn can_complete(&self) -> bool {
        self.may_work()
            && self.phase == Phase::Sending
            && self.status.is_settled()
            && !self.initiation.is_held()
            && self.parts.as_ref().is_some_and(|parts| parts.all_stored())
            && self.is_proved()
    }

    /// Joins a batch of a complete.
    pub(in crate::machine) fn join_complete(&mut self, cx: &mut Context, batch: u32) {
        self.phase = Phase::Completing;
        self.completion.batch = Some(batch);
        cx.touch(self.id);
    }

    /// Whether it waits for the answer of this batch.
    pub(in crate::machine) fn is_completing_with(&self, batch: u32) -> bool {
        self.completion.batch == Some(batch) && self.phase == Phase::Completing
    }

    /// What is to be completed, if that is still wanted.
    pub(in crate::machine) fn to_complete(&self) -> Option<UploadId> {
        self.server.as_ref().filter(|_| self.may_work()).map(|server| server.upload)
    }

    /// Leaves the batch before it is called; its parts are listed again when it goes on.
    pub(in crate::machine) fn leave_complete(&mut self, cx: &mut Context) {
        self.completion.leave();
        if self.phase == Phase::Completing {
            self.phase = Phase::Sending;
            self.require_status(cx);
            cx.touch(self.id);
        }
    }

    /// The complete was answered.
    pub(in crate::machine) fn completed(&mut self, cx: &mut Context, call: Call, outcome: CompleteOutcome) {
        self.completion.leave();
        cx.touch(self.id);
        match outcome {
            CompleteOutcome::Done { .. } => self.end(cx, Over::Completed),
            // Cancelled meanwhile: the abort that is owed finds out the rest.
            _ if self.hold.is_cancelled() => {}
            CompleteOutcome::Working { retry_after_seconds } => {
                self.trouble.call_answered();
                self.poll_status(cx, retry_after_seconds.saturating_mul(1000));
            }
            CompleteOutcome::Refused(fault) => {
                // Whatever follows, complete is called again only after the parts were listed.
                self.require_status(cx);
                self.call_failed(cx, Operation::Complete, &fault, call);
            }
        }
    }

    /// A call of this upload failed.
    pub(super) fn call_failed(&mut self, cx: &mut Context, operation: Operation, fault: &CallFault, call: Call) {
        match fault::after_call(operation, fault) {
            Recovery::Retry | Recovery::SlowDown => {
                let retry_after = fault::retry_after(fault);
                cx.api_failed(call, retry_after);
                self.back_off_calls(cx, call, retry_after);
            }
            recovery => {
                // A refusal is an answer: the functions are healthy, and other uploads need not wait.
                cx.api_answered();
                self.recover_call(cx, recovery, call, fault);
            }
        }
    }

    fn recover_call(&mut self, cx: &mut Context, recovery: Recovery, call: Call, fault: &CallFault) {
        match recovery {
            Recovery::FetchStatus => {
                self.require_status(cx);
                // With a wait: status and refusal could contradict each other again and again.
                self.back_off_calls(cx, call, None);
            }
            Recovery::FetchOwner => {
                self.status.doubt_owner();
                self.require_status(cx);
                self.back_off_calls(cx, call, None);
            }
            Recovery::NotTheFile => self.upload_separately(cx, NotAdopted::NotTheFile),
            Recovery::NothingToAdopt => self.upload_separately(cx, NotAdopted::Ended),
            // It ended between being handed over and its first status.
            Recovery::Stop(Reason::UploadLost) if self.phase == Phase::Adopting => {
                self.upload_separately(cx, NotAdopted::Ended);
            }
            Recovery::SendMissing => self.send_missing(cx, call, fault),
            Recovery::Completed => self.end(cx, Over::Completed),
            Recovery::Aborted => self.end(cx, Over::AbortedElsewhere),
            Recovery::Expired => self.end(cx, Over::Expired),
            Recovery::Gone => self.end(cx, Over::Cancelled),
            // No right to remove it any more: the server gives it up in time.
            Recovery::Stop(_) if self.hold.is_cancelled() => self.end(cx, Over::Cancelled),
            Recovery::Stop(reason) | Recovery::PickAgain(reason) => self.stop(cx, reason),
            Recovery::Retry | Recovery::SlowDown | Recovery::SignAgain | Recovery::HashAgain | Recovery::NewKey => {
                self.stop(cx, Reason::ServerError);
            }
        }
    }

    /// Complete found parts missing or wrong: those go again.
    fn send_missing(&mut self, cx: &mut Context, call: Call, fault: &CallFault) {
        self.completion.incomplete_rounds = self.completion.incomplete_rounds.saturating_add(1);
        if self.completion.incomplete_rounds > cx.config.incomplete_rounds {
            self.stop(cx, Reason::ServerError);
            return;
        }
        let named: &[PartNumber] = match fault {
            CallFault::Api { parts, .. } => parts,
            CallFault::Network => &[],
        };
        self.phase = Phase::Sending;
        self.back_off_calls(cx, call, None);
        // The status that is owed tells which they are.
        if named.is_empty() {
            return;
        }
        self.forget_status(cx);
        for part in named.iter().rev() {
            self.mark_missing(cx, *part);
        }
    }
}
