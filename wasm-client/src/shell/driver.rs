//! The driver: feeds inputs to the machine, runs its effects, and decides nothing.
//!
//! Inputs are queued and effects run one after another, so the machine is never called while it runs. After a few
//! milliseconds ([`TimeBudget`]) the driver yields to the browser.

use std::cell::{Cell, RefCell};
use std::collections::{HashMap, HashSet, VecDeque};
use std::fmt;
use std::rc::{Rc, Weak};

use slipway_protocol::machine::network::lanes::PER_OWN_HOST;
use slipway_protocol::machine::network::self_test::SelfTest;
use slipway_protocol::machine::{Attempt, Config, Effect, Engine, Input, LocalId, Offer, Totals, View};
use slipway_protocol::wire::id::PartNumber;
use web_sys::File;

use super::effects::Body;
use crate::browser::bindings::{self, FileHandle};
use crate::browser::clock::{self, Alarm, Environment};
use crate::browser::keep_awake::KeepAwake;
use crate::browser::locks::Locks;
use crate::browser::panic;
use crate::browser::put::Put;
use crate::browser::scheduling::{DRIVER_MS, Macrotask, Throttle, TimeBudget};
use crate::browser::store::Store;
use crate::browser::tabs::{TabMessage, Tabs};
use crate::hash::{self, HashPool, JobKey};
use crate::shell::changes::{Change, Changes};
use crate::shell::notices::{Board, Notice};
use crate::shell::rooms::{Rooms, random};

/// Delay before other tabs re-read a changed checkpoint, in milliseconds.
const BROADCAST_DELAY_MS: u32 = 300;
/// Most `Saved` inputs handled in one step.
const MAX_SAVED_PER_STEP: usize = 64;
/// Interval at which a worker checks the alarm, in milliseconds: browsers throttle the timers of a hidden tab, but not those
/// of a worker.
const WORKER_CLOCK_MS: u32 = 1_000;

/// The machine and all that its effects need. Cheap to clone; all clones share it.
#[derive(Clone)]
pub(crate) struct Driver(pub(super) Rc<Inner>);

pub(super) struct Inner {
    pub(super) engine: RefCell<Engine>,
    inbox: RefCell<VecDeque<Input>>,
    state: Cell<State>,
    drain_task: Macrotask,
    pub(super) rooms: Rooms,
    pub(super) store: Store,
    pub(super) pool: HashPool,
    pub(super) locks: Locks,
    pub(super) tabs: Tabs,
    pub(super) broadcast_uploads: Throttle,
    alarm: Alarm,
    _environment: Environment,
    keep_awake: KeepAwake,
    pub(super) self_test: RefCell<SelfTest>,
    pub(super) board: Board,
    pub(super) changes: Changes,
    pub(super) files: RefCell<HashMap<LocalId, File>>,
    /// Handles of files whose first record is not written yet.
    pub(super) handles: RefCell<HashMap<LocalId, FileHandle>>,
    /// Parts being read, and their lengths.
    pub(super) preparing: RefCell<HashMap<JobKey, u64>>,
    /// Prepared parts, until `DropPrepare`.
    pub(super) bodies: RefCell<HashMap<(LocalId, PartNumber), Body>>,
    pub(super) puts: RefCell<HashMap<(LocalId, PartNumber), (Attempt, Put)>>,
    /// Uploads whose view changed since the page last read it.
    unread: RefCell<HashSet<LocalId>>,
    /// Uploads that the user wants to take over from another tab.
    pub(super) taking_over: RefCell<HashSet<LocalId>>,
    /// Uploads cancelled by leaving their room whose abort the functions have not confirmed.
    pub(super) uncleared: RefCell<HashSet<LocalId>>,
    pub(super) persisted: Cell<bool>,
    /// Set when the change comes from a user action, so the view updates at once.
    pub(super) user_waits: Cell<bool>,
    worker_clock_runs: Cell<bool>,
    /// Set while records that other tabs wrote are read.
    pub(super) reading_checkpoint: Cell<bool>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Nothing to do.
    Idle,
    /// In [`Driver::drain`].
    Running,
    /// [`Driver::drain`] is queued as a task.
    Scheduled,
}

