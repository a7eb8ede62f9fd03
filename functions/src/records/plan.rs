//! Promised parts: `UPLOAD#id` / `PLAN#nnn`, in Main, 100 parts an item, one attribute a part, each written once.
//!
//! Once a part's MD5 is promised, no URL is ever signed for other bytes. So the object's ETag is known before it exists.

use std::collections::{BTreeMap, HashMap};

use serde_json::Value;
use slipway_protocol::wire::digest::Md5;
use slipway_protocol::wire::id::{PartNumber, UploadId};

use super::upload::partition;
use crate::table::{Key, Query, TableError, Tables, Write};

const PREFIX: &str = "PLAN#";
/// Parts per item.
pub const PARTS_PER_ITEM: u32 = 100;
/// Attempts while other calls keep changing the same item.
const MAX_TRIES: u32 = 5;

/// Attributes, with the digests among them.
type Item = HashMap<String, Value>;

/// Digests by part.
pub type Promises = BTreeMap<PartNumber, Md5>;

/// Why a promise was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PromiseError {
    /// Another digest was promised for these parts.
    Changed(Vec<PartNumber>),
    /// The table failed.
    Table(TableError),
}

impl From<TableError> for PromiseError {
    fn from(error: TableError) -> Self {
        Self::Table(error)
    }
}

fn item_of(part: PartNumber) -> u32 {
    part.index() / PARTS_PER_ITEM
}

fn key(upload: UploadId, item: u32) -> Key {
    Key::main(partition(upload), format!("{PREFIX}{item:03}"))
}

fn all_of(upload: UploadId) -> Key {
    Key::main(partition(upload), PREFIX)
}

fn attribute(part: PartNumber) -> String {
    format!("p{part}")
}

/// The items that hold a new upload's first promises. `ttl`: seconds since 1970.
pub fn first(upload: UploadId, promises: &Promises, ttl: u64) -> Vec<Write> {
    let put = |(item, parts): (u32, Promises)| {
        let attributes: HashMap<_, _> =
            parts.iter().map(|(part, digest)| (attribute(*part), digest.base64())).collect();
        Write::put(&key(upload, item), &attributes).ttl(Some(ttl))
    };
    by_item(promises).into_iter().map(put).collect()
}

/// Promises digests for parts. A promise is never changed.
pub async fn promise(tables: &Tables, upload: UploadId, promises: &Promises, ttl: u64) -> Result<(), PromiseError> {
    for (item, parts) in by_item(promises) {
        promise_item(tables, (upload, item), &parts, ttl).await?;
    }
    Ok(())
}

/// Reads first: signing again must cost no write, and a condition of 100 parts in full would pass DynamoDB's 4 KB.
async fn promise_item(
    tables: &Tables,
    (upload, item): (UploadId, u32),
    parts: &Promises,
    ttl: u64,
) -> Result<(), PromiseError> {
    let key = key(upload, item);
    for _ in 0..MAX_TRIES {
        let known = tables.get::<Item>(&key).await?.map(|item| digests(&item)).unwrap_or_default();
        let changed: Vec<_> = parts
            .iter()
            .filter(|(part, digest)| known.get(part).is_some_and(|k| k != *digest))
            .map(|(p, _)| *p)
            .collect();
        if !changed.is_empty() {
            return Err(PromiseError::Changed(changed));
        }
        let new: Vec<_> = parts.iter().filter(|(part, _)| !known.contains_key(part)).collect();
        if new.is_empty() {
            return Ok(());
        }
        match tables.write(&write_new((upload, item), &new, ttl)).await {
            // Another call has just promised one of them. Whether the same digest shows in the next round.
            Err(TableError::Refused(_)) => {}
            result => return Ok(result?),
        }
    }
    Err(TableError::Busy.into())
}

fn write_new((upload, item): (UploadId, u32), new: &[(&PartNumber, &Md5)], ttl: u64) -> Write {
    let sets: Vec<_> = new.iter().map(|(part, _)| format!("p{part} = :p{part}")).collect();
    let absent: Vec<_> = new.iter().map(|(part, _)| format!("attribute_not_exists(p{part})")).collect();
    let write = Write::update(&key(upload, item), format!("SET #ttl = :ttl, {}", sets.join(", ")));
    let write = write.when(&absent.join(" AND ")).bind("ttl", ttl);
    new.iter().fold(write, |write, (part, digest)| write.bind(&attribute(**part), digest.base64()))
}

/// The promises of each upload's first 100 parts, of 100 uploads at most.
pub async fn first_items(
    tables: &Tables,
    uploads: impl Iterator<Item = UploadId>,
) -> Result<Vec<Promises>, TableError> {
    let keys: Vec<_> = uploads.map(|upload| key(upload, 0)).collect();
    let items: Vec<Option<Item>> = tables.get_all(&keys).await?;
    Ok(items.iter().map(|item| item.as_ref().map(digests).unwrap_or_default()).collect())
}

/// Every promise of an upload.
pub async fn all(tables: &Tables, upload: UploadId) -> Result<Promises, TableError> {
    let items: Vec<Item> = tables.query_all(&Query::new(all_of(upload), 100), 100).await?;
    Ok(items.iter().flat_map(digests).collect())
}

fn by_item(promises: &Promises) -> BTreeMap<u32, Promises> {
    let mut items: BTreeMap<u32, Promises> = BTreeMap::new();
    for (part, digest) in promises {
        items.entry(item_of(*part)).or_default().insert(*part, *digest);
    }
    items
}

fn digests(item: &Item) -> Promises {
    let digest = |(name, value): (&String, &Value)| {
        let part = name.strip_prefix('p')?.parse().ok().and_then(PartNumber::new)?;
        Some((part, Md5::from_base64(value.as_str()?).ok()?))
    };
    item.iter().filter_map(digest).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hundred_parts_share_an_item() {
        let part = |number| PartNumber::new(number).unwrap();
        assert_eq!([1, 100, 101, 10_000].map(|number| item_of(part(number))), [0, 0, 1, 99]);
    }

    #[test]
    fn the_largest_write_keeps_within_dynamodbs_limits() {
        let digest = Md5::of(b"");
        let parts: Vec<_> = (9_901..=10_000).map(|number| PartNumber::new(number).unwrap()).collect();
        let new: Vec<_> = parts.iter().map(|part| (part, &digest)).collect();
        let absent: usize = new.iter().map(|(part, _)| format!("attribute_not_exists(p{part}) AND ").len()).sum();
        assert!(absent < 4096, "{absent}");
    }

    #[test]
    fn other_attributes_are_no_promises() {
        let item = HashMap::from([
            ("pk".to_owned(), Value::String("UPLOAD#x".into())),
            ("p7".to_owned(), Value::String(Md5::of(b"7").base64())),
            ("p0".to_owned(), Value::String(Md5::of(b"0").base64())),
            ("ttl".to_owned(), Value::from(1)),
        ]);
        assert_eq!(digests(&item), Promises::from([(PartNumber::new(7).unwrap(), Md5::of(b"7"))]));
    }
}
