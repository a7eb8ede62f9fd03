//! A room's quota on the wire, and why a reservation was refused.

use slipway_protocol::wire::Quota;
use slipway_protocol::wire::error::ErrorCode;
use slipway_protocol::wire::id::RoomId;

use crate::app::App;
use crate::config::RoomLimits;
use crate::edge::error::ApiFailure;
use crate::records::quota::{Amount, QuotaRecord, used};
use crate::table::TableError;

/// `Retry-After` of a refusal for too many open uploads, in seconds.
const TOO_MANY_RETRY_SECONDS: u64 = 60;

/// Why a reservation was refused. Read after the refusal, so the quota may have changed in between.
pub async fn why_refused(app: &App, room: RoomId, amount: Amount) -> Result<ApiFailure, TableError> {
    let used = used(&app.tables, room).await?;
    let limits = &app.config.room;
    let too_many_open = used.open.saturating_add(amount.open) > limits.max_open_uploads;
    let fits = used.bytes.saturating_add(amount.bytes) <= limits.max_bytes
        && used.files.saturating_add(amount.files) <= limits.max_files;
    // Waiting helps only then. Where space is missing too, files have to be removed first.
    Ok(if too_many_open && fits {
        let message = "Too many uploads are open in this room. Wait until some have ended, or cancel some.";
        ApiFailure::new(ErrorCode::TooManyUploads, message).retry_after(TOO_MANY_RETRY_SECONDS)
    } else {
        ApiFailure::new(ErrorCode::QuotaExceeded, "The room has no space left for this. Remove files to make room.")
    })
}

/// The quota on the wire.
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
