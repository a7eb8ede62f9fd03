//! The checkpoint on this device: IndexedDB, one small record for each step.
//!
//! | object store | key | value |
//! | --- | --- | --- |
//! | `uploads` | local id | head record, JSON |
//! | `parts` | [local id, part number] | the promised MD5, base64 |
//! | `handles` | local id | the file's handle, where the browser has one |
//! | `sessions` | room id | token, role, names and link secrets of a joined room, JSON |
//!
//! Never a `File`: Firefox and Safari give some of them back empty after a reload.
//!
//! Writes go one after another in the order they were asked for, and those that queue up
//! meanwhile share a transaction. One that holds a session or a cancel is flushed to the disk before it is
//! answered; any other is handed to the operating system ("relaxed"), which has it whatever happens to the browser.
//! After a power cut the last of them may be missing (decision 10): these parts are hashed again and found to be
//! what was promised.

mod read;
mod write;

use std::cell::{Cell, RefCell};
use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::rc::Rc;

use futures::channel::oneshot;
use idb::{Database, Factory, KeyRange, ObjectStoreParams};
use js_sys::Array;
use slipway_protocol::machine::{Checkpoint, LocalId, Record};
use slipway_protocol::wire::id::RoomId;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::spawn_local;
use web_sys::IdbDatabase;

use self::read::{read, read_all, read_heads, read_ids, read_page, read_parts};
use self::write::{WriteFault, write_once};
use crate::browser::scheduling::timeout;
use crate::browser::sys::{self, FileHandle};

const VERSION: u32 = 1;
const STORES: [&str; 4] = ["uploads", "parts", "handles", "sessions"];
/// A browser that can't open its database sometimes never says so. In milliseconds.
const OPEN_MS: u32 = 5_000;
/// The most writes in one transaction.
const BATCH: usize = 256;

/// What became of a write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum StoreEvent {
    /// The record is on disk, and all before it of this upload.
    Saved { id: LocalId, save: u64 },
    /// It is not. `full`: the disk or the page's share of it is full.
    Failed { id: LocalId, save: u64, full: bool },
}

/// The checkpoint. Cheap to clone; all clones are one.
#[derive(Clone)]
pub(crate) struct Store(Rc<Inner>);

struct Inner {
    name: String,
    db: RefCell<Option<Rc<Open>>>,
    queue: RefCell<VecDeque<Op>>,
    writing: Cell<bool>,
    /// What there is of uploads that this page began: of others there may be anything.
    known: RefCell<HashMap<LocalId, Extent>>,
    on: RefCell<Rc<dyn Fn(StoreEvent)>>,
}

struct Open {
    db: Database,
    raw: IdbDatabase,
}

/// Which records of an upload there are beside its head.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Extent {
    parts: bool,
    handle: bool,
}

impl Extent {
    const ALL: Self = Self { parts: true, handle: true };
}

enum Op {
    Record {
        id: LocalId,
        save: u64,
        record: Box<Record>,
    },
    Handle {
        id: LocalId,
        handle: FileHandle,
    },
    Forget(LocalId, Extent),
    Session {
        room: RoomId,
        json: String,
    },
    ForgetSession(RoomId),
    /// Told when everything before it is done.
    Mark(oneshot::Sender<()>),
}

impl Store {
    /// Opens the database, making it when it is new. Where the browser refuses (private mode), the store
    /// works without: every save fails, nothing is read.
    pub(crate) async fn open(name: &str) -> Self {
        let db = open(name).await.map(Rc::new);
        Self(Rc::new(Inner {
            name: name.to_owned(),
            db: RefCell::new(db),
            queue: RefCell::default(),
            writing: Cell::new(false),
            known: RefCell::default(),
            on: RefCell::new(Rc::new(|_| ())),
        }))
    }

    /// The database's name. Locks and channels of the same uploads are called after it.
    pub(crate) fn name(&self) -> &str {
        &self.0.name
    }

    /// Whether anything is kept.
    pub(crate) fn works(&self) -> bool {
        self.0.db.borrow().is_some()
    }

    /// Who hears what became of saves. Called from tasks of its own.
    pub(crate) fn on_event(&self, on: impl Fn(StoreEvent) + 'static) {
        self.0.on.replace(Rc::new(on));
    }

    /// An upload that is begun here and now: there are no records of it. Removing it takes a third of the work then.
    pub(crate) fn begin(&self, id: LocalId) {
        self.0.known.borrow_mut().insert(id, Extent::default());
    }

    /// Writes a record. Answered by an event.
    pub(crate) fn save(&self, id: LocalId, save: u64, record: Record) {
        if matches!(record, Record::Part { .. })
            && let Some(known) = self.0.known.borrow_mut().get_mut(&id)
        {
            known.parts = true;
        }
        self.push(Op::Record { id, save, record: Box::new(record) });
    }

    /// Keeps the file's handle.
    pub(crate) fn save_handle(&self, id: LocalId, handle: FileHandle) {
        if let Some(known) = self.0.known.borrow_mut().get_mut(&id) {
            known.handle = true;
        }
        self.push(Op::Handle { id, handle });
    }

    /// Removes all records of an upload and its handle.
    pub(crate) fn forget(&self, id: LocalId) {
        let known = self.0.known.borrow_mut().remove(&id);
        self.push(Op::Forget(id, known.unwrap_or(Extent::ALL)));
    }

    /// Keeps what is needed to enter a room again.
    pub(crate) fn save_session(&self, room: RoomId, json: String) {
        self.push(Op::Session { room, json });
    }

