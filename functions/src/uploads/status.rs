//! How an upload stands: what storage holds of it, and how far it is.

use slipway_protocol::api::{Progress, StoredPart, UploadState, UploadStatus};
use slipway_protocol::digest::{Digest, Md5};
use slipway_protocol::id::{PartNumber, UploadId};

use super::{finish, lease, visible};
use crate::error::ApiFailure;
use crate::extract::Member;
use crate::records::upload::{ListedUpload, UploadRecord, listed_key, percentage};
use crate::state::App;
use crate::storage::{PARTS_PER_PAGE, PartPage, StorageError};
use crate::table::{TableError, Write};

/// Progress is looked up in storage at most so often for an upload, in milliseconds.
const PROGRESS_EVERY_MS: u64 = 5_000;
/// A later end is recorded once it is later by this part of the idle time: writes are few, and none too late.
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
    if upload.state == UploadState::Uploading && upload.member_id == member.id {
        match stored(app, &upload, after).await {
            Ok(stored) => page = stored,
            // Completed or removed in this moment, or lost: whoever completes it finds out which.
            Err(StorageError::NoSuchUpload) => upload = completed_by_another(app, member, id).await?,
            Err(error) => return Err(error.into()),
        }
    } else if upload.state == UploadState::Completing && !upload.has_live_lease(app.clock.now_ms()) {
        take_over(app, &upload).await?;
    }
    if let Some(newest) = page.newest {
        upload = move_due(app, upload, newest).await?;
    }
    Ok(to_wire(app, upload, page))
}

async fn stored(app: &App, upload: &UploadRecord, after: Option<PartNumber>) -> Result<PartPage, StorageError> {
    let key = upload.object_key();
    if let Some(s3) = &upload.s3_upload_id {
        return app.storage.list_part_page(&key, s3, after, PARTS_PER_PAGE).await;
    }
    let object = match app.storage.head(&key).await {
        Ok(object) => Some(object),
        Err(StorageError::NotFound) => None,
        Err(error) => return Err(error),
    };
    let part = object.filter(|_| after.is_none()).and_then(|object| {
        let digest = Digest(Md5::from_etag(&object.etag)?);
        Some(StoredPart { part_number: PartNumber::FIRST, size: object.size, digest })
    });
    Ok(PartPage { parts: part.into_iter().collect(), next_after: None, newest: None })
}

async fn completed_by_another(app: &App, member: &Member, id: UploadId) -> Result<UploadRecord, ApiFailure> {
    let upload = visible(app, member, id).await?;
    if upload.state != UploadState::Uploading {
        return Ok(upload);
    }
    take_over(app, &upload).await?;
    visible(app, member, id).await
}

/// Nobody is at it: let it be completed, outside of this call.
async fn take_over(app: &App, upload: &UploadRecord) -> Result<(), ApiFailure> {
    match lease::take(app, upload).await? {
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
    match app.table.write(&upload.due_moved(due)).await {
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

/// How far the upload is, as storage knows it, looked up every 5 s at most.
pub async fn progress(app: &App, member: &Member, id: UploadId) -> Result<Progress, ApiFailure> {
    let upload = visible(app, member, id).await?;
    let listed: Option<ListedUpload> = app.table.get(&listed_key(upload.room_id, id)).await?;
    let listed = match listed {
        Some(listed) if upload.state == UploadState::Uploading => look(app, &upload, listed).await?,
        Some(listed) => listed,
        None => return Ok(to_progress(&upload, if upload.etag.is_some() { upload.plan.size } else { 0 }, 0)),
    };
    Ok(to_progress(&upload, listed.bytes_uploaded, listed.speed))
}

async fn look(app: &App, upload: &UploadRecord, listed: ListedUpload) -> Result<ListedUpload, ApiFailure> {
    let now = app.clock.now_ms();
    if listed.bytes_uploaded > 0 && now < listed.progress_at + PROGRESS_EVERY_MS {
        return Ok(listed);
    }
    let bytes_uploaded = match bytes_in_storage(app, upload).await {
        Err(StorageError::NoSuchUpload) => return Ok(listed),
        bytes => bytes?,
    };
    let ms = now.saturating_sub(listed.progress_at).max(1);
    let speed = bytes_uploaded.saturating_sub(listed.bytes_uploaded).saturating_mul(1000) / ms;
    let next = ListedUpload { bytes_uploaded, speed, progress_at: now, ..listed };
    let set = "SET #bytesUploaded = :bytes, #speed = :speed, #progressAt = :now";
    let write = Write::update(&listed_key(upload.room_id, upload.upload_id), set).when("attribute_exists(#pk)");
    match app.table.write(&write.bind("bytes", bytes_uploaded).bind("speed", speed).bind("now", now)).await {
        Ok(()) | Err(TableError::Refused(_)) => Ok(next),
        Err(error) => Err(error.into()),
    }
}

async fn bytes_in_storage(app: &App, upload: &UploadRecord) -> Result<u64, StorageError> {
    let parts = match &upload.s3_upload_id {
        Some(s3) => app.storage.list_parts(&upload.object_key(), s3).await?.parts,
        None => stored(app, upload, None).await?.parts,
    };
    Ok(parts.iter().map(|part| part.size).sum())
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
