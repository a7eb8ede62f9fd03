//! The quota of a room: `ROOM#id` / `QUOTA`, in Main. An item of its own, since every upload writes it.
//!
//! Bytes are reserved in the transaction that creates an upload and freed in the one that ends it. The condition on the
//! upload's state in the same transaction makes sure that they are freed exactly once.

use serde::{Deserialize, Serialize};
use slipway_protocol::wire::id::RoomId;

use super::room::partition;
use crate::config::RoomLimits;
use crate::table::{Key, TableError, Tables, Write};

/// Label of the condition that fails when the room has no space left.
pub const QUOTA: &str = "quota";

/// An amount to reserve or free.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Amount {
    /// Bytes.
    pub bytes: u64,
    /// Files.
    pub files: u64,
    /// Open uploads.
    pub open: u64,
}

/// The used amounts of a room.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct QuotaRecord {
    /// Bytes stored and reserved.
    pub bytes: u64,
    /// Files listed and reserved.
    pub files: u64,
    /// Uploads open.
    pub open: u64,
}

/// The quota's key.
pub fn key(room: RoomId) -> Key {
    Key::main(partition(room), "QUOTA")
}

/// The write that reserves an amount; refused under [`QUOTA`] when the room has no space for it.
pub fn reserve(limits: &RoomLimits, room: RoomId, amount: Amount) -> Write {
    // Negative when the amount alone exceeds the limit, so that the condition never holds.
    let left = |most: u64, wanted: u64| signed(most) - signed(wanted);
    Write::update(&key(room), "ADD #bytes :bytes, #files :files, #open :open")
        .when("#bytes <= :bytesLeft AND #files <= :filesLeft AND #open <= :openLeft")
        .bind("bytes", amount.bytes)
        .bind("files", amount.files)
        .bind("open", amount.open)
        .bind("bytesLeft", left(limits.max_bytes, amount.bytes))
        .bind("filesLeft", left(limits.max_files, amount.files))
        .bind("openLeft", left(limits.max_open_uploads, amount.open))
        .label(QUOTA)
}

/// The write that frees an amount. For a transaction whose condition makes sure that it was not freed before.
pub fn release(room: RoomId, amount: Amount) -> Write {
    let minus = |count: u64| -signed(count);
    Write::update(&key(room), "ADD #bytes :lessBytes, #files :lessFiles, #open :lessOpen")
        .when("#bytes >= :bytes AND #files >= :files AND #open >= :open")
        .bind("lessBytes", minus(amount.bytes))
        .bind("lessFiles", minus(amount.files))
        .bind("lessOpen", minus(amount.open))
        .bind("bytes", amount.bytes)
        .bind("files", amount.files)
        .bind("open", amount.open)
        .label(QUOTA)
}

/// `serde_dynamo` has no 128-bit integers, so differences are computed in 64 bits.
fn signed(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// The write that begins a room's quota.
pub fn create(room: RoomId) -> Write {
    Write::put(&key(room), &QuotaRecord::default()).when("attribute_not_exists(#pk)")
}

/// The used amounts, as of now.
pub async fn used(tables: &Tables, room: RoomId) -> Result<QuotaRecord, TableError> {
    Ok(tables.get(&key(room)).await?.unwrap_or_default())
}
