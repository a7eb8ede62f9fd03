//! Cancelling, and leaving nothing behind.

use super::{Context, Effect, Over, Phase, Upload};
use crate::machine::context::Call;
use crate::machine::network::fault::Operation;
use crate::machine::timers::Timer;
use crate::machine::{Attempt, CallFault, Reason};

/// The abort of a cancelled upload.
#[derive(Clone, Copy, Debug, Default)]
pub(super) enum Removal {
    #[default]
    NotRequired,
    Owed,
    Asked(Call),
}

impl Removal {
    pub(super) fn is_required(self) -> bool {
        !matches!(self, Self::NotRequired)
    }

    pub(super) fn is_owed(self) -> bool {
        matches!(self, Self::Owed)
    }

    fn call(self) -> Option<Call> {
        match self {
            Self::Asked(call) => Some(call),
            Self::NotRequired | Self::Owed => None,
        }
    }
}

impl Upload {
    /// The user gives it up.
    pub(in crate::machine) fn cancel(&mut self, cx: &mut Context) {
        if self.is_over() || self.hold.is_cancelled() || self.hold.is_elsewhere() {
            return;
        }
        cx.touch(self.id);
        let may_be_handed_over = self.server.is_none() && self.may_be_handed_over();
        // Proofs on their way may hand it over yet: asked before they arrive, the functions would call it another's.
        let adopt = if may_be_handed_over { self.take_adopt_call() } else { None };
        self.drop_work(cx);
        self.release_all_bodies(cx);
        if self.is_lost() {
            // Another member's, by now: not ours to remove.
            self.server = None;
        }
        self.hold.cancel();
        self.forget_status(cx);
        // The abort need not wait for what failed before it.
        self.trouble.call_answered();
        if self.server.is_some() {
            self.save_head_first(cx);
            self.removal = Removal::Owed;
        } else if matches!(self.phase, Phase::Begun(_)) {
            // It may exist by now. The answer names it, and then it is removed.
            self.save_head(cx);
        } else if may_be_handed_over {
            // Asked once more, without proofs: what is this member's by now is removed, anything else is left alone.
            self.forget_challenge(adopt);
            self.save_head_first(cx);
        } else {
            self.end(cx, Over::Cancelled);
        }
    }

    pub(super) fn start_abort(&mut self, cx: &mut Context) {
        let Some(upload) = self.upload_id() else { return };
        let call = cx.call();
        self.removal = Removal::Asked(call);
        cx.timers.set(Timer::Abort(self.id), cx.now + cx.config.timeouts.abort_ms);
        cx.emit(Effect::AbortUpload { id: self.id, attempt: call.attempt, room: self.room, upload });
    }

    /// The abort was answered.
    pub(in crate::machine) fn aborted(&mut self, cx: &mut Context, attempt: Attempt, answer: Result<(), CallFault>) {
        let Some(call) = self.removal.call().filter(|call| call.attempt == attempt) else { return };
        self.drop_abort(cx);
        cx.touch(self.id);
        match answer {
            Ok(()) => {
                cx.api_answered();
                self.end(cx, Over::Cancelled);
            }
            Err(fault) => self.call_failed(cx, Operation::Abort, &fault, call),
        }
    }

    /// The answer to an abort under way is not waited for any more; the abort is still owed.
    pub(super) fn drop_abort(&mut self, cx: &mut Context) {
        if self.removal.call().is_some() {
            self.removal = Removal::Owed;
            cx.call_over();
            cx.timers.clear(Timer::Abort(self.id));
        }
    }

    /// No answer in time.
    pub(in crate::machine) fn abort_stalled(&mut self, cx: &mut Context) {
        if let Some(call) = self.removal.call() {
            self.aborted(cx, call.attempt, Err(CallFault::Network));
        }
    }

    /// The user takes the row off the list. What is still owed goes on unseen.
    pub(in crate::machine) fn dismiss(&mut self, cx: &mut Context) {
        // A failed upload may hold bytes in storage. Without a row they would stay until the server gives it up.
        if self.hold.failure().is_some() && !self.is_over() {
            self.cancel(cx);
        }
        let can_go = self.is_over() || self.hold.is_cancelled();
        if can_go && !self.hold.is_hidden() {
            self.hold.hide();
            cx.touch(self.id);
            if !self.is_over() && !self.hold.is_elsewhere() {
                // The abort is still owed. A later page makes it without a row.
                self.save_head_first(cx);
            }
            // These records were kept for a retry, which needs the row.
            if matches!(self.phase, Phase::Over(Over::Expired | Over::AbortedElsewhere)) {
                cx.emit(Effect::Forget { id: self.id });
            }
        }
    }

    /// Whether another member continues it, or the functions don't know it any more.
    pub(in crate::machine) fn is_lost(&self) -> bool {
        self.hold.has_failed_with(Reason::UploadLost)
    }
}
