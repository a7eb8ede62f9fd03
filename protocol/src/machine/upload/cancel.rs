//! Cancelling, and leaving nothing behind.

use super::{Adoption, Context, Effect, Over, Phase, Upload};
use crate::machine::network::fault::Doing;
use crate::machine::timers::Timer;
use crate::machine::{Attempt, CallFault, Reason};

impl Upload {
    /// The user gives it up.
    pub(in crate::machine) fn cancel(&mut self, cx: &mut Context) {
        if self.is_over() || self.cancelled || self.elsewhere {
            return;
        }
        cx.touch(self.id);
        let may_be_handed_over = self.adoption.as_ref().is_some_and(Adoption::may_be_handed_over);
        self.halt(cx);
        self.let_go_of_all(cx);
        if self.stopped == Some(Reason::UploadLost) {
            // Another member's, by now: not ours to remove.
            self.server = None;
        }
        self.cancelled = true;
        self.stopped = None;
        self.check = None;
        self.calls.reset();
        if self.server.is_some() {
            self.head_save = self.save_head(cx);
            self.abort = Some(None);
        } else if matches!(self.phase, Phase::Begun(_)) {
            // It may exist by now. The answer tells its name, and then it is removed.
            self.save_head(cx);
        } else if may_be_handed_over {
            // Asked once more, without proofs: what is this member's by now is removed, anything else is left alone.
            self.adoption = self.adoption.take().map(|adoption| Adoption::restored(adoption.upload()));
            self.head_save = self.save_head(cx);
        } else {
            self.end(cx, Over::Cancelled);
        }
    }

    pub(super) fn start_abort(&mut self, cx: &mut Context) {
        let Some(upload) = self.upload_id() else { return };
        let call = cx.call();
        self.abort = Some(Some(call));
        cx.timers.set(Timer::Abort(self.id), cx.now + cx.config.abort_ms);
        cx.emit(Effect::AbortUpload { id: self.id, attempt: call.attempt, room: self.room, upload });
    }

    /// The abort was answered.
    pub(in crate::machine) fn aborted(&mut self, cx: &mut Context, attempt: Attempt, answer: Result<(), CallFault>) {
        let Some(call) = self.abort.flatten().filter(|call| call.attempt == attempt) else { return };
        self.drop_abort(cx);
        cx.touch(self.id);
        match answer {
            Ok(()) => {
                cx.api_answered();
                self.end(cx, Over::Cancelled);
            }
            Err(fault) => self.call_failed(cx, Doing::Abort, &fault, call),
        }
    }

    /// The answer to an abort under way is not waited for any more; the abort is still owed.
    pub(super) fn drop_abort(&mut self, cx: &mut Context) {
        if let Some(call) = &mut self.abort
            && call.take().is_some()
        {
            cx.call_over();
            cx.timers.clear(Timer::Abort(self.id));
        }
    }

    /// No answer in time.
    pub(in crate::machine) fn abort_stalled(&mut self, cx: &mut Context) {
        if let Some(call) = self.abort.flatten() {
            self.aborted(cx, call.attempt, Err(CallFault::Network));
        }
    }

    /// The user takes the row off the list. What is still owed goes on unseen.
    pub(in crate::machine) fn dismiss(&mut self, cx: &mut Context) {
        if !self.is_over() && !self.cancelled && self.stopped.is_some() {
            self.cancel(cx);
        }
        let can_go = self.is_over() || self.cancelled;
        if can_go && !self.hidden {
            self.hidden = true;
            cx.touch(self.id);
            if !self.is_over() && !self.elsewhere {
                // The abort is still owed. A later page makes it without a row.
                self.head_save = self.save_head(cx);
            }
            if matches!(self.phase, Phase::Over(Over::Expired | Over::AbortedElsewhere)) {
                cx.emit(Effect::Forget { id: self.id });
            }
        }
    }
}
