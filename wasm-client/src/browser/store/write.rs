//! One transaction of writes.

use idb::{ObjectStore, Query, TransactionResult};
use js_sys::{Array, Function, Reflect};
use slipway_protocol::machine::{LocalId, Record};
use wasm_bindgen::prelude::*;
use web_sys::{IdbDatabase, IdbTransaction};

use super::{Extent, Op, Open, STORES, key, part_key, parts_of};
use crate::browser::sys;

/// Why a transaction did not go through: then none of its writes did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum WriteFault {
    /// The browser closed the connection, or there is none.
    Closed,
    /// The disk or the page's share of it is full.
    Full,
    /// Anything else.
    Other,
}

/// Writes all of the batch, or nothing.
pub(super) async fn write_once(open: &Open, batch: &[Op]) -> Result<(), WriteFault> {
    let raw = begin(&open.raw, batch).map_err(|error| named(&sys::error_name(&error)))?;
    let transaction = idb::Transaction::from(raw.clone());
    for op in batch {
        put(&transaction, op)?;
    }
    match transaction.await {
        Ok(TransactionResult::Committed) => Ok(()),
        _ => Err(raw.error().map_or(WriteFault::Other, |error| named(&error.name()))),
    }
}

/// `idb` has no way to say how durable a transaction is to be. A key to a room exists nowhere else, so it is on the disk
/// itself before anything goes on; what an upload has done can be asked of storage again (decision 10).
fn begin(db: &IdbDatabase, batch: &[Op]) -> Result<IdbTransaction, JsValue> {
    let durability = if batch.iter().any(must_last) { "strict" } else { "relaxed" };
    let options = sys::object(&[("durability", durability.into())]);
    let stores: Array = STORES.iter().map(|name| JsValue::from_str(name)).collect();
    let transaction: Function = Reflect::get(db, &"transaction".into())?.unchecked_into();
    transaction.call3(db, &stores, &"readwrite".into(), &options).map(JsCast::unchecked_into)
}

fn must_last(op: &Op) -> bool {
    match op {
        Op::Session { .. } | Op::ForgetSession(_) => true,
        Op::Record { record, .. } => matches!(&**record, Record::Upload(head) if head.cancelled),
        Op::Handle { .. } | Op::Forget(..) | Op::Mark(_) => false,
    }
}

fn put(transaction: &idb::Transaction, op: &Op) -> Result<(), WriteFault> {
    let store = |name| transaction.object_store(name).map_err(|error| fault(&error));
    match op {
        Op::Record { id, record, .. } => put_record(store, *id, record),
        Op::Handle { id, handle } => {
            // A handle that can't be kept costs one pick after a reload, nothing else.
            drop(store("handles")?.put(handle, Some(&key(*id))));
            Ok(())
        }
        Op::Forget(id, extent) => forget(store, *id, *extent),
        Op::Session { room, json } => set(&store("sessions")?, &json.as_str().into(), &room.to_string().into()),
        Op::ForgetSession(room) => delete(&store("sessions")?, JsValue::from_str(&room.to_string())),
        Op::Mark(_) => Ok(()),
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
        Record::Part { part, digest } => set(&store("parts")?, &digest.0.base64().into(), &part_key(id, part.get())),
    }
}

fn forget(
    store: impl Fn(&'static str) -> Result<ObjectStore, WriteFault>,
    id: LocalId,
    extent: Extent,
) -> Result<(), WriteFault> {
    delete(&store("uploads")?, key(id))?;
    if extent.handle {
        delete(&store("handles")?, key(id))?;
    }
    if extent.parts {
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

/// `idb` wraps the browser's exception in a variant for each call; its text begins with the exception's name.
fn fault(error: &idb::Error) -> WriteFault {
    let text = format!("{error:?}");
    ["QuotaExceededError", "InvalidStateError"]
        .into_iter()
        .find(|name| text.contains(name))
        .map_or(WriteFault::Other, named)
}

fn named(exception: &str) -> WriteFault {
    match exception {
        "QuotaExceededError" => WriteFault::Full,
        "InvalidStateError" => WriteFault::Closed,
        _ => WriteFault::Other,
    }
}
