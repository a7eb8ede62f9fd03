//! How far an upload is, as storage knows it: for display, stored beside the room's list, every 5 s at most.

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

/// Progress is looked up in storage at most so often for an upload, in milliseconds.
const PROGRESS_EVERY_MS: u64 = 5_000;
/// And so often beside a call that is there for something else: each page of 1,000 parts is a call to storage.
const BESIDE_EVERY_MS: u64 = 30_000;
/// A call that is there for something else does not wait longer.
const BESIDE_LIMIT: Duration = Duration::from_secs(2);

/// How far the upload is, as storage knows it, looked up every 5 s at most.
pub async fn progress(app: &App, member: &Member, id: UploadId) -> Result<Progress, ApiFailure> {
    let upload = visible(app, member, id).await?;
    let listed = match listed_upload::get(&app.tables, &upload).await? {
        Some(listed) if upload.state == UploadState::Uploading => look(app, &upload, listed).await?,
        Some(listed) => listed,
        None => return Ok(to_progress(&upload, if upload.etag.is_some() { upload.plan.size } else { 0 }, 0)),
    };
    Ok(to_progress(&upload, listed.bytes_uploaded, listed.speed))
}

async fn look(app: &App, upload: &UploadRecord, listed: ListedUpload) -> Result<ListedUpload, ApiFailure> {
    if listed.bytes_uploaded > 0 && app.clock.now_ms() < listed.progress_at + PROGRESS_EVERY_MS {
        return Ok(listed);
    }
    let bytes = match &upload.s3_upload_id {
        Some(s3) => bytes_of_parts(app, upload, s3).await,
        None => stored(app, upload, None).await.map(|page| bytes(&page)),
    };
    match bytes {
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

/// Looks beside another call, if the last look is long ago. What fails here is no failure of that call. Not for a
/// single PUT: it is signed once, before anything is there.
pub(super) async fn look_beside(app: &App, upload: &UploadRecord) {
    let every = if upload.plan.part_count > PARTS_PER_PAGE { BESIDE_EVERY_MS } else { PROGRESS_EVERY_MS };
    let Some(s3) = &upload.s3_upload_id else { return };
    let look = async {
        let listed = listed_upload::get(&app.tables, upload).await?;
        if let Some(listed) = listed.filter(|listed| app.clock.now_ms() >= listed.progress_at + every) {
            let bytes = bytes_of_parts(app, upload, s3).await?;
            store(app, upload, listed, bytes).await?;
        }
        Ok::<_, ApiFailure>(())
    };
    match tokio::time::timeout(BESIDE_LIMIT, look).await {
        Ok(Ok(())) => {}
        Ok(Err(failure)) => tracing::info!(cause = failure.cause(), "progress was not looked up"),
        Err(_) => tracing::info!("progress was not looked up in time"),
    }
}

/// Notes what another call has found in storage, if the last note is long ago.
pub(super) async fn note(app: &App, upload: &UploadRecord, bytes: u64) {
    let note = async {
        let listed = listed_upload::get(&app.tables, upload).await?;
        let is_old = |listed: &ListedUpload| {
            listed.bytes_uploaded != bytes && app.clock.now_ms() >= listed.progress_at + PROGRESS_EVERY_MS
        };
        match listed.filter(is_old) {
            Some(listed) => store(app, upload, listed, bytes).await.map(drop),
            None => Ok(()),
        }
    };
    if let Err(error) = note.await {
        tracing::info!(%error, "progress was not noted");
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
