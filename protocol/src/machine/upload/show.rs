//! What a person is shown.

use super::{Context, FileState, Over, Phase, Upload};
use crate::machine::parts::{PartState, Parts};
use crate::machine::timers::Timer;
use crate::machine::{Actions, Cell, Reason, Stage, View};

impl Upload {
    /// The stage, and why. The order of the questions is what overrules what.
    pub(in crate::machine) fn stage(&self, cx: &Context) -> (Stage, Option<Reason>) {
        if let Phase::Over(over) = self.phase {
            return ended(over);
        }
        if self.cancelled {
            return (Stage::Cancelled, None);
        }
        if self.elsewhere {
            return (Stage::Waiting, Some(Reason::OtherTab));
        }
        if let Some(reason) = self.stopped {
            return (Stage::Failed, Some(reason));
        }
        if self.phase == Phase::Completing {
            return (Stage::Completing, self.waits_for(cx));
        }
        if let FileState::Closed(reason) = self.file {
            return (Stage::NeedsFile, Some(reason));
        }
        if self.paused {
            return (Stage::Paused, None);
        }
        if !self.active {
            return (Stage::Queued, None);
        }
        self.working_stage(cx)
    }

    fn working_stage(&self, cx: &Context) -> (Stage, Option<Reason>) {
        if self.in_flight() > 0 {
            return (Stage::Uploading, None);
        }
        if let Some(reason) = self.waits_for(cx) {
            return (Stage::Waiting, Some(reason));
        }
        let only_proving = self.parts.as_ref().is_some_and(Parts::all_stored) && !self.is_proved();
        let has_sent = self.ever_sent || self.count(PartState::Stored) > 0;
        (if has_sent && !only_proving { Stage::Uploading } else { Stage::Hashing }, None)
    }

    /// What it waits for by itself, when nothing is in flight.
    fn waits_for(&self, cx: &Context) -> Option<Reason> {
        if cx.is_offline() {
            return Some(Reason::Offline);
        }
        let wants_storage = self.count(PartState::Signed) + self.count(PartState::Waiting) > 0;
        let storage_waits = wants_storage && !cx.storage.is_over(cx.now);
        let parts_wait = self.count(PartState::Waiting) > 0 && self.reading.is_empty();
        let calls_wait = !self.calls.is_over(cx.now) || (!cx.api.is_over(cx.now) && self.reading.is_empty());
        (storage_waits || parts_wait || calls_wait).then_some(Reason::Retrying)
    }

    fn actions(&self, stage: Stage) -> Actions {
        if self.elsewhere && !self.is_over() {
            return Actions { take_over: !self.cancelled, dismiss: self.cancelled, ..Actions::default() };
        }
        let is_under_way = !self.is_over() && !self.cancelled;
        let is_failed = self.stopped.is_some();
        let is_closed = self.file != FileState::Open;
        let begins_anew = self.stopped == Some(Reason::UploadLost) && is_closed;
        let needs_file = is_under_way && is_closed && !is_failed && self.phase != Phase::Completing;
        Actions {
            pause: is_under_way && !is_failed && !self.paused && !is_closed && stage != Stage::Completing,
            resume: is_under_way && !is_failed && ((self.paused && !is_closed) || (needs_file && self.source.reopens)),
            cancel: is_under_way,
            retry: self.can_retry() || self.can_start_over(),
            pick: needs_file || (is_under_way && (begins_anew || self.stopped == Some(Reason::FileChanged))),
            dismiss: self.is_over() || self.cancelled || is_failed,
            take_over: false,
        }
    }

    fn make_view(&self, cx: &Context) -> View {
        let (stage, reason) = self.stage(cx);
        let (server, parts) = (self.server.as_ref(), self.parts.as_ref());
        let is_done = matches!(stage, Stage::Completed);
        let part_count = parts.map_or(1, |parts| parts.plan().part_count);
        let parts_stored = if is_done { part_count } else { self.count(PartState::Stored) };
        View {
            id: self.id,
            number: self.number,
            room: self.room,
            upload: self.upload_id(),
            file: server.map(|server| server.file),
            name: self.source.name.clone(),
            path: self.source.path.clone(),
            size: self.source.size,
            stage,
            reason,
            bytes: self.plain_bytes(),
            wire_size: self.wire_size(),
            wire_bytes: self.shown_bytes,
            percent: self.percent(),
            speed: self.speed(cx.now),
            eta: self.eta(cx.now),
            lanes: self.in_flight().min(u16::from(u8::MAX)) as u8,
            part_count,
            parts_stored,
            parts_checked: if is_done { part_count } else { parts_stored.saturating_sub(self.unproved_count()) },
            strip: self.strip(is_done),
            resumable: self.saves.is_sound(),
            actions: self.actions(stage),
        }
    }

    fn strip(&self, is_done: bool) -> Vec<Cell> {
        let mut cells = self.parts.as_ref().map_or_else(|| vec![Cell::Planned], Parts::cells);
        if is_done {
            cells.fill(Cell::Stored);
        }
        cells
    }

    /// Makes the view anew: at once when the stage changed, else at most every `view_ms`. Whether it changed.
    pub(in crate::machine) fn refresh(&mut self, cx: &mut Context) -> bool {
        let (stage, reason) = self.stage(cx);
        let is_same_stage = self.view.as_ref().is_some_and(|view| {
            (view.stage, view.reason, view.actions) == (stage, reason, self.actions(stage))
                && view.resumable == self.saves.is_sound()
        });
        let next_at = self.viewed_at + cx.config.view_ms;
        if is_same_stage && cx.now < next_at {
            cx.timers.pull(Timer::View(self.id), next_at);
            return false;
        }
        self.rate.note(cx.now, self.shown_bytes);
        let view = self.make_view(cx);
        self.viewed_at = cx.now;
        let is_new = self.view.as_ref() != Some(&view);
        self.view = Some(view);
        self.come_back(cx, stage);
        is_new
    }

    /// A speed that falls, and a wait that ends, show without any event.
    fn come_back(&self, cx: &mut Context, stage: Stage) {
        if self.in_flight() > 0 {
            cx.timers.set(Timer::View(self.id), cx.now + 4 * cx.config.view_ms);
        } else if stage == Stage::Waiting && !self.elsewhere {
            let ends = [self.calls.until(), cx.api.until(), cx.storage.until()];
            if let Some(at) = ends.into_iter().filter(|at| *at > cx.now).max() {
                cx.timers.set(Timer::View(self.id), at);
            }
        } else {
            cx.timers.clear(Timer::View(self.id));
        }
    }
}

fn ended(over: Over) -> (Stage, Option<Reason>) {
    match over {
        Over::Completed => (Stage::Completed, None),
        Over::CompletedElsewhere => (Stage::Completed, Some(Reason::CompletedElsewhere)),
        Over::AbortedElsewhere => (Stage::Cancelled, Some(Reason::AbortedElsewhere)),
        Over::Expired => (Stage::Expired, Some(Reason::Expired)),
        Over::Cancelled => (Stage::Cancelled, None),
    }
}
