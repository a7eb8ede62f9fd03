//! Everything that makes an upload stop, wait or go on.

use super::removal::Removal;
use super::{Context, Effect, Over, Phase, Upload};
use crate::machine::Reason;
use crate::machine::timers::Timer;

impl Upload {
    /// Stops with an error; the user can retry.
    pub(in crate::machine) fn stop(&mut self, cx: &mut Context, reason: Reason) {
        if !self.is_over() && !self.hold.is_cancelled() {
            self.drop_work(cx);
            self.release_all_bodies(cx);
            self.hold.fail(reason);
            self.trouble.progressed();
            cx.touch(self.id);
        }
    }

    /// The user has to bring the file again.
    pub(super) fn close_file(&mut self, cx: &mut Context, reason: Reason) {
        if !self.is_over() {
            self.drop_work(cx);
            self.release_all_bodies(cx);
            self.hold.close_file(reason);
            self.status.invalidate();
            cx.touch(self.id);
        }
    }

    /// Drops everything under way. What is hashed stays hashed.
    pub(super) fn drop_work(&mut self, cx: &mut Context) {
        self.restart_puts(cx);
        self.drop_readings(cx);
        self.drop_signing(cx);
        self.drop_status(cx);
        self.drop_adopt(cx);
        self.shown.forget_rate();
    }

    /// It is over: memory and records go.
    pub(super) fn end(&mut self, cx: &mut Context, over: Over) {
        if self.is_over() {
            return;
        }
        self.drop_work(cx);
        self.release_all_bodies(cx);
        self.drop_abort(cx);
        for timer in [Timer::Calls(self.id), Timer::Poll(self.id), Timer::Read(self.id), Timer::Save(self.id)] {
            cx.timers.clear(timer);
        }
        // Its records go, so those that were begun with it wait for them no more.
        self.journal.forget_head();
        self.phase = Phase::Over(over);
        self.hold.forget_failure();
        self.forget_status(cx);
        // What is complete is named by the row: a cancel that came too late was of an upload that another tab completed.
        if !over.is_completed() {
            self.adoption = None;
        }
        self.removal = Removal::NotRequired;
        self.pipeline.clear();
        // Those two stay, since the user can begin the file again from their row.
        if !matches!(over, Over::Expired | Over::AbortedElsewhere) {
            cx.emit(Effect::Forget { id: self.id });
        }
        if over.is_completed() {
            self.shown.set_bytes(self.wire_size());
        }
        cx.touch(self.id);
    }

    /// Begins a file again that ended on the server's side: nothing of the old upload is used.
    pub(super) fn start_over(&mut self, cx: &mut Context) {
        self.drop_work(cx);
        self.server = None;
        self.adoption = None;
        self.forget_status(cx);
        self.status.trust_owner();
        self.removal = Removal::NotRequired;
        self.reset(cx);
        self.reads.restart();
        self.completion.forget_rounds();
        self.shown.restart();
        self.hold.forget_failure();
        // Whoever asks for another try wants it to go.
        self.hold.resume();
        self.save_head(cx);
    }

    /// The user pauses it.
    pub(in crate::machine) fn pause(&mut self, cx: &mut Context) {
        if !self.hold.is_paused() && !self.is_over() && !self.hold.is_cancelled() && !self.hold.is_elsewhere() {
            self.hold.pause(self.in_flight() > 0);
            self.drop_work(cx);
            // A pause outlives the page.
            self.save_head(cx);
            cx.touch(self.id);
        }
    }

    /// The user lets it go on.
    pub(in crate::machine) fn resume(&mut self, cx: &mut Context) {
        if self.is_over() || self.hold.is_cancelled() || self.hold.is_elsewhere() {
            return;
        }
        if self.hold.is_paused() {
            let puts_were_cut = self.hold.resume();
            self.save_head(cx);
            // What arrived all the same is not sent again.
            if puts_were_cut {
                self.require_status(cx);
            }
            cx.touch(self.id);
        }
        self.trouble.progressed();
        // Not only after a pause: resuming a restored upload asks for its file.
        self.reopen(cx);
    }

    /// Asks the shell to open the file again; the user has just clicked.
    fn reopen(&self, cx: &mut Context) {
        if !self.hold.is_file_open() && self.source.reopens && !self.hold.is_elsewhere() {
            cx.emit(Effect::Reopen { id: self.id });
        }
    }

    /// The user wants another try.
    pub(in crate::machine) fn retry(&mut self, cx: &mut Context) {
        if self.can_start_over() {
            self.start_over(cx);
        } else if self.can_retry() {
            self.hold.forget_failure();
            self.completion.forget_rounds();
            self.require_status(cx);
            self.reset_waits(cx);
            // A click is not made to wait for the shared back-off.
            cx.storage.reset();
            cx.api.reset();
        }
        cx.touch(self.id);
    }

    pub(super) fn can_start_over(&self) -> bool {
        let ended = matches!(self.phase, Phase::Over(Over::Expired | Over::AbortedElsewhere));
        let failed = matches!(self.hold.failure(), Some(Reason::Corrupted | Reason::UploadLost));
        self.hold.is_file_open() && !self.hold.is_hidden() && !self.hold.is_elsewhere() && (ended || failed)
    }

    pub(super) fn can_retry(&self) -> bool {
        // Another try with the same file and upload would end in the same way.
        let for_good = [Reason::FileChanged, Reason::TooLarge, Reason::Corrupted, Reason::UploadLost];
        let may_pass = self.hold.failure().is_some_and(|reason| !for_good.contains(&reason));
        !self.is_over() && !self.hold.is_elsewhere() && may_pass
    }

    /// Every wait of it is over.
    fn reset_waits(&mut self, cx: &mut Context) {
        self.trouble.forget();
        self.restart_puts(cx);
    }

    /// The network is another one: everything under way starts again, and no attempt is spent.
    ///
    /// After sleep the age of URLs is not known, so they are signed again; and what was in flight may have arrived.
    pub(in crate::machine) fn restart(&mut self, cx: &mut Context, slept: bool) {
        let may_have_arrived = slept && self.in_flight() > 0;
        self.reset_waits(cx);
        self.drop_signing(cx);
        self.drop_status(cx);
        self.drop_adopt(cx);
        self.drop_abort(cx);
        self.shown.forget_rate();
        if slept {
            self.drop_urls();
            // Sleep is no stall: the watchdogs have their whole time again.
            for part in self.reads.parts() {
                self.watch_reading(cx, part);
            }
            self.watch_saves(cx);
        }
        if may_have_arrived {
            self.require_status(cx);
        }
        cx.touch(self.id);
    }

    /// Another tab sends it.
    pub(in crate::machine) fn owned_elsewhere(&mut self, cx: &mut Context) {
        if !self.is_over() && !self.hold.is_elsewhere() {
            self.drop_work(cx);
            self.release_all_bodies(cx);
            self.drop_abort(cx);
            self.hold.set_elsewhere(true);
            cx.touch(self.id);
        }
    }

    /// This tab sends it from now on. What the other one did is fetched, and not trusted.
    pub(in crate::machine) fn owned(&mut self, cx: &mut Context) {
        if self.hold.is_elsewhere() {
            self.hold.set_elsewhere(false);
            self.require_new_proof(cx);
            self.require_status(cx);
            cx.touch(self.id);
        }
    }
}
