//! What a room holds: `ROOM#id` / `QUOTA`, an item of its own, since every upload writes it.
//!
//! Bytes are reserved in the transaction that creates an upload and freed in the one that ends it. That it is
//! freed once and only once is the matter of the upload's own state, in the same transaction.

use serde::{Deserialize, Serialize};
use slipway_protocol::wire::Quota;
use slipway_protocol::wire::error::ErrorCode;
use slipway_protocol::wire::id::RoomId;

use crate::app::App;
use crate::config::RoomLimits;
use crate::edge::error::ApiFailure;
use crate::records::room::partition;
use crate::table::{Key, TableError, Write};

/// What the reservation's refusal is told by.
pub const LABEL: &str = "quota";

/// When to look again whether some of too many open uploads have ended, in seconds.
const TOO_MANY_RETRY_SECONDS: u64 = 60;

/// What is reserved or freed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Amount {
    /// Bytes.
    pub bytes: u64,
    /// Files.
    pub files: u64,
    /// Open uploads.
    pub open: u64,
}

/// What a room holds.
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
    Key::new(partition(room), "QUOTA")
}

/// Takes an amount, unless the room has no space for it: then the write is refused under [`LABEL`].
pub fn reserve(limits: &RoomLimits, room: RoomId, amount: Amount) -> Write {
    // Below zero when it alone is too much: then no count is small enough.
    let left = |most: u64, wanted: u64| signed(most) - signed(wanted);
    Write::update(&key(room), "ADD #bytes :bytes, #files :files, #open :open")
        .when("#bytes <= :bytesLeft AND #files <= :filesLeft AND #open <= :openLeft")
        .bind("bytes", amount.bytes)
        .bind("files", amount.files)
        .bind("open", amount.open)
        .bind("bytesLeft", left(limits.max_bytes, amount.bytes))
        .bind("filesLeft", left(limits.max_files, amount.files))
        .bind("openLeft", left(limits.max_open_uploads, amount.open))
        .label(LABEL)
}

/// Gives an amount back. Goes into the transaction whose condition says that it was not given back before.
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
        .label(LABEL)
}

/// As the table's library takes it: it knows no integers of 128 bits.
fn signed(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// What the room holds now.
pub async fn used(app: &App, room: RoomId) -> Result<QuotaRecord, TableError> {
    Ok(app.table.get(&key(room)).await?.unwrap_or_default())
}

/// Why a reservation was refused: asked of the table afterwards, so it may have changed by then.
pub async fn why_refused(app: &App, room: RoomId, amount: Amount) -> Result<ApiFailure, TableError> {
    let used = used(app, room).await?;
    let limits = &app.config.room;
    let too_many_open = used.open.saturating_add(amount.open) > limits.max_open_uploads;
    let fits = used.bytes.saturating_add(amount.bytes) <= limits.max_bytes
        && used.files.saturating_add(amount.files) <= limits.max_files;
    Ok(if too_many_open && fits {
        let message = "Too many uploads are open in this room. Wait until some have ended, or cancel some.";
        ApiFailure::new(ErrorCode::TooManyUploads, message).retry_after(TOO_MANY_RETRY_SECONDS)
    } else {
        ApiFailure::new(ErrorCode::QuotaExceeded, "The room has no space left for this. Remove files to make room.")
    })
}

/// As the wire has it.
pub fn on_the_wire(used: QuotaRecord, limits: &RoomLimits) -> Quota {
    Quota {
        max_bytes: limits.max_bytes,
        used_bytes: used.bytes,
        max_files: limits.max_files,
        used_files: used.files,
        max_open_uploads: limits.max_open_uploads,
        open_uploads: used.open,
    }
}
