//! The challenge of an upload, by which other members prove that they have its file: `UPLOAD#id` / `ADOPT`, in Main.
//! One for each upload, the same for every member.

use serde::{Deserialize, Serialize};
use slipway_protocol::wire::id::{PartNumber, UploadId};

use super::upload::partition;
use crate::table::{Key, TableError, Tables, Write};

/// The parts whose MD5s are asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Challenge {
    pub parts: Vec<PartNumber>,
    /// Expiry in seconds since 1970.
    pub ttl: u64,
}

fn key(upload: UploadId) -> Key {
    Key::main(partition(upload), "ADOPT")
}

/// The challenge, if one was drawn.
pub async fn get(tables: &Tables, upload: UploadId) -> Result<Option<Challenge>, TableError> {
    tables.get(&key(upload)).await
}

/// Replaces the challenge that was read, if any.
///
/// # Errors
/// [`TableError::Refused`] when another call has replaced it.
pub async fn replace(
    tables: &Tables,
    upload: UploadId,
    before: Option<&Challenge>,
    challenge: &Challenge,
) -> Result<(), TableError> {
    let put = Write::put(&key(upload), challenge);
    let put = match before {
        None => put.when("attribute_not_exists(#pk)"),
        Some(before) => put.when("#parts = :before").bind("before", &before.parts),
    };
    tables.write(&put).await
}