impl Driver {
    /// Builds the machine and all that its effects need. Restores nothing.
    pub(crate) fn new(rooms: Rooms, store: Store, board: Board, changes: Changes) -> Self {
        let seed = u64::from_le_bytes(random());
        let inner = Rc::new_cyclic(|weak: &Weak<Inner>| Inner {
            engine: RefCell::new(Engine::new(Config::default(), seed)),
            inbox: RefCell::default(),
            state: Cell::new(State::Idle),
            drain_task: Macrotask::new(callback(weak, |driver| driver.drain())),
            pool: HashPool::new(
                hash::worker_count(cores()),
                callback_with(weak, |driver, event| driver.hash_event(event)),
            ),
            locks: Locks::new(
                &format!("{}-upload-", store.name()),
                callback_with(weak, |driver, event| driver.lock_changed(event)),
            ),
            tabs: Tabs::open(store.name(), callback_with(weak, |driver, message| driver.tab_message(message))),
            broadcast_uploads: Throttle::new(
                BROADCAST_DELAY_MS,
                callback(weak, |driver| driver.broadcast(TabMessage::Uploads)),
            ),
            alarm: Alarm::new(callback(weak, |driver| driver.feed(Input::Tick))),
            _environment: Environment::watch(callback_with(weak, |driver, input| driver.feed(input))),
            keep_awake: KeepAwake::new(),
            self_test: RefCell::default(),
            files: RefCell::default(),
            handles: RefCell::default(),
            preparing: RefCell::default(),
            bodies: RefCell::default(),
            puts: RefCell::default(),
            unread: RefCell::default(),
            taking_over: RefCell::default(),
            uncleared: RefCell::default(),
            persisted: Cell::new(false),
            user_waits: Cell::new(false),
            worker_clock_runs: Cell::new(false),
            reading_checkpoint: Cell::new(false),
            rooms,
            store,
            board,
            changes,
        });
        let driver = Self(inner);
        // The room's view has the real count. Until then assume the worst case: parts share the connections of the page's origin.
        driver.feed(Input::Hosts { count: 1, lanes_each: PER_OWN_HOST });
        driver.0.store.on_event(callback_with(&Rc::downgrade(&driver.0), |driver, event| driver.store_event(event)));
        driver.0.rooms.on_change(callback(&Rc::downgrade(&driver.0), |driver| {
            driver.0.changes.notify(Change::Rooms);
            driver.broadcast(TabMessage::Rooms);
        }));
        driver
    }

    /// Restores what an earlier page left unfinished.
    pub(crate) async fn restore(&self) {
        let uploads = self.0.store.load().await;
        let ids: Vec<_> = uploads.iter().map(|upload| upload.head.id).collect();
        if !clock::online() {
            self.feed(Input::Offline);
        }
        if !ids.is_empty() {
            self.start_worker_clock();
            self.feed(Input::Restore { uploads });
        }
        for id in ids {
            self.0.locks.claim(id);
        }
    }

    /// Feeds an input to the machine, now or after the queued ones.
    pub(crate) fn feed(&self, input: Input) {
        if input.is_unanswered() && !clock::online() {
            self.0.inbox.borrow_mut().push_back(Input::Offline);
        }
        if input.is_by_user() {
            self.0.user_waits.set(true);
        }
        self.0.inbox.borrow_mut().push_back(input);
        if self.0.state.get() == State::Idle {
            self.drain();
        }
    }

    /// Queues an input for a later task, with those that follow: one transaction answers for many records.
    pub(super) fn feed_later(&self, input: Input) {
        self.0.inbox.borrow_mut().push_back(input);
        if self.0.state.get() == State::Idle {
            self.0.state.set(State::Scheduled);
            self.0.drain_task.schedule();
        }
    }

    /// The views of uploads that changed since the last call. `None`: the upload is gone.
    pub(crate) fn take_changed(&self) -> Vec<(LocalId, Option<View>)> {
        let unread = self.0.unread.take();
        let engine = self.0.engine.borrow();
        unread.into_iter().map(|id| (id, engine.view(id))).collect()
    }

    /// The views of all uploads. Copies them, so call it for a click, not for every change.
    pub(crate) fn views(&self) -> Vec<View> {
        self.0.engine.borrow().views()
    }

    /// The view of one upload.
    pub(crate) fn view(&self, id: LocalId) -> Option<View> {
        self.0.engine.borrow().view(id)
    }

    /// Picked files that wait for the user's answer.
    pub(crate) fn offers(&self) -> Vec<Offer> {
        self.0.engine.borrow().offers()
    }

    /// The totals of all uploads.
    pub(crate) fn totals(&self) -> Totals {
        self.0.engine.borrow().totals()
    }

    /// Whether locks keep two tabs from working on one upload.
    pub(crate) fn has_locks(&self) -> bool {
        self.0.locks.is_supported()
    }

    /// The rooms.
    pub(crate) fn rooms(&self) -> &Rooms {
        &self.0.rooms
    }

    /// Shows a notice.
    pub(crate) fn show_notice(&self, notice: Notice) {
        if self.0.board.put(notice) {
            self.0.changes.notify(Change::Notices);
        }
    }

    /// Removes a notice.
    pub(crate) fn hide_notice(&self, key: &str) {
        if self.0.board.remove(key) {
            self.0.changes.notify(Change::Notices);
        }
    }

    /// Starts a hash worker before the user picks a file, so that the first part need not wait for it.
    pub(crate) fn expect_files(&self) {
        self.0.pool.warm_up();
    }

    /// Starts the worker's clock, unless it runs. Called with the first upload, since the clock keeps a worker alive.
    pub(super) fn start_worker_clock(&self) {
        if !self.0.worker_clock_runs.replace(true) {
            self.0
                .pool
                .clock(WORKER_CLOCK_MS, callback(&Rc::downgrade(&self.0), |driver| driver.0.alarm.fire_if_due()));
        }
    }

