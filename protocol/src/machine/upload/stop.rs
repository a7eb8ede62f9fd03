//! Everything that makes an upload stop, wait or go on.

use super::{Context, Effect, FileState, Over, Phase, Upload};
use crate::machine::Reason;
use crate::machine::timers::Timer;
use crate::wire::id::PartNumber;

impl Upload {
    /// Stops with an error; the user can retry.
    pub(in crate::machine) fn stop(&mut self, cx: &mut Context, reason: Reason) {
        if !self.is_over() && !self.cancelled {
            self.halt(cx);
            self.let_go_of_all(cx);
            self.stopped = Some(reason);
            self.failing_since = None;
            cx.touch(self.id);
        }
    }

    /// The user has to bring the file again.
    pub(super) fn close(&mut self, cx: &mut Context, reason: Reason) {
        if !self.is_over() {
            self.halt(cx);
            self.let_go_of_all(cx);
            self.file = FileState::Closed(reason);
            self.checked = false;
            cx.touch(self.id);
        }
    }

    /// Drops everything under way. What is hashed stays hashed.
    pub(super) fn halt(&mut self, cx: &mut Context) {
        self.restart_puts(cx);
        self.drop_readings(cx);
        self.drop_signing(cx);
        self.drop_check(cx);
        self.drop_adopt(cx);
        self.rate.clear();
    }

    pub(super) fn drop_readings(&mut self, cx: &mut Context) {
        let reading: Vec<PartNumber> = self.reading.keys().copied().collect();
        for part in reading {
            self.drop_reading(cx, part);
        }
    }

    /// It is over: memory and records go.
    pub(super) fn end(&mut self, cx: &mut Context, over: Over) {
        if self.is_over() {
            return;
        }
        self.halt(cx);
        self.let_go_of_all(cx);
        self.drop_abort(cx);
        for timer in [Timer::Calls(self.id), Timer::Poll(self.id), Timer::Read(self.id), Timer::Save(self.id)] {
            cx.timers.clear(timer);
        }
        // Its records go, so those that were begun with it wait for them no more: the disk may never answer.
        self.head_save = 0;
        self.phase = Phase::Over(over);
        self.stopped = None;
        self.check = None;
        self.adoption = None;
        self.abort = None;
        self.live.clear();
        self.hashed.clear();
        self.ready.clear();
        if !matches!(over, Over::Expired | Over::AbortedElsewhere) {
            cx.emit(Effect::Forget { id: self.id });
        }
        if matches!(over, Over::Completed | Over::CompletedElsewhere) {
            self.shown_bytes = self.wire_size();
        }
        cx.touch(self.id);
    }

    /// Something failed, and not for being offline. After minutes without progress, the circuit opens.
    pub(in crate::machine) fn trouble(&mut self, cx: &mut Context) {
        if self.cancelled {
            return;
        }
        let since = *self.failing_since.get_or_insert(cx.now);
        if cx.now - since >= cx.config.circuit_ms {
            self.stop(cx, Reason::NoProgress);
        }
    }

    /// The user pauses it.
    pub(in crate::machine) fn pause(&mut self, cx: &mut Context) {
        if !self.paused && !self.is_over() && !self.cancelled && !self.elsewhere {
            self.paused = true;
            self.cut_off |= self.in_flight() > 0;
            self.halt(cx);
            self.save_head(cx);
            cx.touch(self.id);
        }
    }

    /// The user lets it go on.
    pub(in crate::machine) fn resume(&mut self, cx: &mut Context) {
        if self.is_over() || self.cancelled || self.elsewhere {
            return;
        }
        if self.paused {
            self.paused = false;
            self.save_head(cx);
            if std::mem::take(&mut self.cut_off) {
                self.ask_status(cx);
            }
            cx.touch(self.id);
        }
        self.failing_since = None;
        self.reopen(cx);
    }

    /// The user wants another try.
    pub(in crate::machine) fn retry(&mut self, cx: &mut Context) {
        if self.can_start_over() {
            self.start_over(cx);
        } else if self.can_retry() {
            self.stopped = None;
            self.incomplete_rounds = 0;
            self.ask_status(cx);
            self.forgive(cx);
            cx.storage.reset();
            cx.api.reset();
        }
        cx.touch(self.id);
    }

    pub(super) fn can_start_over(&self) -> bool {
        let ended = matches!(self.phase, Phase::Over(Over::Expired | Over::AbortedElsewhere));
        self.file == FileState::Open
            && !self.hidden
            && !self.elsewhere
            && (ended || matches!(self.stopped, Some(Reason::Corrupted | Reason::UploadLost)))
    }

    pub(super) fn can_retry(&self) -> bool {
        let for_good = [Reason::FileChanged, Reason::TooLarge, Reason::Corrupted, Reason::UploadLost];
        !self.is_over() && !self.elsewhere && self.stopped.is_some_and(|reason| !for_good.contains(&reason))
    }

    /// Its waits are over.
    fn forgive(&mut self, cx: &mut Context) {
        self.failing_since = None;
        self.calls.reset();
        self.restart_puts(cx);
    }

    /// The network is another one: everything under way starts again, and no attempt is spent.
    ///
    /// After sleep the age of URLs is not known, so they are signed again; and what was in flight may have arrived.
    pub(in crate::machine) fn restart(&mut self, cx: &mut Context, slept: bool) {
        let may_have_arrived = slept && self.in_flight() > 0;
        self.forgive(cx);
        self.drop_signing(cx);
        self.drop_check(cx);
        self.drop_adopt(cx);
        self.drop_abort(cx);
        self.rate.clear();
        if slept {
            self.drop_urls();
            let reading: Vec<PartNumber> = self.reading.keys().copied().collect();
            for part in reading {
                self.watch_reading(cx, part);
            }
            self.watch_saves(cx);
        }
        if may_have_arrived {
            self.ask_status(cx);
        }
        cx.touch(self.id);
    }

    /// Another tab sends it.
    pub(in crate::machine) fn owned_elsewhere(&mut self, cx: &mut Context) {
        if !self.is_over() && !self.elsewhere {
            self.halt(cx);
            self.let_go_of_all(cx);
            self.drop_abort(cx);
            self.elsewhere = true;
            cx.touch(self.id);
        }
    }

    /// This tab sends it from now on. What the other one did is looked up, and not trusted.
    pub(in crate::machine) fn owned(&mut self, cx: &mut Context) {
        if self.elsewhere {
            self.elsewhere = false;
            self.doubt_stored(cx);
            self.ask_status(cx);
            cx.touch(self.id);
        }
    }
}
