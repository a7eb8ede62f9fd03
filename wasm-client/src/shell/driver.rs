//! The driver: feeds facts to the machine, runs the effects that it asks for, and decides nothing.
//!
//! Facts wait in a queue and effects are run one after another, so that nothing is ever
//! called from within itself; after a few milliseconds ([`TimeBudget`]) the browser gets a turn.

use std::cell::{Cell, RefCell};
use std::collections::{HashMap, HashSet, VecDeque};
use std::fmt;
use std::rc::{Rc, Weak};

use slipway_protocol::machine::network::lanes::PER_OWN_HOST;
use slipway_protocol::machine::network::self_test::SelfTest;
use slipway_protocol::machine::{Attempt, Config, Effect, Engine, Input, LocalId, Totals, View};
use slipway_protocol::wire::id::PartNumber;
use web_sys::File;

use super::effects::adopt::Asked;
use super::effects::job_key;
use crate::browser::clock::{self, Alarm, World};
use crate::browser::keep_awake::KeepAwake;
use crate::browser::locks::Locks;
use crate::browser::panic;
use crate::browser::put::Put;
use crate::browser::scheduling::{DRIVER_MS, Macrotask, Throttle, TimeBudget};
use crate::browser::store::Store;
use crate::browser::sys::{self, FileHandle};
use crate::browser::tabs::{TabMessage, Tabs};
use crate::hash::{self, HashPool, JobKey};
use crate::shell::changes::{Change, Changes};
use crate::shell::notices::{Board, Notice};
use crate::shell::rooms::{Rooms, random};

/// Delay before other tabs re-read a changed checkpoint, in milliseconds.
const BROADCAST_DELAY_MS: u32 = 300;
/// Most `Saved` inputs handled in one step.
const SAVED_AT_ONCE: usize = 64;
/// How often a worker checks the alarm, in milliseconds: browsers throttle a hidden tab's own timers, not a worker's.
const CLOCK_MS: u32 = 1_000;

/// The machine and everything around it. Cheap to clone; all clones are one.
#[derive(Clone)]
pub(crate) struct Driver(pub(super) Rc<Inner>);

pub(super) struct Inner {
    pub(super) engine: RefCell<Engine>,
    inbox: RefCell<VecDeque<Input>>,
    state: Cell<State>,
    later: Macrotask,
    pub(super) rooms: Rooms,
    pub(super) store: Store,
    pub(super) pool: HashPool,
    pub(super) locks: Locks,
    pub(super) tabs: Tabs,
    pub(super) broadcast_uploads: Throttle,
    alarm: Alarm,
    _world: World,
    keep_awake: KeepAwake,
    pub(super) self_test: RefCell<SelfTest>,
    pub(super) board: Board,
    pub(super) changes: Changes,
    pub(super) files: RefCell<HashMap<LocalId, File>>,
    /// Handles of files whose first record is not written yet.
    pub(super) handles: RefCell<HashMap<LocalId, FileHandle>>,
    pub(super) puts: RefCell<HashMap<(LocalId, PartNumber), (Attempt, Put)>>,
    /// Digests asked for by nobody but an adoption.
    pub(super) proofs: RefCell<HashMap<JobKey, Asked>>,
    /// Uploads whose view changed since the page last read it.
    unread: RefCell<HashSet<LocalId>>,
    /// Uploads that the user wants to take over from another tab.
    pub(super) taking_over: RefCell<HashSet<LocalId>>,
    /// Uploads cancelled by leaving their room whose abort is not confirmed yet.
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
    /// More to do, after the browser had its turn.
    Later,
}

