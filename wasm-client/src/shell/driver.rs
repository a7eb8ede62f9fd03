//! The driver: feeds inputs to the machine, runs its effects, and decides nothing.
//!
//! Inputs are queued and effects run one after another, so the machine is never called while it runs. After a few
//! milliseconds ([`TimeBudget`]) the driver yields to the browser.

use std::cell::{Cell, RefCell};
use std::collections::{HashMap, HashSet};
use std::fmt;
use std::rc::{Rc, Weak};

use slipway_protocol::machine::network::lanes::PER_OWN_HOST;
use slipway_protocol::machine::{Config, Effect, Engine, Input, LocalId, Offer, Totals, View};
use slipway_protocol::wire::id::PartNumber;

use self::inbox::{Inbox, State};
use self::open_files::OpenFiles;
use self::other_tabs::OtherTabs;
use self::running_puts::RunningPuts;
use self::unread::Unread;
use self::wake_up::WakeUp;
use super::effects::Body;
use crate::browser::bindings;
use crate::browser::clock::{self, Environment};
use crate::browser::keep_awake::KeepAwake;
use crate::browser::locks::Locks;
use crate::browser::panic;
use crate::browser::scheduling::{DRIVER_MS, TimeBudget};
use crate::browser::store::Store;
use crate::browser::tabs::{TabMessage, Tabs};
use crate::hash::{self, HashPool, JobKey};
use crate::shell::changes::{Change, Changes};
use crate::shell::notices::{Board, Notice};
use crate::shell::rooms::{Rooms, random};

mod inbox;
mod open_files;
mod other_tabs;
mod running_puts;
mod unread;
mod wake_up;

/// The machine and all that its effects need. Cheap to clone; all clones share it.
#[derive(Clone)]
pub(crate) struct Driver(pub(super) Rc<Inner>);

pub(super) struct Inner {
    engine: RefCell<Engine>,
    inbox: Inbox,
    pub(super) rooms: Rooms,
    pub(super) store: Store,
    pub(super) pool: HashPool,
    pub(super) locks: Locks,
    pub(super) other_tabs: OtherTabs,
    wake_up: WakeUp,
    _environment: Environment,
    keep_awake: KeepAwake,
    board: Board,
    pub(super) changes: Changes,
    pub(super) unread: Unread,
    pub(super) files: OpenFiles,
    /// Parts being read, and their lengths.
    pub(super) preparing: RefCell<HashMap<JobKey, u64>>,
    /// Prepared parts, until `DropPrepare`.
    pub(super) bodies: RefCell<HashMap<(LocalId, PartNumber), Body>>,
    pub(super) puts: RunningPuts,
    /// Uploads cancelled by leaving their room whose abort the functions have not confirmed.
    pub(super) uncleared: RefCell<HashSet<LocalId>>,
    pub(super) persisted: Cell<bool>,
}

impl Driver {
    /// Builds the machine and all that its effects need. Restores nothing.
    pub(crate) fn new(rooms: Rooms, store: Store, board: Board, changes: Changes) -> Self {
        let seed = u64::from_le_bytes(random());
        let inner = Rc::new_cyclic(|weak: &Weak<Inner>| Inner {
            engine: RefCell::new(Engine::new(Config::default(), seed)),
            inbox: Inbox::new(callback(weak, |driver| driver.drain())),
            pool: HashPool::new(
                hash::worker_count(cores()),
                callback_with(weak, |driver, event| driver.hash_event(event)),
            ),
            locks: Locks::new(
                &format!("{}-upload-", store.name()),
                callback_with(weak, |driver, event| driver.lock_changed(event)),
            ),
            other_tabs: OtherTabs::new(
                Tabs::open(store.name(), callback_with(weak, |driver, message| driver.tab_message(message))),
                callback(weak, |driver| driver.broadcast(TabMessage::Uploads)),
            ),
            wake_up: WakeUp::new(callback(weak, |driver| driver.feed(Input::Tick))),
            _environment: Environment::watch(callback_with(weak, |driver, input| driver.feed(input))),
            keep_awake: KeepAwake::new(),
            unread: Unread::default(),
            files: OpenFiles::default(),
            preparing: RefCell::default(),
            bodies: RefCell::default(),
            puts: RunningPuts::default(),
            uncleared: RefCell::default(),
            persisted: Cell::new(false),
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
        // The browser reports changes only, so a page that starts offline has to ask.
        if !clock::online() {
            self.feed(Input::Offline);
        }
        if !ids.is_empty() {
            self.start_worker_clock();
            self.feed(Input::Restore { uploads });
        }
        // After the records: the machine ignores an owner of an upload that it does not know.
        for id in ids {
            self.0.locks.claim(id);
        }
    }

    /// Feeds an input to the machine, now or after the queued ones.
    pub(crate) fn feed(&self, input: Input) {
        // Before the failure, so that it costs no attempt.
        if input.is_unanswered() && !clock::online() {
            self.0.inbox.push(Input::Offline);
        }
        if input.is_by_user() {
            self.0.unread.expect_by_user();
        }
        self.0.inbox.push(input);
        if self.0.inbox.state() == State::Idle {
            self.drain();
        }
    }

    /// Queues an input for a later task, with those that follow: one transaction answers for many records.
    pub(super) fn feed_later(&self, input: Input) {
        self.0.inbox.push(input);
        if self.0.inbox.state() == State::Idle {
            self.0.inbox.schedule();
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
        let tick = callback(&Rc::downgrade(&self.0), |driver| driver.0.wake_up.fire_if_due());
        self.0.wake_up.start_worker_clock(&self.0.pool, tick);
    }

    /// Runs all effects, then the next input, until none are left or the budget is spent.
    fn drain(&self) {
        // After a panic the machine's state may be inconsistent. The checkpoint is not.
        if panic::panicked() {
            return;
        }
        self.0.inbox.set_running();
        let budget = TimeBudget::start(DRIVER_MS);
        while self.step() {
            if budget.is_spent() {
                self.0.inbox.schedule();
                return;
            }
        }
        self.0.inbox.set_idle();
        self.publish_changes();
    }

    fn step(&self) -> bool {
        let effect = self.0.engine.borrow_mut().poll();
        if let Some(effect) = effect {
            self.run(effect);
            return true;
        }
        self.0.inbox.hand_to(&self.0.engine, clock::now)
    }

    /// Notifies the page of changed views, and keeps the device awake while uploads run.
    fn publish_changes(&self) {
        if self.0.engine.borrow_mut().take_offers_changed() {
            self.0.changes.notify(Change::Offers);
        }
        let changed = self.0.engine.borrow_mut().take_changed();
        let user_waits = self.0.unread.take_user_waits();
        if changed.is_empty() {
            return;
        }
        self.0.unread.extend(changed);
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
            Effect::WakeAt { mono } => self.0.wake_up.set(mono),
        }
    }
}

impl fmt::Debug for Driver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Driver({:?})", self.0.inbox.state())
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
