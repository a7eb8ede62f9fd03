//! Removes an upload from storage, then frees its quota, exactly once.

use slipway_protocol::wire::{Event, UploadState};

use crate::app::App;
use crate::edge::error::ApiFailure;
use crate::faults::Point;
use crate::records::due::Due;
use crate::records::quota::{self, Amount};
use crate::records::upload::{self, Reason, UploadRecord};
use crate::rooms::journal::{self, Journal};

/// Delay before the last check of storage after the end, in milliseconds: a PUT or a complete that was under way then
/// has arrived by then.
const LAST_CHECK_MS: u64 = 24 * 3_600_000;

/// Removes an upload in `aborting` from storage, and ends it.
pub async fn remove(app: &App, upload: &UploadRecord) -> Result<(), ApiFailure> {
    let key = upload.object_key();
    if let Some(s3) = &upload.s3_upload_id {
        app.storage.abort(&key, s3).await?;
    }
    // After the abort: a complete that was in flight has ended by then, one way or the other.
    app.storage.delete(&key).await?;
    app.faults.at(Point::AbortInStorage).await;
    // Last: what is still in storage has to count towards the quota. The sweep resumes a removal that was killed
    // before.
    end(app, upload).await
}

async fn end(app: &App, upload: &UploadRecord) -> Result<(), ApiFailure> {
    let now = app.clock.now_ms();
    let reason = upload.reason.unwrap_or(Reason::Cancelled);
    let ended = UploadRecord { ended_at: Some(now), ..upload.clone() };
    // Noted before the change, so that a function that is killed right after it is found (decision 6).
    if let Some(at) = next_check(&ended, now) {
        Due::upload(upload.upload_id, at).note(&app.tables).await?;
    }
    let mut writes = Vec::with_capacity(3);
    writes.extend(upload.removed(reason.end(), now));
    // The planned size, whatever arrived: that is what the initiate reserved.
    writes.push(quota::release(upload.room_id, Amount { bytes: upload.plan.size, files: 1, open: 1 }));
    match journal::commit(app, upload.room_id, &writes, &journal_of(upload, reason)).await {
        // Another call was first.
        Err(error) if error.refused(upload::STATE) => Ok(()),
        result => Ok(result.map(drop)?),
    }
}

fn journal_of(upload: &UploadRecord, reason: Reason) -> Journal {
    let action = match reason {
        Reason::Cancelled => "upload-cancelled",
        Reason::Removed => "upload-removed",
        Reason::Expired => "upload-expired",
        Reason::ObjectMismatch | Reason::LostByStorage => "upload-failed",
    };
    let event = Event::FileUploadFailed { upload: upload.event_fields(0), reason: reason.as_str().to_owned() };
    Journal::new().event(event).audit(upload.removed_by, action, upload.upload_id)
}

/// Deletes an object that arrived after the end: a single PUT can, until its last URL expires.
pub async fn delete_late(app: &App, upload: &UploadRecord) -> Result<(), ApiFailure> {
    Ok(app.storage.delete(&upload.object_key()).await?)
}

/// When storage has to be checked again for a removed upload, in milliseconds since 1970.
pub fn next_check(upload: &UploadRecord, now: u64) -> Option<u64> {
    let last = upload.ended_at? + LAST_CHECK_MS;
    match upload.state {
        // Its object is the file.
        UploadState::Completed => None,
        // A single PUT has no multipart upload that an abort could end: its URL can create the object once more.
        _ if now < upload.urls_end_at => Some(upload.urls_end_at),
        _ if now < last => Some(last),
        _ => None,
    }
}