impl Driver {
    /// Builds the machine and all that it needs. Nothing is restored yet.
    pub(crate) fn new(rooms: Rooms, store: Store, board: Board, changes: Changes) -> Self {
        let seed = u64::from_le_bytes(random());
        let inner = Rc::new_cyclic(|weak: &Weak<Inner>| Inner {
            engine: RefCell::new(Engine::new(Config::default(), seed)),
            inbox: RefCell::default(),
            state: Cell::new(State::Idle),
            later: Macrotask::new(with(weak, |driver| driver.drain())),
            pool: HashPool::new(hash::workers(cores()), with_one(weak, |driver, event| driver.hash_event(event))),
            locks: Locks::new(
                &format!("{}-upload-", store.name()),
                with_one(weak, |driver, event| driver.lock_changed(event)),
            ),
            tabs: Tabs::open(store.name(), with_one(weak, |driver, message| driver.tab_message(message))),
            broadcast_uploads: Throttle::new(
                BROADCAST_DELAY_MS,
                with(weak, |driver| driver.broadcast(TabMessage::Uploads)),
            ),
            alarm: Alarm::new(with(weak, |driver| driver.feed(Input::Tick))),
            _world: World::watch(with_one(weak, |driver, input| driver.feed(input))),
            keep_awake: KeepAwake::new(),
            self_test: RefCell::default(),
            files: RefCell::default(),
            handles: RefCell::default(),
            puts: RefCell::default(),
            proofs: RefCell::default(),
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
        // Until a room tells more: its parts may go to our own origin, by the connections of the calls.
        driver.feed(Input::Hosts { count: 1, lanes_each: PER_OWN_HOST });
        driver.0.store.on_event(with_one(&Rc::downgrade(&driver.0), |driver, event| driver.store_event(event)));
        driver.0.rooms.on_change(with(&Rc::downgrade(&driver.0), |driver| {
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

    /// Feeds a fact to the machine, now or after those that wait.
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

    /// Feeds a fact in a later task, with those like it that follow: a write of the disk answers for many records.
    pub(super) fn feed_later(&self, input: Input) {
        self.0.inbox.borrow_mut().push_back(input);
        if self.0.state.get() == State::Idle {
            self.0.state.set(State::Later);
            self.0.later.schedule();
        }
    }

    /// What is shown now of the uploads that changed since the last call; none for those that went.
    pub(crate) fn take_changed(&self) -> Vec<(LocalId, Option<View>)> {
        let unread = self.0.unread.take();
        let engine = self.0.engine.borrow();
        unread.into_iter().map(|id| (id, engine.view(id))).collect()
    }

    /// What is shown of all uploads. Copies them: for a click, not for every change.
    pub(crate) fn views(&self) -> Vec<View> {
        self.0.engine.borrow().views()
    }

    /// What is shown of one.
    pub(crate) fn view(&self, id: LocalId) -> Option<View> {
        self.0.engine.borrow().view(id)
    }

    /// All together.
    pub(crate) fn totals(&self) -> Totals {
        self.0.engine.borrow().totals()
    }

    /// Whether two tabs can be kept apart.
    pub(crate) fn has_locks(&self) -> bool {
        self.0.locks.work()
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

    /// Takes a notice off.
    pub(crate) fn hide_notice(&self, key: &str) {
        if self.0.board.remove(key) {
            self.0.changes.notify(Change::Notices);
        }
    }

    /// The user may pick a file soon: starts a hash worker, so that its first part need not wait for one.
    pub(crate) fn expect_files(&self) {
        self.0.pool.warm();
    }

    /// Starts the worker's clock, once there is something to do.
    pub(super) fn start_worker_clock(&self) {
        if !self.0.worker_clock_runs.replace(true) {
            self.0.pool.clock(CLOCK_MS, with(&Rc::downgrade(&self.0), |driver| driver.0.alarm.fire_if_due()));
        }
    }

    /// Effects first, then the next fact, until there are none left or the time is over.
    fn drain(&self) {
        // After a panic the machine may be half changed. What is on disk is not.
        if panic::panicked() {
            return;
        }
        self.0.state.set(State::Running);
        let budget = TimeBudget::begin(DRIVER_MS);
        while self.step() {
            if budget.is_spent() {
                self.0.state.set(State::Later);
                self.0.later.schedule();
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
        // The next fact, or all of the next that are records on the disk.
        let next = inbox.iter().take(SAVED_AT_ONCE);
        let saved = next.take_while(|input| matches!(input, Input::Saved { .. })).count();
        self.0.engine.borrow_mut().handle_all(clock::now(), inbox.drain(..saved.max(1)));
        true
    }

    /// Notifies the page of changed views, and keeps the device awake while uploads run.
    fn publish_changes(&self) {
        let changed = self.0.engine.borrow_mut().take_changed();
        let user_waits = self.0.user_waits.take();
        if changed.is_empty() {
            return;
        }
        self.0.unread.borrow_mut().extend(changed);
        self.0.changes.notify(Change::Uploads);
        let runs = self.totals().running > 0;
        let has_ended = self.0.keep_awake.set(runs) && !runs;
        // The user waits for the result of a click, and for the end of the last upload.
        if user_waits || has_ended {
            self.0.changes.expedite();
        }
    }

    /// Every effect there is.
    fn run(&self, effect: Effect) {
        match effect {
            Effect::Reopen { id } => self.reopen(id),
            Effect::Prepare { id, part, attempt, range } => self.prepare(id, part, attempt, range),
            Effect::DropPrepare { id, part, attempt } => self.0.pool.drop_job(job_key(id, part, attempt)),
            Effect::Initiate { batch, attempt, room, key, uploads } => self.call(|rooms| async move {
                Input::Initiated { batch, attempt, answer: rooms.initiate(room, key, uploads).await }
            }),
            Effect::Sign { id, attempt, room, upload, parts } => self.call(|rooms| async move {
                Input::Signed { id, attempt, answer: rooms.presign(room, upload, parts).await }
            }),
            Effect::Put { id, part, attempt, range, request } => self.put(id, part, attempt, range, &request),
            Effect::DropPut { id, part, attempt } => self.drop_put(id, part, attempt),
            Effect::FetchStatus { id, attempt, room, upload } => self
                .call(|rooms| async move { Input::Status { id, attempt, answer: rooms.status(room, upload).await } }),
            Effect::Complete { batch, attempt, room, uploads } => self.call(|rooms| async move {
                let uploads = uploads.into_iter().map(|(_, upload)| upload).collect();
                Input::Completed { batch, attempt, answer: rooms.complete(room, uploads).await }
            }),
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

/// Logical processors, as far as the browser tells.
fn cores() -> f64 {
    sys::window().navigator().hardware_concurrency()
}

/// A callback that does nothing once the driver is gone.
fn with(weak: &Weak<Inner>, f: impl Fn(&Driver) + 'static) -> impl Fn() + 'static {
    let weak = weak.clone();
    move || {
        if let Some(inner) = weak.upgrade() {
            f(&Driver(inner));
        }
    }
}

/// The same with an argument.
pub(super) fn with_one<T>(weak: &Weak<Inner>, f: impl Fn(&Driver, T) + 'static) -> impl Fn(T) + 'static {
    let weak = weak.clone();
    move |argument| {
        if let Some(inner) = weak.upgrade() {
            f(&Driver(inner), argument);
        }
    }
}

#[cfg(test)]
mod tests;
