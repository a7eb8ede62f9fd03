//! The parts that whoever adopts an upload is asked to prove it by: `UPLOAD#id` / `ADOPT`, in Main. One for each upload,
//! whoever asks.

use serde::{Deserialize, Serialize};
use slipway_protocol::wire::id::{PartNumber, UploadId};

use super::upload::partition;
use crate::table::{Key, TableError, Tables, Write};

/// What is asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Challenge {
    pub parts: Vec<PartNumber>,
    /// Seconds since 1970. The table drops it later.
    pub ttl: u64,
}

fn key(upload: UploadId) -> Key {
    Key::main(partition(upload), "ADOPT")
}

/// The challenge, if one was drawn.
pub async fn get(tables: &Tables, upload: UploadId) -> Result<Option<Challenge>, TableError> {
    tables.get(&key(upload)).await
}

/// Sets the challenge, once.
///
/// # Errors
/// [`TableError::Refused`] when there is one.
pub async fn set(tables: &Tables, upload: UploadId, challenge: &Challenge) -> Result<(), TableError> {
    tables.write(&Write::put(&key(upload), challenge).when("attribute_not_exists(#pk)")).await
}
