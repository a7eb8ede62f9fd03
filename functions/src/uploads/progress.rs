//! Progress of an upload as stored bytes, for display. It is read from storage and recorded in the room's list at most
//! every 5 s.

use std::time::Duration;

use slipway_protocol::wire::id::UploadId;
use slipway_protocol::wire::{Progress, UploadState};

use super::stored::stored;
use super::visible;
use crate::app::App;
use crate::edge::error::ApiFailure;
use crate::edge::extract::Member;
use crate::records::listed_upload::{self, ListedUpload};
use crate::records::upload::{UploadRecord, percentage};
use crate::storage::{PARTS_PER_PAGE, PartPage, S3UploadId, StorageError};
use crate::table::TableError;

/// Minimum interval between two reads of an upload's progress from storage, in milliseconds.
const PROGRESS_EVERY_MS: u64 = 5_000;
/// The same beside a presign, for uploads of several pages: each page of 1,000 parts is a call to storage.
const BESIDE_EVERY_MS: u64 = 30_000;
/// Time that a presign waits for it at most.
const BESIDE_LIMIT: Duration = Duration::from_secs(2);

/// The progress, at most 5 s old.
pub async fn progress(app: &App, member: &Member, id: UploadId) -> Result<Progress, ApiFailure> {
    let upload = visible(app, member, id).await?;
    let listed = match listed_upload::get(&app.tables, &upload).await? {
        Some(listed) if upload.state == UploadState::Uploading => refresh(app, &upload, listed).await?,
        Some(listed) => listed,
        None => return Ok(to_progress(&upload, if upload.etag.is_some() { upload.plan.size } else { 0 }, 0)),
    };
    Ok(to_progress(&upload, listed.bytes_uploaded, listed.speed))
}

async fn refresh(app: &App, upload: &UploadRecord, listed: ListedUpload) -> Result<ListedUpload, ApiFailure> {
    if listed.bytes_uploaded > 0 && app.clock.now_ms() < listed.progress_at + PROGRESS_EVERY_MS {
        return Ok(listed);
    }
    let bytes = match &upload.s3_upload_id {
        Some(s3) => bytes_of_parts(app, upload, s3).await,
        None => stored(app, upload, None).await.map(|page| bytes(&page)),
    };
    match bytes {
        // Completed or removed since the record was read. Progress is for display only, so the last figure will do.
        Err(StorageError::NoSuchUpload) => Ok(listed),
        bytes => Ok(store(app, upload, listed, bytes?).await?),
    }
}

async fn bytes_of_parts(app: &App, upload: &UploadRecord, s3: &S3UploadId) -> Result<u64, StorageError> {
    Ok(bytes(&app.storage.list_parts(&upload.object_key(), s3).await?))
}

fn bytes(page: &PartPage) -> u64 {
    page.parts.iter().map(|part| part.size).sum()
}

/// Refreshes the progress beside a presign, if it is old. Failures are logged and do not fail the presign. Not for a single
/// PUT, which is signed before anything is stored.
pub(super) async fn refresh_beside(app: &App, upload: &UploadRecord) {
    let every = if upload.plan.part_count > PARTS_PER_PAGE { BESIDE_EVERY_MS } else { PROGRESS_EVERY_MS };
    let Some(s3) = &upload.s3_upload_id else { return };
    let refresh = async {
        let listed = listed_upload::get(&app.tables, upload).await?;
        if let Some(listed) = listed.filter(|listed| app.clock.now_ms() >= listed.progress_at + every) {
            let bytes = bytes_of_parts(app, upload, s3).await?;
            store(app, upload, listed, bytes).await?;
        }
        Ok::<_, ApiFailure>(())
    };
    // Parts wait for the URLs of this call, so a slow list must not hold them up.
    match tokio::time::timeout(BESIDE_LIMIT, refresh).await {
        Ok(Ok(())) => {}
        Ok(Err(failure)) => tracing::info!(cause = failure.cause(), "progress was not refreshed"),
        Err(_) => tracing::info!("progress was not refreshed in time"),
    }
}

/// Records progress that another call has read from storage, if the recorded one is old. Failures are logged.
pub(super) async fn record(app: &App, upload: &UploadRecord, bytes: u64) {
    let record = async {
        let listed = listed_upload::get(&app.tables, upload).await?;
        let is_old = |listed: &ListedUpload| {
            listed.bytes_uploaded != bytes && app.clock.now_ms() >= listed.progress_at + PROGRESS_EVERY_MS
        };
        match listed.filter(is_old) {
            Some(listed) => store(app, upload, listed, bytes).await.map(drop),
            None => Ok(()),
        }
    };
    if let Err(error) = record.await {
        tracing::info!(%error, "progress was not recorded");
    }
}

async fn store(
    app: &App,
    upload: &UploadRecord,
    listed: ListedUpload,
    bytes_uploaded: u64,
) -> Result<ListedUpload, TableError> {
    let now = app.clock.now_ms();
    let ms = now.saturating_sub(listed.progress_at).max(1);
    let speed = bytes_uploaded.saturating_sub(listed.bytes_uploaded).saturating_mul(1000) / ms;
    let next = ListedUpload { bytes_uploaded, speed, progress_at: now, ..listed };
    match listed_upload::store_progress(&app.tables, upload, &next).await {
        // Refused: the upload has ended and left the list. The figure is right for this answer all the same.
        Ok(()) | Err(TableError::Refused(_)) => Ok(next),
        Err(error) => Err(error),
    }
}

fn to_progress(upload: &UploadRecord, bytes: u64, speed: u64) -> Progress {
    let size = upload.plan.size;
    let known = (speed > 0).then_some(speed);
    Progress {
        file_id: upload.file_id,
        upload_id: upload.upload_id,
        room_id: upload.room_id,
        file_name: upload.meta.name().map(str::to_owned),
        bytes_uploaded: bytes,
        total_bytes: size,
        percentage: percentage(bytes, size),
        upload_speed: known,
        estimated_time_remaining: known.map(|speed| size.saturating_sub(bytes).div_ceil(speed)),
    }
}
