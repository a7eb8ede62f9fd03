//! The machine over all uploads: the one thing a shell talks to.

use crate::prelude::*;
use alloc::collections::{BTreeMap, BTreeSet};

use super::batch::{Batch, Lingering};
use super::context::Context;
use super::offers::Offers;
use super::place::Place;
use super::timers::Timer;
use super::upload::Upload;
use super::{Config, Effect, Input, LocalId, Now, Totals, View, Which};

/// All uploads of one page.
///
/// ```
/// # use slipway_protocol::machine::*;
/// let mut engine = Engine::new(Config::default(), 42);
/// engine.handle(Now { mono: 0, wall: 0 }, Input::Tick);
/// while let Some(effect) = engine.poll() {
///     // Run it, and hand the answer back with the same attempt.
/// }
/// ```
#[derive(Debug)]
pub struct Engine {
    pub(super) cx: Context,
    pub(super) uploads: BTreeMap<LocalId, Upload>,
    /// By their places in the list.
    pub(super) order: BTreeSet<Place>,
    /// The place of the one listed last. No less than the wall clock's milliseconds, so that what a later page adds comes
    /// after what an earlier one did.
    pub(super) last_number: u64,
    /// Uploads being worked on.
    pub(super) active: BTreeSet<Place>,
    /// Uploads that wait to be worked on: begun ones first.
    pub(super) small_queue: BTreeSet<(bool, Place)>,
    pub(super) large_queue: BTreeSet<(bool, Place)>,
    /// Uploads that owe a status, an adopt or an abort.
    pub(super) chores: BTreeSet<LocalId>,
    pub(super) last_chore: LocalId,
    pub(super) batches: BTreeMap<u32, Batch>,
    pub(super) last_batch: u32,
    pub(super) lingering: Lingering,
    pub(super) offers: Offers,
    changed: BTreeSet<LocalId>,
    totals: Totals,
    asked_wake: Option<u64>,
}

impl Engine {
    /// An engine without uploads. `seed` is random: keys and jitter come from it, and the same seed and inputs
    /// give the same effects.
    pub fn new(config: Config, seed: u64) -> Self {
        Self {
            cx: Context::new(config, seed),
            uploads: BTreeMap::new(),
            order: BTreeSet::new(),
            last_number: 0,
            active: BTreeSet::new(),
            small_queue: BTreeSet::new(),
            large_queue: BTreeSet::new(),
            chores: BTreeSet::new(),
            last_chore: LocalId(0),
            batches: BTreeMap::new(),
            last_batch: 0,
            lingering: Lingering::default(),
            offers: Offers::default(),
            changed: BTreeSet::new(),
            totals: Totals::default(),
            asked_wake: None,
        }
    }

    /// Takes in a fact. What is to be done about it comes out of [`Engine::poll`].
    pub fn handle(&mut self, now: Now, input: Input) {
        self.handle_all(now, [input]);
    }

    /// The same for facts that come together, as when records reach the disk in one write: the work is planned once, after
    /// the last of them. Facts about the network and the lanes come alone, since only the state at the end would count.
    pub fn handle_all(&mut self, now: Now, inputs: impl IntoIterator<Item = Input>) {
        // Never back: waits are differences of this clock, and would underflow.
        self.cx.now = self.cx.now.max(now.mono);
        self.last_number = self.last_number.max(now.wall);
        let before = (self.cx.storage.level(), self.cx.is_offline());
        let mut is_only_progress = true;
        for input in inputs {
            if input == Input::Tick {
                // Browser timers fire a little early at times: the same wake-up is asked for again then.
                self.asked_wake = None;
            }
            // Progress frees no lane and no place, and comes up to ten times a second for each PUT: planning is
            // skipped for it.
            is_only_progress &= matches!(input, Input::Sent { .. } | Input::Preparing { .. });
            self.dispatch(input);
        }
        let fired = self.fire_due_timers();
        // The rows of these say that the network is gone, or stop saying so.
        if self.cx.is_offline() != before.1 {
            self.cx.touched.extend(self.active.iter().map(|(_, id)| id).chain(&self.chores));
        }
        // Progress that ends an outage opens the other lanes, so that is planned for.
        if !is_only_progress || fired || before != (self.cx.storage.level(), self.cx.is_offline()) {
            self.work();
        }
        // After the work, so that lanes which it filled count as full.
        self.cx.lanes.sample(self.cx.now, self.cx.hosts.in_flight());
        self.refresh();
        self.schedule_wake_up();
    }

    /// The next effect to run, in order.
    pub fn poll(&mut self) -> Option<Effect> {
        self.cx.next_effect()
    }

    /// Every upload that is listed, in the order of adding.
    pub fn views(&self) -> Vec<View> {
        self.order.iter().filter_map(|(_, id)| self.view(*id)).collect()
    }

    /// The place in the list behind all others.
    pub(super) fn next_number(&mut self) -> u64 {
        self.last_number += 1;
        self.last_number
    }

    /// One upload; none if it is not listed.
    pub fn view(&self, id: LocalId) -> Option<View> {
        self.uploads.get(&id).filter(|upload| !upload.is_hidden()).and_then(|upload| upload.view().cloned())
    }

    /// All uploads together.
    pub fn totals(&self) -> Totals {
        let left = self.totals.size.saturating_sub(self.totals.bytes);
        let eta = self.totals.speed.filter(|speed| *speed > 0).map(|speed| left.div_ceil(speed));
        Totals { eta, ..self.totals }
    }

