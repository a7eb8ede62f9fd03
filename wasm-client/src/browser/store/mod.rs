//! The checkpoint and the sessions on this device: IndexedDB, one small record per step.
//!
//! | object store | key | value |
//! | --- | --- | --- |
//! | `uploads` | local id | head record, JSON |
//! | `parts` | [local id, part number] | the promised MD5, base64 |
//! | `handles` | local id | the file's handle, where the browser has one |
//! | `sessions` | room id | token, role, names and link secrets of a joined room, JSON |
//!
//! No `File` is stored: Firefox and Safari return some of them empty after a reload.
//!
//! Writes are done in the order of their requests; those that queue up meanwhile share a transaction. A transaction with a
//! session or a cancelled upload is flushed to disk before it is answered ("strict"). Any other is only handed to the
//! operating system ("relaxed"): it survives a crash of the browser, but not a power cut (decision 10). Parts whose record
//! was lost are hashed again, and match their promise.

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
use self::write::{WriteFault, write_transaction};
use crate::browser::bindings::{self, FileHandle};
use crate::browser::scheduling::timeout;

const VERSION: u32 = 1;
const STORES: [&str; 4] = ["uploads", "parts", "handles", "sessions"];
/// Browsers that can't open the database sometimes never answer. In milliseconds.
const OPEN_TIMEOUT_MS: u32 = 5_000;
/// Most writes in one transaction.
const MAX_BATCH: usize = 256;

/// The outcome of a write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum StoreEvent {
    /// The record is saved, and so are all earlier ones of this upload.
    Saved { id: LocalId, save: u64 },
    /// The record is not saved. `full`: the disk or the quota of the page is full.
    Failed { id: LocalId, save: u64, full: bool },
}

/// The database. Cheap to clone; all clones share it.
#[derive(Clone)]
pub(crate) struct Store(Rc<Inner>);

struct Inner {
    name: String,
    connection: RefCell<Option<Rc<Connection>>>,
    queue: RefCell<VecDeque<Op>>,
    is_writing: Cell<bool>,
    /// Records of uploads that this page began and no other tab worked on. Others may have records of every kind.
    own_records: RefCell<HashMap<LocalId, RecordKinds>>,
    on_event: RefCell<Rc<dyn Fn(StoreEvent)>>,
}

struct Connection {
    db: Database,
    raw: IdbDatabase,
}

/// The kinds of records of an upload beside its head.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct RecordKinds {
    parts: bool,
    handle: bool,
}

impl RecordKinds {
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
    Forget(LocalId, RecordKinds),
    Session {
        room: RoomId,
        json: String,
    },
    ForgetSession(RoomId),
    /// Answered when every earlier write is done or has failed.
    Barrier(oneshot::Sender<()>),
}

impl Store {
    /// Opens the database, or creates it. Where the browser refuses (private mode), every save fails and nothing is read.
    pub(crate) async fn open(name: &str) -> Self {
        let connection = open(name).await.map(Rc::new);
        Self(Rc::new(Inner {
            name: name.to_owned(),
            connection: RefCell::new(connection),
            queue: RefCell::default(),
            is_writing: Cell::new(false),
            own_records: RefCell::default(),
            on_event: RefCell::new(Rc::new(|_| ())),
        }))
    }

    /// The database's name. Locks and channels of the same uploads are named after it.
    pub(crate) fn name(&self) -> &str {
        &self.0.name
    }

    /// Whether the database is open.
    pub(crate) fn is_open(&self) -> bool {
        self.0.connection.borrow().is_some()
    }

    /// Sets the listener for the outcomes of saves. It is called in tasks of its own.
    pub(crate) fn on_event(&self, on_event: impl Fn(StoreEvent) + 'static) {
        self.0.on_event.replace(Rc::new(on_event));
    }

    /// Notes that an upload is new, so it has no records yet: forgetting it then takes one deletion instead of three.
    pub(crate) fn track_new(&self, id: LocalId) {
        self.0.own_records.borrow_mut().insert(id, RecordKinds::default());
    }

    /// Saves a record. Answered by an event.
    pub(crate) fn save(&self, id: LocalId, save: u64, record: Record) {
        if matches!(record, Record::Part { .. })
            && let Some(known) = self.0.own_records.borrow_mut().get_mut(&id)
        {
            known.parts = true;
        }
        self.push(Op::Record { id, save, record: Box::new(record) });
    }

    /// Saves the file's handle. Not answered.
    pub(crate) fn save_handle(&self, id: LocalId, handle: FileHandle) {
        if let Some(known) = self.0.own_records.borrow_mut().get_mut(&id) {
            known.handle = true;
        }
        self.push(Op::Handle { id, handle });
    }

    /// Removes all records of an upload and its handle.
    pub(crate) fn forget(&self, id: LocalId) {
        let known = self.0.own_records.borrow_mut().remove(&id);
        self.push(Op::Forget(id, known.unwrap_or(RecordKinds::ALL)));
    }

    /// Saves the session of a joined room.
    pub(crate) fn save_session(&self, room: RoomId, json: String) {
        self.push(Op::Session { room, json });
    }

    /// Removes the session of a room.
    pub(crate) fn forget_session(&self, room: RoomId) {
        self.push(Op::ForgetSession(room));
    }

