//! What a person is shown: the stage and why, the figures, what can be done.

use super::hold::FileState;
use super::{Context, Over, Phase, Upload};
use crate::machine::network::rate::Rate;
use crate::machine::parts::{PartState, Parts};
use crate::machine::timers::Timer;
use crate::machine::{Actions, Cell, PartsView, Reason, Stage, View};

/// The figures, and the view as last made.
#[derive(Debug, Default)]
pub(super) struct Shown {
    /// On the wire. Never backward.
    bytes: u64,
    /// A PUT began.
    has_sent: bool,
    rate: Rate,
    view: Option<View>,
    /// In milliseconds on the machine's clock.
    viewed_at: u64,
}

impl Shown {
    pub(super) fn note_put(&mut self) {
        self.has_sent = true;
    }

    pub(super) fn set_bytes(&mut self, bytes: u64) {
        self.bytes = bytes;
    }

    /// As for a file just picked.
    pub(super) fn restart(&mut self) {
        self.bytes = 0;
        self.has_sent = false;
    }

    /// A rate measured before a break says nothing about the time after it.
    pub(super) fn forget_rate(&mut self) {
        self.rate.clear();
    }
}

impl Upload {
    pub(in crate::machine) fn view(&self) -> Option<&View> {
        self.shown.view.as_ref()
    }

    pub(in crate::machine) fn take_view(&mut self) -> Option<View> {
        self.shown.view.take()
    }

    /// The same row goes on with another upload behind it.
    pub(in crate::machine) fn set_view(&mut self, view: Option<View>) {
        self.shown.view = view;
    }

    /// A part was stored, or bytes got farther than ever.
    pub(super) fn note_progress(&mut self, cx: &mut Context) {
        self.trouble.progressed();
        cx.storage_moved();
        // Held at the highest, so that a part sent again does not turn it back.
        self.shown.bytes = self.shown.bytes.max(self.wire_bytes());
        self.shown.rate.note(cx.now, self.shown.bytes);
    }

    /// 0 to 99 while under way; 100 is for what is verified.
    fn percent(&self) -> u8 {
        if matches!(self.phase, Phase::Over(over) if over.is_completed()) {
            return 100;
        }
        let whole = u128::from(self.wire_size().max(1));
        (u128::from(self.shown.bytes) * 100 / whole).min(99) as u8
    }

    /// Bytes per second, smoothed over five seconds.
    fn speed(&self, now: u64) -> Option<u64> {
        self.shown.rate.per_second(now, self.shown.bytes).filter(|_| self.in_flight() > 0)
    }

    /// Seconds to the last byte.
    fn eta(&self, now: u64) -> Option<u64> {
        let speed = self.speed(now).filter(|speed| *speed > 0)?;
        Some(self.wire_size().saturating_sub(self.shown.bytes).div_ceil(speed))
    }

    /// The bytes of the file that the bytes on the wire stand for.
    fn plain_bytes(&self) -> u64 {
        let (size, wire_size) = (u128::from(self.source.size), u128::from(self.wire_size().max(1)));
        (u128::from(self.shown.bytes) * size / wire_size) as u64
    }