    /// The uploads whose view changed, came or went since the last call.
    pub fn take_changed(&mut self) -> Vec<LocalId> {
        core::mem::take(&mut self.changed).into_iter().collect()
    }

    /// How much is kept: uploads, batches and timers. For tests of bounds.
    pub fn load(&self) -> Load {
        Load { uploads: self.uploads.len(), batches: self.batches.len(), timers: self.cx.timers.len() }
    }

    /// Whether any timer was due.
    fn fire_due_timers(&mut self) -> bool {
        let mut fired = false;
        while let Some(timer) = self.cx.timers.take_due(self.cx.now) {
            self.fire(timer);
            fired = true;
        }
        fired
    }

    fn fire(&mut self, timer: Timer) {
        match timer {
            Timer::Put(id, part) => self.with(id, |upload, cx| upload.put_stalled(cx, part)),
            Timer::Prepare(id, part) => self.with(id, |upload, cx| upload.reading_stalled(cx, part)),
            Timer::Part(id, part) => self.with(id, |upload, cx| upload.part_wait_over(cx, part)),
            Timer::Sign(id, attempt) => self.with(id, |upload, cx| upload.sign_stalled(cx, attempt)),
            Timer::Status(id) => self.with(id, Upload::status_stalled),
            Timer::Adopt(id) => self.with(id, Upload::adopt_stalled),
            Timer::Abort(id) => self.with(id, Upload::abort_stalled),
            Timer::Save(id) => self.with(id, |upload, _| upload.save_is_late()),
            Timer::Batch(number) => self.batch_stalled(number),
            // Touching is enough: `work` starts what the wait held back, and the view stops showing it.
            Timer::Read(id) | Timer::Calls(id) | Timer::Poll(id) | Timer::View(id) => self.with(id, |_, _| {}),
            // `work` follows every timer, and starts what the gate held back.
            Timer::Gate(_) => {}
        }
    }

    /// Does something with one upload, if there is one.
    pub(super) fn with(&mut self, id: LocalId, act: impl FnOnce(&mut Upload, &mut Context)) {
        if let Some(upload) = self.uploads.get_mut(&id) {
            self.cx.touch(id);
            act(upload, &mut self.cx);
        }
    }

    /// Does something with one upload or with all.
    pub(super) fn with_each(&mut self, which: Which, act: impl Fn(&mut Upload, &mut Context)) {
        match which {
            Which::One(id) => self.with(id, act),
            Which::All => self.uploads.values_mut().for_each(|upload| act(upload, &mut self.cx)),
        }
    }

    /// Makes the views of everything touched again.
    fn refresh(&mut self) {
        for id in core::mem::take(&mut self.cx.touched) {
            let Some(upload) = self.uploads.get_mut(&id) else { continue };
            let before = upload.view().filter(|_| !upload.is_hidden()).map(share);
            let was_shown = upload.view().is_some();
            if upload.is_hidden() {
                let shown = upload.take_view();
                count(&mut self.totals, shown.as_ref().map(share), None);
                if let Some(shown) = shown {
                    self.offers.drop_row(&shown);
                    self.order.remove(&upload.place());
                    self.changed.insert(id);
                }
                // One that was put away may still owe an abort.
                if upload.is_over() {
                    self.uploads.remove(&id);
                }
            } else if upload.refresh(&mut self.cx) || !was_shown {
                count(&mut self.totals, before, upload.view().map(share));
                upload.view().into_iter().for_each(|view| self.offers.note_row(view));
                self.changed.insert(id);
            }
        }
    }

    /// Asks to be woken when a timer is due, unless an earlier wake-up is already asked for.
    fn schedule_wake_up(&mut self) {
        let Some(mono) = self.cx.timers.next() else { return };
        if self.asked_wake.is_none_or(|asked| mono < asked || asked <= self.cx.now) {
            self.asked_wake = Some(mono);
            self.cx.emit(Effect::WakeAt { mono });
        }
    }
}

/// How much an engine keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Load {
    pub uploads: usize,
    pub batches: usize,
    pub timers: usize,
}

/// What one view adds to the totals.
fn share(view: &View) -> Totals {
    use super::Stage;
    let is_completed = view.stage == Stage::Completed;
    let is_failed = view.stage == Stage::Failed;
    let is_open = !view.stage.is_over() && !is_failed;
    let counts = is_open || is_completed;
    Totals {
        open: u32::from(is_open),
        running: u32::from(view.is_running()),
        completed: u32::from(is_completed),
        failed: u32::from(is_failed),
        bytes: if counts { view.bytes } else { 0 },
        size: if counts { view.size } else { 0 },
        speed: view.speed,
        eta: None,
    }
}

fn count(totals: &mut Totals, before: Option<Totals>, after: Option<Totals>) {
    // Differences, not a sum over all rows: work per event stays constant at 10,000 files.
    let (before, after) = (before.unwrap_or_default(), after.unwrap_or_default());
    totals.open = totals.open + after.open - before.open;
    totals.running = totals.running + after.running - before.running;
    totals.completed = totals.completed + after.completed - before.completed;
    totals.failed = totals.failed + after.failed - before.failed;
    totals.bytes = totals.bytes + after.bytes - before.bytes;
    totals.size = totals.size + after.size - before.size;
    let speed = totals.speed.unwrap_or(0) + after.speed.unwrap_or(0) - before.speed.unwrap_or(0);
    totals.speed = (speed > 0).then_some(speed);
}