    /// Forgets a room.
    pub(crate) fn forget_session(&self, room: RoomId) {
        self.push(Op::ForgetSession(room));
    }

    /// Waits until all writes asked for so far are done or failed.
    pub(crate) async fn flush(&self) {
        let (done, wait) = oneshot::channel();
        self.push(Op::Mark(done));
        let _ = wait.await;
    }

    /// All unfinished uploads, in the order of their keys.
    pub(crate) async fn load(&self) -> Vec<Checkpoint> {
        let Some(open) = self.connection() else { return Vec::new() };
        read_all(&open.db).await.unwrap_or_default()
    }

    /// The ids of all unfinished uploads.
    pub(crate) async fn ids(&self) -> Vec<LocalId> {
        let Some(open) = self.connection() else { return Vec::new() };
        read_ids(&open.db).await.unwrap_or_default()
    }

    /// One of them, as it is now.
    pub(crate) async fn load_one(&self, id: LocalId) -> Option<Checkpoint> {
        // Another tab had it.
        self.0.known.borrow_mut().remove(&id);
        let open = self.connection()?;
        let head = read_heads(&open.db, Some(id)).await.ok()?.pop()?;
        let parts = read_parts(&open.db, Some(id)).await.ok()?.remove(&id).unwrap_or_default();
        Some(Checkpoint { head, parts })
    }

    /// The file's handle, if one was kept.
    pub(crate) async fn handle(&self, id: LocalId) -> Option<FileHandle> {
        let open = self.connection()?;
        let value = read(&open.db, "handles", &key(id)).await.ok()??;
        Some(value.unchecked_into())
    }

    /// The joined rooms, as JSON.
    pub(crate) async fn sessions(&self) -> Vec<String> {
        let Some(open) = self.connection() else { return Vec::new() };
        let all = read_page(&open.db, "sessions", None, None).await.unwrap_or_default();
        all.into_iter().filter_map(|(_, value)| value.as_string()).collect()
    }

    /// Closes the connection: later saves fail.
    #[cfg(test)]
    pub(crate) fn close(&self) {
        if let Some(open) = self.0.db.take() {
            open.db.close();
        }
    }

    fn connection(&self) -> Option<Rc<Open>> {
        self.0.db.borrow().clone()
    }

    fn push(&self, op: Op) {
        self.0.queue.borrow_mut().push_back(op);
        if !self.0.writing.replace(true) {
            let store = self.clone();
            spawn_local(async move { store.write().await });
        }
    }

    /// Writes until the queue is empty. There is one of these at a time.
    async fn write(&self) {
        loop {
            let batch: Vec<Op> = {
                let mut queue = self.0.queue.borrow_mut();
                let count = queue.len().min(BATCH);
                queue.drain(..count).collect()
            };
            if batch.is_empty() {
                self.0.writing.set(false);
                return;
            }
            let result = self.write_batch(&batch).await;
            self.answer(batch, result);
        }
    }

    async fn write_batch(&self, batch: &[Op]) -> Result<(), WriteFault> {
        let open = self.connection().ok_or(WriteFault::Closed)?;
        match write_once(&open, batch).await {
            // The browser may drop an idle connection; a new one is as good.
            Err(WriteFault::Closed) => {
                let again = self::open(&self.0.name).await.map(Rc::new).ok_or(WriteFault::Closed)?;
                self.0.db.replace(Some(again.clone()));
                write_once(&again, batch).await
            }
            result => result,
        }
    }

    fn answer(&self, batch: Vec<Op>, result: Result<(), WriteFault>) {
        let on = self.0.on.borrow().clone();
        for op in batch {
            match (op, result) {
                (Op::Record { id, save, .. }, Ok(())) => on(StoreEvent::Saved { id, save }),
                (Op::Record { id, save, .. }, Err(fault)) => {
                    on(StoreEvent::Failed { id, save, full: fault == WriteFault::Full });
                }
                (Op::Mark(done), _) => drop(done.send(())),
                _ => {}
            }
        }
    }
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Store({})", self.0.name)
    }
}

/// Asks the browser not to clear the page's data when the disk runs low. Firefox asks the user, so ask late.
pub(crate) fn persist() {
    if !sys::has(&sys::window().navigator(), "storage") {
        return;
    }
    if let Ok(promise) = sys::window().navigator().storage().persist() {
        spawn_local(async move { drop(wasm_bindgen_futures::JsFuture::from(promise).await) });
    }
}

async fn open(name: &str) -> Option<Open> {
    let mut request = Factory::new().ok()?.open(name, Some(VERSION)).ok()?;
    request.on_upgrade_needed(|event| {
        let Ok(db) = idb::DatabaseEvent::database(&event) else { return };
        for store in STORES {
            let _ = db.create_object_store(store, ObjectStoreParams::new());
        }
    });
    let db = timeout(OPEN_MS, request.into_future()).await?.ok()?;
    let raw: IdbDatabase = db.into();
    let mut db = Database::from(raw.clone());
    // Another tab with a newer page wants to change the layout: let it.
    let close = raw.clone();
    db.on_version_change(move |_| close.close());
    Some(Open { db, raw })
}

fn key(id: LocalId) -> JsValue {
    // 53 bits at most, so a double holds it.
    JsValue::from_f64(id.0 as f64)
}

fn part_key(id: LocalId, part: u16) -> JsValue {
    Array::of2(&key(id), &part.into()).into()
}

fn parts_of(id: LocalId) -> Result<KeyRange, idb::Error> {
    KeyRange::bound(&part_key(id, 0), &part_key(id, u16::MAX), None, None)
}

#[cfg(test)]
mod tests;
