//! The digests that a file's parts were promised by: `FILE#id / PLAN#n`, in Main, 1,000 parts an item.
//!
//! They are kept as long as the file, while those of its upload expire: without them the ETag of the stored object
//! could not be computed again. A file of one part needs none, since its ETag is that part's MD5. An item holds ten
//! times the parts that one of an upload does, so that those of 10,000 parts fit into the transaction that completes
//! it.

use serde::{Deserialize, Serialize};
use slipway_protocol::wire::digest::Md5;
use slipway_protocol::wire::id::FileId;
use slipway_protocol::wire::plan::Plan;

use super::file_pointer::partition;
use super::plan::Promises;
use crate::table::{Key, Query, TableError, Tables, Write};

/// Parts per item: 32 KB, of the 400 that DynamoDB allows.
const PARTS_PER_ITEM: usize = 1000;
const PREFIX: &str = "PLAN#";

/// The digests of some parts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FilePlanRecord {
    /// MD5s in hex, one behind the other, in the order of the parts.
    pub md5: String,
}

fn key(file: FileId, item: usize) -> Key {
    Key::main(partition(file), format!("{PREFIX}{item}"))
}

fn all_of(file: FileId) -> Key {
    Key::main(partition(file), PREFIX)
}

/// The writes that keep the digests, for the transaction that completes the file.
pub fn create(file: FileId, plan: &Plan, promises: &Promises) -> Vec<Write> {
    if plan.is_single() {
        return Vec::new();
    }
    let digests: Vec<String> = promises.values().map(Md5::hex).collect();
    let items = digests.chunks(PARTS_PER_ITEM).enumerate();
    items.map(|(item, md5s)| Write::put(&key(file, item), &FilePlanRecord { md5: md5s.concat() })).collect()
}

/// The writes that remove them, for the transaction that removes the file.
pub fn delete(file: FileId, plan: &Plan) -> Vec<Write> {
    let items = if plan.is_single() { 0 } else { usize::from(plan.part_count).div_ceil(PARTS_PER_ITEM) };
    (0..items).map(|item| Write::delete(&key(file, item))).collect()
}

/// The digests of a file's parts, in their order; none for a file of one part.
pub async fn digests(tables: &Tables, file: FileId) -> Result<Vec<Md5>, TableError> {
    let items: Vec<FilePlanRecord> = tables.query_all(&Query::new(all_of(file), 10), 10).await?;
    let hex: Vec<u8> = items.iter().flat_map(|item| item.md5.bytes()).collect();
    let digest = |hex: &[u8]| Md5::from_etag(std::str::from_utf8(hex).ok()?);
    let digests: Option<Vec<Md5>> = hex.chunks(32).map(digest).collect();
    digests.ok_or_else(|| TableError::Broken("the digests of a file cannot be read".into()))
}

#[cfg(test)]
mod tests {
    use slipway_protocol::wire::id::PartNumber;

    use super::*;

    #[test]
    fn the_digests_of_ten_thousand_parts_fit_beside_the_rest_of_the_transaction() {
        let plan = Plan::new(5 << 40, None).unwrap();
        let promises: Promises = (1..=plan.part_count).map(|n| (PartNumber::new(n).unwrap(), Md5::of(b""))).collect();
        let file = FileId::from_bytes([1; 16]);
        let items = create(file, &plan, &promises).len();
        assert_eq!((items, delete(file, &plan).len()), (10, 10));
    }

    #[test]
    fn a_file_of_one_part_needs_none() {
        let (plan, file) = (Plan::new(1000, None).unwrap(), FileId::from_bytes([1; 16]));
        let promises = Promises::from([(PartNumber::FIRST, Md5::of(b""))]);
        assert!(create(file, &plan, &promises).is_empty() && delete(file, &plan).is_empty());
    }
}
