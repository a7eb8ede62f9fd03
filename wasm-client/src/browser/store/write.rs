//! One transaction of writes.

use idb::{ObjectStore, Query, TransactionResult};
use js_sys::{Array, Function, Reflect};
use slipway_protocol::machine::{LocalId, Record};
use wasm_bindgen::prelude::*;
use web_sys::{IdbDatabase, IdbTransaction};

use super::{Connection, Op, RecordKinds, STORES, key, part_key, parts_of};
use crate::browser::bindings;

/// Why a transaction was not committed. None of its writes is saved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum WriteFault {
    /// The browser closed the connection, or there is none.
    Closed,
    /// The disk or the quota of the page is full.
    Full,
    /// Anything else.
    Other,
}

/// Writes all of the batch, or nothing.
pub(super) async fn write_transaction(connection: &Connection, batch: &[Op]) -> Result<(), WriteFault> {
    let raw = begin(&connection.raw, batch).map_err(|error| fault_named(&bindings::error_name(&error)))?;
    let transaction = idb::Transaction::from(raw.clone());
    for op in batch {
        put(&transaction, op)?;
    }
    match transaction.await {
        Ok(TransactionResult::Committed) => Ok(()),
        _ => Err(raw.error().map_or(WriteFault::Other, |error| fault_named(&error.name()))),
    }
}

/// Begins a transaction with a durability, which `idb` can't set. The secrets of a room exist nowhere else, so they have to
/// survive a power cut; storage can list its parts again (decision 10).
fn begin(db: &IdbDatabase, batch: &[Op]) -> Result<IdbTransaction, JsValue> {
    let durability = if batch.iter().any(needs_strict) { "strict" } else { "relaxed" };
    let options = bindings::object(&[("durability", durability.into())]);
    let stores: Array = STORES.iter().map(|name| JsValue::from_str(name)).collect();
    let transaction: Function = Reflect::get(db, &"transaction".into())?.unchecked_into();
    transaction.call3(db, &stores, &"readwrite".into(), &options).map(JsCast::unchecked_into)
}

fn needs_strict(op: &Op) -> bool {
    match op {
        Op::Session { .. } | Op::ForgetSession(_) => true,
        Op::Record { record, .. } => matches!(&**record, Record::Upload(head) if head.cancelled),
        Op::Handle { .. } | Op::Forget(..) | Op::Barrier(_) => false,
    }
}

fn put(transaction: &idb::Transaction, op: &Op) -> Result<(), WriteFault> {
    let store = |name| transaction.object_store(name).map_err(|error| fault(&error));
    match op {
        Op::Record { id, record, .. } => put_record(store, *id, record),
        Op::Handle { id, handle } => {
            // Without the handle the user has to pick the file again after a reload, no more.
            drop(store("handles")?.put(handle, Some(&key(*id))));
            Ok(())
        }
        Op::Forget(id, kinds) => forget(store, *id, *kinds),
        Op::Session { room, json } => set(&store("sessions")?, &json.as_str().into(), &room.to_string().into()),
        Op::ForgetSession(room) => delete(&store("sessions")?, JsValue::from_str(&room.to_string())),
        Op::Barrier(_) => Ok(()),
    }
}

fn put_record(
    store: impl Fn(&'static str) -> Result<ObjectStore, WriteFault>,
    id: LocalId,
    record: &Record,
) -> Result<(), WriteFault> {
    match record {
        Record::Upload(head) => {
            let json = serde_json::to_string(head).map_err(|_| WriteFault::Other)?;
            set(&store("uploads")?, &json.into(), &key(id))
        }
        Record::Part { part, digest } => set(&store("parts")?, &digest.text().into(), &part_key(id, part.get())),
    }
}

fn forget(
    store: impl Fn(&'static str) -> Result<ObjectStore, WriteFault>,
    id: LocalId,
    kinds: RecordKinds,
) -> Result<(), WriteFault> {
    delete(&store("uploads")?, key(id))?;
    if kinds.handle {
        delete(&store("handles")?, key(id))?;
    }
    if kinds.parts {
        delete(&store("parts")?, parts_of(id).map_err(|error| fault(&error))?)?;
    }
    Ok(())
}

fn set(store: &ObjectStore, value: &JsValue, key: &JsValue) -> Result<(), WriteFault> {
    store.put(value, Some(key)).map(drop).map_err(|error| fault(&error))
}

fn delete(store: &ObjectStore, query: impl Into<Query>) -> Result<(), WriteFault> {
    store.delete(query).map(drop).map_err(|error| fault(&error))
}

/// `idb` wraps the browser's exception in one variant per call; only its text has the exception's name.
fn fault(error: &idb::Error) -> WriteFault {
    let text = format!("{error:?}");
    ["QuotaExceededError", "InvalidStateError"]
        .into_iter()
        .find(|name| text.contains(name))
        .map_or(WriteFault::Other, fault_named)
}

fn fault_named(exception: &str) -> WriteFault {
    match exception {
        "QuotaExceededError" => WriteFault::Full,
        "InvalidStateError" => WriteFault::Closed,
        _ => WriteFault::Other,
    }
}
