//! The life of an upload: begun, signed, completed, given up.
//!
//! ```text
//! pending ──> uploading ──> completing ──> completed
//!    │            │  ^──────────┘ │
//!    └────────────┴──> aborting <─┘ ──> aborted, expired or failed
//! ```
//! Small files that are completed together go directly from uploading to completed. Each arrow is one conditional write.
//! Which parts are stored is always read from storage, never from a record.

pub mod abort;
pub mod adopt;
pub mod complete;
mod complete_batch;
pub mod finish;
pub mod finisher;
mod idempotency;
pub mod initiate;
mod lease;
pub mod presign;
pub mod progress;
mod publish;
pub mod remove;
mod start_in_storage;
pub mod status;
mod stored;
pub mod validate;
mod verify;

use slipway_protocol::wire::UploadState;
use slipway_protocol::wire::error::ErrorCode;
use slipway_protocol::wire::id::UploadId;

use crate::app::App;
use crate::edge::error::ApiFailure;
use crate::edge::extract::Member;
use crate::records::upload::{self, Reason, UploadRecord};

pub(crate) use lease::take as take_lease;

/// Delay before asking again about an upload that is being completed, in seconds.
pub const COMPLETING_RETRY_SECONDS: u64 = 2;

/// The upload, if it belongs to the caller's room; else the uniform 404.
async fn in_room(app: &App, member: &Member, id: UploadId) -> Result<UploadRecord, ApiFailure> {
    let upload = upload::get(&app.tables, id).await?;
    // The 404 of an unknown id, or guessing ids would tell which uploads exist.
    upload.filter(|upload| upload.room_id == member.room).ok_or_else(ApiFailure::not_found)
}

/// The upload, if the caller began it, adopted it or may view the room; else the uniform 404.
async fn visible(app: &App, member: &Member, id: UploadId) -> Result<UploadRecord, ApiFailure> {
    let upload = in_room(app, member, id).await?;
    // Members by a drop link see nothing of others. Whoever began an upload follows it after its adoption, too.
    let is_of_caller = upload.member_id == member.id || upload.beginner() == member.id;
    if is_of_caller || member.role.may_view() { Ok(upload) } else { Err(ApiFailure::not_found()) }
}

/// The upload, if it is the caller's; else the uniform 404.
async fn owned(app: &App, member: &Member, id: UploadId) -> Result<UploadRecord, ApiFailure> {
    let upload = in_room(app, member, id).await?;
    if upload.member_id == member.id { Ok(upload) } else { Err(ApiFailure::not_found()) }
}

/// The error for a call on an upload that is not open.
fn closed(upload: &UploadRecord) -> ApiFailure {
    let (code, message) = match (upload.state, upload.reason) {
        (UploadState::Pending | UploadState::Uploading | UploadState::Completing, _) => {
            let message = "The upload is being put together. Ask again in a moment.";
            return ApiFailure::new(ErrorCode::UploadCompleting, message).retry_after(COMPLETING_RETRY_SECONDS);
        }
        (UploadState::Completed, _) => (ErrorCode::UploadCompleted, "The upload is complete; the file is in the room."),
        (_, Some(Reason::ObjectMismatch)) => {
            (ErrorCode::ObjectMismatch, "What arrived is not the file that was promised. Upload it again.")
        }
        (_, Some(Reason::LostByStorage)) => {
            (ErrorCode::UploadFailed, "Storage lost the upload. Upload the file again.")
        }
        (_, Some(Reason::Expired)) => (ErrorCode::UploadExpired, "The upload ran out of time. Upload the file again."),
        (_, Some(Reason::Cancelled | Reason::Removed) | None) => {
            (ErrorCode::UploadAborted, "The upload was cancelled.")
        }
    };
    ApiFailure::new(code, message)
}
