//! The state of an upload, and its stored parts.

use slipway_protocol::wire::id::{PartNumber, UploadId};
use slipway_protocol::wire::{UploadState, UploadStatus};

use super::stored::stored;
use super::{finish, lease, progress, visible};
use crate::app::App;
use crate::edge::error::ApiFailure;
use crate::edge::extract::Member;
use crate::records::upload::UploadRecord;
use crate::storage::{PartPage, StorageError};
use crate::table::TableError;

/// A later expiry is recorded once it differs by this fraction of the idle time, which keeps writes rare.
const DUE_STEPS: u64 = 100;

/// The status, with a page of the stored parts for its owner.
pub async fn status(
    app: &App,
    member: &Member,
    id: UploadId,
    after: Option<PartNumber>,
) -> Result<UploadStatus, ApiFailure> {
    let mut upload = visible(app, member, id).await?;
    let mut page = PartPage { parts: Vec::new(), next_after: None, newest: None };
    // For its owner only: these digests are what others have to prove in order to adopt it.
    if upload.state == UploadState::Uploading && upload.member_id == member.id {
        match stored(app, &upload, after).await {
            Ok(stored) => {
                if let Some(bytes) = all_bytes(&stored, after) {
                    // The list is at hand, so this costs no call to storage.
                    progress::record(app, &upload, bytes).await;
                }
                page = stored;
            }
            // Just completed or removed, or lost: a completion finds out which.
            Err(StorageError::NoSuchUpload) => upload = completed_by_another(app, member, id).await?,
            Err(error) => return Err(error.into()),
        }
    } else if upload.state == UploadState::Completing && !upload.has_live_lease(app.clock.now_ms()) {
        // Its holder was killed. Whoever asks for the status need not wait for the sweep.
        take_over(app, &upload).await?;
    }
    // Presign writes no time, so that of the newest stored part decides (decision 6).
    if let Some(newest) = page.newest {
        upload = move_due(app, upload, newest).await?;
    }
    Ok(to_wire(app, upload, page))
}

/// The stored bytes, if the page has all parts.
fn all_bytes(page: &PartPage, after: Option<PartNumber>) -> Option<u64> {
    let is_all = after.is_none() && page.next_after.is_none();
    is_all.then(|| page.parts.iter().map(|part| part.size).sum())
}

async fn completed_by_another(app: &App, member: &Member, id: UploadId) -> Result<UploadRecord, ApiFailure> {
    let upload = visible(app, member, id).await?;
    if upload.state != UploadState::Uploading {
        return Ok(upload);
    }
    take_over(app, &upload).await?;
    visible(app, member, id).await
}

/// Completes the upload outside of this call, unless another call holds the lease.
async fn take_over(app: &App, upload: &UploadRecord) -> Result<(), ApiFailure> {
    match lease::take(app, upload).await? {
        // Not here: the function `status` may not write to the bucket.
        Some(leased) => finish::hand_over(app, &leased).await,
        None => Ok(()),
    }
}

async fn move_due(app: &App, upload: UploadRecord, newest: u64) -> Result<UploadRecord, ApiFailure> {
    let (idle, life) = (app.config.upload_idle_seconds * 1000, app.config.upload_life_seconds * 1000);
    let due = upload.due_after(newest, idle, life);
    if due <= upload.due_at + idle / DUE_STEPS {
        return Ok(upload);
    }
    match app.tables.write(&upload.due_moved(due)).await {
        Ok(()) => Ok(UploadRecord { due_at: due, ..upload }),
        Err(TableError::Refused(_)) => Ok(upload),
        Err(error) => Err(error.into()),
    }
}

fn to_wire(app: &App, upload: UploadRecord, page: PartPage) -> UploadStatus {
    UploadStatus {
        upload_id: upload.upload_id,
        file_id: upload.file_id,
        room_id: upload.room_id,
        state: upload.state,
        reason: upload.reason.map(|reason| reason.as_str().to_owned()),
        plan: upload.plan,
        expires_in_seconds: upload.expires_in_seconds(app.clock.now_ms()),
        file: upload.file(),
        meta: upload.meta,
        parts: page.parts,
        next_after: page.next_after,
    }
}