    /// The stage, and why. The order of the questions is what overrules what.
    fn stage(&self, cx: &Context) -> (Stage, Option<Reason>) {
        if let Phase::Over(over) = self.phase {
            return ended(over);
        }
        if self.hold.is_cancelled() {
            return (Stage::Cancelled, None);
        }
        // Before any failure: what the other tab does matters more than what failed here earlier.
        if self.hold.is_elsewhere() {
            return (Stage::Waiting, Some(Reason::OtherTab));
        }
        if let Some(reason) = self.hold.failure() {
            return (Stage::Failed, Some(reason));
        }
        // Before the file: completing needs none.
        if self.phase == Phase::Completing {
            return (Stage::Completing, self.waits_for(cx));
        }
        if let FileState::Closed(reason) = self.hold.file() {
            return (Stage::NeedsFile, Some(reason));
        }
        if self.hold.is_paused() {
            return (Stage::Paused, None);
        }
        if !self.is_active() {
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
        let has_sent = self.shown.has_sent || self.count(PartState::Stored) > 0;
        (if has_sent && !only_proving { Stage::Uploading } else { Stage::Hashing }, None)
    }

    /// What it waits for by itself, when nothing is in flight.
    fn waits_for(&self, cx: &Context) -> Option<Reason> {
        if cx.is_offline() {
            return Some(Reason::Offline);
        }
        let is_idle = self.reads.is_empty();
        let wants_storage = self.count(PartState::Signed) + self.count(PartState::Waiting) > 0;
        let storage_waits = wants_storage && !cx.storage.is_over(cx.now);
        let parts_wait = self.count(PartState::Waiting) > 0 && is_idle;
        let calls_wait = !self.trouble.may_call(cx.now) || (!cx.api.is_over(cx.now) && is_idle);
        (storage_waits || parts_wait || calls_wait).then_some(Reason::Retrying)
    }

    fn actions(&self, stage: Stage) -> Actions {
        let (is_cancelled, is_paused) = (self.hold.is_cancelled(), self.hold.is_paused());
        if self.hold.is_elsewhere() && !self.is_over() {
            return Actions { take_over: !is_cancelled, dismiss: is_cancelled, ..Actions::default() };
        }
        let is_under_way = !self.is_over() && !is_cancelled;
        let is_failed = self.hold.failure().is_some();
        let is_closed = !self.hold.is_file_open();
        let wants_file_to_go_on = (self.is_lost() && is_closed) || self.hold.has_failed_with(Reason::FileChanged);
        let needs_file = is_under_way && is_closed && !is_failed && self.phase != Phase::Completing;
        Actions {
            pause: is_under_way && !is_failed && !is_paused && !is_closed && stage != Stage::Completing,
            resume: is_under_way && !is_failed && ((is_paused && !is_closed) || (needs_file && self.source.reopens)),
            cancel: is_under_way,
            retry: self.can_retry() || self.can_start_over(),
            pick: needs_file || (is_under_way && wants_file_to_go_on),
            dismiss: self.is_over() || is_cancelled || is_failed,
            take_over: false,
        }
    }

    fn make_view(&self, cx: &Context) -> View {
        let (stage, reason) = self.stage(cx);
        View {
            id: self.id,
            number: self.number(),
            room: self.room,
            upload: self.upload_id(),
            file: self.server.as_ref().map(|server| server.file),
            name: self.source.name.clone(),
            path: self.source.path.clone(),
            size: self.source.size,
            stage,
            reason,
            bytes: self.plain_bytes(),
            wire_size: self.wire_size(),
            wire_bytes: self.shown.bytes,
            percent: self.percent(),
            speed: self.speed(cx.now),
            eta: self.eta(cx.now),
            lanes: self.in_flight().min(u16::from(u8::MAX)) as u8,
            parts: self.parts_view(stage == Stage::Completed),
            resumable: self.journal.is_sound(),
            actions: self.actions(stage),
        }
    }

    /// `is_done`: whoever completed it, all parts are stored and checked.
    fn parts_view(&self, is_done: bool) -> PartsView {
        let count = self.parts.as_ref().map_or(1, |parts| parts.plan().part_count);
        let mut strip = self.parts.as_ref().map_or_else(|| vec![Cell::Planned], Parts::cells);
        if is_done {
            strip.fill(Cell::Stored);
            return PartsView { count, stored: count, checked: count, strip };
        }
        let stored = self.count(PartState::Stored);
        PartsView { count, stored, checked: stored.saturating_sub(self.unproved_count()), strip }
    }

    /// Makes the view again: at once when the stage changed, else at most every `view_ms`. Whether it changed.
    pub(in crate::machine) fn refresh(&mut self, cx: &mut Context) -> bool {
        let (stage, reason) = self.stage(cx);
        let is_same_stage = self.shown.view.as_ref().is_some_and(|view| {
            (view.stage, view.reason, view.actions) == (stage, reason, self.actions(stage))
                && view.resumable == self.journal.is_sound()
        });
        let next_at = self.shown.viewed_at + cx.config.view_ms;
        if is_same_stage && cx.now < next_at {
            cx.timers.pull(Timer::View(self.id), next_at);
            return false;
        }
        self.shown.rate.note(cx.now, self.shown.bytes);
        let view = self.make_view(cx);
        self.shown.viewed_at = cx.now;
        let is_new = self.shown.view.as_ref() != Some(&view);
        self.shown.view = Some(view);
        self.schedule_refresh(cx, stage);
        is_new
    }

    /// A speed that falls, and a wait that ends, show without any event.
    fn schedule_refresh(&self, cx: &mut Context, stage: Stage) {
        if self.in_flight() > 0 {
            cx.timers.set(Timer::View(self.id), cx.now + 4 * cx.config.view_ms);
        } else if stage == Stage::Waiting && !self.hold.is_elsewhere() {
            let ends = [self.trouble.calls_until(), cx.api.until(), cx.storage.until()];
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