    /// Waits until all writes requested so far are done or have failed.
    pub(crate) async fn flush(&self) {
        let (done, wait) = oneshot::channel();
        self.push(Op::Barrier(done));
        let _ = wait.await;
    }

    /// All unfinished uploads, in the order of their keys.
    pub(crate) async fn load(&self) -> Vec<Checkpoint> {
        let Some(open) = self.connected() else { return Vec::new() };
        read_all(&open.db).await.unwrap_or_default()
    }

    /// The ids of all unfinished uploads.
    pub(crate) async fn ids(&self) -> Vec<LocalId> {
        let Some(open) = self.connected() else { return Vec::new() };
        read_ids(&open.db).await.unwrap_or_default()
    }

    /// The present records of one unfinished upload.
    pub(crate) async fn load_one(&self, id: LocalId) -> Option<Checkpoint> {
        // Another tab had it, and may have saved records of any kind.
        self.0.own_records.borrow_mut().remove(&id);
        let open = self.connected()?;
        let head = read_heads(&open.db, Some(id)).await.ok()?.pop()?;
        let parts = read_parts(&open.db, Some(id)).await.ok()?.remove(&id).unwrap_or_default();
        Some(Checkpoint { head, parts })
    }

    /// The file's handle, if one was saved.
    pub(crate) async fn handle(&self, id: LocalId) -> Option<FileHandle> {
        let open = self.connected()?;
        let value = read(&open.db, "handles", &key(id)).await.ok()??;
        Some(value.unchecked_into())
    }

    /// The sessions of all joined rooms, as JSON.
    pub(crate) async fn sessions(&self) -> Vec<String> {
        let Some(open) = self.connected() else { return Vec::new() };
        let all = read_page(&open.db, "sessions", None, None).await.unwrap_or_default();
        all.into_iter().filter_map(|(_, value)| value.as_string()).collect()
    }

    /// Closes the connection: later saves fail.
    #[cfg(test)]
    pub(crate) fn close(&self) {
        if let Some(open) = self.0.connection.take() {
            open.db.close();
        }
    }

    fn connected(&self) -> Option<Rc<Connection>> {
        self.0.connection.borrow().clone()
    }

    fn push(&self, op: Op) {
        self.0.queue.borrow_mut().push_back(op);
        if !self.0.is_writing.replace(true) {
            let store = self.clone();
            spawn_local(async move { store.write().await });
        }
    }

    /// Writes until the queue is empty. `is_writing` makes sure that one of these runs at a time.
    async fn write(&self) {
        loop {
            let batch: Vec<Op> = {
                let mut queue = self.0.queue.borrow_mut();
                let count = queue.len().min(MAX_BATCH);
                queue.drain(..count).collect()
            };
            if batch.is_empty() {
                self.0.is_writing.set(false);
                return;
            }
            let result = self.write_batch(&batch).await;
            self.answer(batch, result);
        }
    }

    async fn write_batch(&self, batch: &[Op]) -> Result<(), WriteFault> {
        let open = self.connected().ok_or(WriteFault::Closed)?;
        match write_transaction(&open, batch).await {
            // The browser may close an idle connection.
            Err(WriteFault::Closed) => {
                let reopened = self::open(&self.0.name).await.map(Rc::new).ok_or(WriteFault::Closed)?;
                self.0.connection.replace(Some(reopened.clone()));
                write_transaction(&reopened, batch).await
            }
            result => result,
        }
    }

    fn answer(&self, batch: Vec<Op>, result: Result<(), WriteFault>) {
        let on_event = self.0.on_event.borrow().clone();
        for op in batch {
            match (op, result) {
                (Op::Record { id, save, .. }, Ok(())) => on_event(StoreEvent::Saved { id, save }),
                (Op::Record { id, save, .. }, Err(fault)) => {
                    on_event(StoreEvent::Failed { id, save, full: fault == WriteFault::Full });
                }
                (Op::Barrier(done), _) => drop(done.send(())),
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

/// Asks the browser not to evict the page's data when the disk runs low. Firefox asks the user, so call it only once files
/// are added.
pub(crate) fn request_persistence() {
    if !bindings::has(&bindings::window().navigator(), "storage") {
        return;
    }
    if let Ok(promise) = bindings::window().navigator().storage().persist() {
        spawn_local(async move { drop(wasm_bindgen_futures::JsFuture::from(promise).await) });
    }
}

async fn open(name: &str) -> Option<Connection> {
    let mut request = Factory::new().ok()?.open(name, Some(VERSION)).ok()?;
    request.on_upgrade_needed(|event| {
        let Ok(db) = idb::DatabaseEvent::database(&event) else { return };
        for store in STORES {
            let _ = db.create_object_store(store, ObjectStoreParams::new());
        }
    });
    let db = timeout(OPEN_TIMEOUT_MS, request.into_future()).await?.ok()?;
    let raw: IdbDatabase = db.into();
    let mut db = Database::from(raw.clone());
    // Another tab with a newer page wants to upgrade the database, which an open connection would block.
    let close = raw.clone();
    db.on_version_change(move |_| close.close());
    Some(Connection { db, raw })
}

fn key(id: LocalId) -> JsValue {
    // At most 53 bits, so a double is exact.
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
