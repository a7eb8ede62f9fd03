//! The parts that a member is asked to prove an upload by: `UPLOAD#id` / `ADOPT#member`, in Main.

use serde::{Deserialize, Serialize};
use slipway_protocol::wire::id::{MemberId, PartNumber, UploadId};

use super::upload::partition;
use crate::table::{Key, TableError, Tables, Write};

/// What is asked, and how often the answer was wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Challenge {
    pub parts: Vec<PartNumber>,
    pub wrong: u32,
    /// Seconds since 1970. The table drops it later.
    pub ttl: u64,
}

fn key(upload: UploadId, member: MemberId) -> Key {
    Key::main(partition(upload), format!("ADOPT#{member}"))
}

/// The challenge, whether it still stands or not.
pub async fn get(tables: &Tables, upload: UploadId, member: MemberId) -> Result<Option<Challenge>, TableError> {
    tables.get(&key(upload, member)).await
}

/// Sets a challenge, unless one stands at `now`, in seconds since 1970.
///
/// # Errors
/// [`TableError::Refused`] when one stands.
pub async fn set(
    tables: &Tables,
    upload: UploadId,
    member: MemberId,
    challenge: &Challenge,
    now: u64,
) -> Result<(), TableError> {
    let write = Write::put(&key(upload, member), challenge).when("attribute_not_exists(#pk) OR #ttl <= :now");
    tables.write(&write.bind("now", now)).await
}

/// Counts a wrong answer, `most` times.
pub async fn count_wrong(tables: &Tables, upload: UploadId, member: MemberId, most: u32) -> Result<(), TableError> {
    let write = Write::update(&key(upload, member), "ADD #wrong :one").when("#wrong < :most");
    match tables.write(&write.bind("one", 1).bind("most", most)).await {
        Ok(()) | Err(TableError::Refused(_)) => Ok(()),
        Err(error) => Err(error),
    }
}

/// The write that ends it.
pub fn delete(upload: UploadId, member: MemberId) -> Write {
    Write::delete(&key(upload, member))
}
