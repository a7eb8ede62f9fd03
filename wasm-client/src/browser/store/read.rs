//! Reads from the database.

use std::collections::HashMap;

use idb::{Database, KeyRange, Query, TransactionMode};
use js_sys::Array;
use slipway_protocol::machine::digest::PartDigest;
use slipway_protocol::machine::{Checkpoint, LocalId, UploadRecord};
use slipway_protocol::wire::id::PartNumber;
use wasm_bindgen::prelude::*;

use super::{key, part_key, parts_of};
use crate::browser::json;

/// Part digests per read.
const PAGE_LEN: u32 = 4_096;

/// Every unfinished upload.
pub(super) async fn read_all(db: &Database) -> Result<Vec<Checkpoint>, idb::Error> {
    let heads = read_heads(db, None).await?;
    let mut parts = read_parts(db, None).await?;
    Ok(heads.into_iter().map(|head| Checkpoint { parts: parts.remove(&head.id).unwrap_or_default(), head }).collect())
}

/// The head records of one upload, or of all. One of an unknown version is skipped, since a newer page wrote it.
pub(super) async fn read_heads(db: &Database, id: Option<LocalId>) -> Result<Vec<UploadRecord>, idb::Error> {
    let range = id.map(|id| KeyRange::only(&key(id))).transpose()?;
    let all = read_page(db, "uploads", range, None).await?;
    let heads = all.into_iter().filter_map(|(_, json)| json::from_str::<UploadRecord>(&json.as_string()?));
    Ok(heads.filter(|head| head.v == 1).collect())
}

/// The ids of all unfinished uploads.
pub(super) async fn read_ids(db: &Database) -> Result<Vec<LocalId>, idb::Error> {
    let transaction = db.transaction(&["uploads"], TransactionMode::ReadOnly)?;
    let keys = transaction.object_store("uploads")?.get_all_keys(None, None)?.await?;
    Ok(keys.iter().filter_map(JsValue::as_f64).map(|id| LocalId(id as u64)).collect())
}

pub(super) type Parts = HashMap<LocalId, Vec<(PartNumber, PartDigest)>>;

pub(super) async fn read_parts(db: &Database, id: Option<LocalId>) -> Result<Parts, idb::Error> {
    let mut parts = Parts::new();
    let mut range = id.map(parts_of).transpose()?;
    loop {
        let page = read_page(db, "parts", range, Some(PAGE_LEN)).await?;
        let Some((last, _)) = page.last().filter(|_| page.len() == PAGE_LEN as usize) else {
            collect(&mut parts, &page);
            return Ok(parts);
        };
        range = Some(match id {
            Some(id) => KeyRange::bound(last, &part_key(id, u16::MAX), Some(true), None)?,
            None => KeyRange::lower_bound(last, Some(true))?,
        });
        collect(&mut parts, &page);
    }
}

fn collect(parts: &mut Parts, page: &[(JsValue, JsValue)]) {
    for (key, value) in page {
        let key = Array::from(key);
        let id = key.get(0).as_f64().map(|id| LocalId(id as u64));
        let part = key.get(1).as_f64().and_then(|part| PartNumber::new(part as u16));
        let digest = value.as_string().and_then(|text| PartDigest::from_text(&text).ok());
        if let (Some(id), Some(part), Some(digest)) = (id, part, digest) {
            parts.entry(id).or_default().push((part, digest));
        }
    }
}

pub(super) async fn read(db: &Database, store: &str, key: &JsValue) -> Result<Option<JsValue>, idb::Error> {
    let transaction = db.transaction(&[store], TransactionMode::ReadOnly)?;
    let request = transaction.object_store(store)?.get(key.clone())?;
    request.await
}

/// Keys and values of one store, in ascending order of the keys.
pub(super) async fn read_page(
    db: &Database,
    store: &str,
    range: Option<KeyRange>,
    limit: Option<u32>,
) -> Result<Vec<(JsValue, JsValue)>, idb::Error> {
    let transaction = db.transaction(&[store], TransactionMode::ReadOnly)?;
    let store = transaction.object_store(store)?;
    let query = || range.clone().map(Query::from);
    // One transaction, so that keys and values are of the same moment. Both are requested before either is awaited,
    // since a transaction without pending requests commits (Indexed Database API).
    let keys = store.get_all_keys(query(), limit)?;
    let values = store.get_all(query(), limit)?;
    let (keys, values) = futures::future::try_join(keys.into_future(), values.into_future()).await?;
    Ok(keys.into_iter().zip(values).collect())
}