    /// Runs all effects, then the next input, until none are left or the budget is spent.
    fn drain(&self) {
        // After a panic the machine's state may be inconsistent. The checkpoint is not.
        if panic::panicked() {
            return;
        }
        self.0.state.set(State::Running);
        let budget = TimeBudget::start(DRIVER_MS);
        while self.step() {
            if budget.is_spent() {
                self.0.state.set(State::Scheduled);
                self.0.drain_task.schedule();
                return;
            }
        }
        self.0.state.set(State::Idle);
        self.publish_changes();
    }

    fn step(&self) -> bool {
        let effect = self.0.engine.borrow_mut().poll();
        if let Some(effect) = effect {
            self.run(effect);
            return true;
        }
        let mut inbox = self.0.inbox.borrow_mut();
        if inbox.is_empty() {
            return false;
        }
        // One input, or a run of `Saved` ones.
        let next = inbox.iter().take(MAX_SAVED_PER_STEP);
        let saved = next.take_while(|input| matches!(input, Input::Saved { .. })).count();
        self.0.engine.borrow_mut().handle_all(clock::now(), inbox.drain(..saved.max(1)));
        true
    }

    /// Notifies the page of changed views, and keeps the device awake while uploads run.
    fn publish_changes(&self) {
        if self.0.engine.borrow_mut().take_offers_changed() {
            self.0.changes.notify(Change::Offers);
        }
        let changed = self.0.engine.borrow_mut().take_changed();
        let user_waits = self.0.user_waits.take();
        if changed.is_empty() {
            return;
        }
        self.0.unread.borrow_mut().extend(changed);
        self.0.changes.notify(Change::Uploads);
        let runs = self.totals().running > 0;
        let has_ended = self.0.keep_awake.set(runs) && !runs;
        // Results of clicks and the end of the last upload are shown at once.
        if user_waits || has_ended {
            self.0.changes.expedite();
        }
    }

    /// Runs an effect.
    fn run(&self, effect: Effect) {
        match effect {
            Effect::Reopen { id } => self.reopen(id),
            Effect::Attach { id, picked } => self.attach(id, picked),
            Effect::Prepare { id, part, attempt, range, digest, purpose } => {
                self.prepare((id, part, attempt), range, digest, purpose);
            }
            Effect::DropPrepare { id, part, attempt } => self.drop_prepare(id, part, attempt),
            Effect::Initiate { batch, attempt, room, key, uploads } => self.call(|rooms| async move {
                Input::Initiated { batch, attempt, answer: rooms.initiate(room, key, uploads).await }
            }),
            Effect::Sign { id, attempt, room, upload, parts } => self.call(|rooms| async move {
                Input::Signed { id, attempt, answer: rooms.presign(room, upload, parts).await }
            }),
            Effect::Put { id, part, attempt, len: _, request } => self.put(id, part, attempt, &request),
            Effect::DropPut { id, part, attempt } => self.drop_put(id, part, attempt),
            Effect::FetchStatus { id, attempt, room, upload } => self.call(|rooms| async move {
                let answer = rooms.status(room, upload).await.map(|status| Box::new((*status).into()));
                Input::Status { id, attempt, answer }
            }),
            Effect::Complete { batch, attempt, room, uploads } => self.call(|rooms| async move {
                let uploads = uploads.into_iter().map(|(_, upload)| upload).collect();
                Input::Completed { batch, attempt, answer: rooms.complete(room, uploads).await }
            }),
            Effect::Adopt { id, attempt, room, upload, proofs } => self.call(|rooms| async move {
                Input::Adopted { id, attempt, answer: rooms.adopt(room, upload, proofs).await.map_err(Into::into) }
            }),
            Effect::ReportNotAdopted { id, why } => self.report_not_adopted(id, why),
            Effect::AbortUpload { id, attempt, room, upload } => self.call(|rooms| async move {
                Input::Aborted { id, attempt, answer: rooms.abort(room, upload).await.map_err(Into::into) }
            }),
            Effect::Save { id, save, record } => self.save(id, save, *record),
            Effect::Forget { id } => self.forget(id),
            Effect::WakeAt { mono } => self.0.alarm.set(mono),
        }
    }
}

impl fmt::Debug for Driver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Driver({:?})", self.0.state.get())
    }
}

/// Logical processors, as the browser reports them.
fn cores() -> f64 {
    bindings::window().navigator().hardware_concurrency()
}

/// A callback that does nothing once the driver is dropped.
fn callback(weak: &Weak<Inner>, f: impl Fn(&Driver) + 'static) -> impl Fn() + 'static {
    let weak = weak.clone();
    move || {
        if let Some(inner) = weak.upgrade() {
            f(&Driver(inner));
        }
    }
}

/// The same with an argument.
pub(super) fn callback_with<T>(weak: &Weak<Inner>, f: impl Fn(&Driver, T) + 'static) -> impl Fn(T) + 'static {
    let weak = weak.clone();
    move |argument| {
        if let Some(inner) = weak.upgrade() {
            f(&Driver(inner), argument);
        }
    }
}

#[cfg(test)]
mod tests;
