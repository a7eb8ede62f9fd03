//! Signs parts: only those of the plan, only while the upload is open, and only for their promised digests.

use std::time::Duration;

use slipway_protocol::wire::error::ErrorCode;
use slipway_protocol::wire::id::{PartNumber, UploadId};
use slipway_protocol::wire::{PartToSign, Presign, Presigned, SignedRequest};

use super::{closed, owned, progress, start_in_storage, validate};
use crate::app::App;
use crate::edge::error::ApiFailure;
use crate::edge::extract::Member;
use crate::edge::limits;
use crate::records::plan::{self, PromiseError, Promises};
use crate::records::upload::UploadRecord;
use crate::storage::SignedBytes;
use crate::table::TableError;

/// Slack added to the recorded end of URLs, in milliseconds, for the time between recording and signing. With it, most
/// batches need no write.
const URLS_SLACK_MS: u64 = 60_000;
/// How long promises outlive their upload, in seconds.
const KEEP_PROMISES_SECONDS: u64 = 31 * 24 * 3600;

/// Signs the parts for their owner.
pub async fn presign(app: &App, member: &Member, id: UploadId, request: &Presign) -> Result<Presigned, ApiFailure> {
    member.may_upload()?;
    limits::charge_member(app, member.id).await?;
    let upload = owned(app, member, id).await?;
    validate::parts_to_sign(&upload.plan, &request.parts)?;
    if !upload.state.is_open() {
        return Err(closed(&upload));
    }
    // Before signing: bytes must not reach storage unless their digest is on record.
    promise(app, &upload, &request.parts).await?;
    let upload = start_in_storage::start(app, upload).await?;
    let (requests, ()) = futures::join!(sign(app, &upload, &request.parts), progress::refresh_beside(app, &upload));
    Ok(Presigned { requests: requests? })
}

async fn promise(app: &App, upload: &UploadRecord, parts: &[PartToSign]) -> Result<(), ApiFailure> {
    let promises: Promises = parts.iter().map(|part| (part.part_number, part.digest.0)).collect();
    let ttl = promises_ttl(app, upload);
    match plan::promise(&app.tables, upload.upload_id, &promises, ttl).await {
        Ok(()) => Ok(()),
        Err(PromiseError::Changed(parts)) => Err(file_changed(parts)),
        Err(PromiseError::Table(error)) => Err(error.into()),
    }
}

/// When the promises of an upload may be dropped, in seconds since 1970.
pub(super) fn promises_ttl(app: &App, upload: &UploadRecord) -> u64 {
    upload.started_at / 1000 + app.config.upload_life_seconds + KEEP_PROMISES_SECONDS
}

fn file_changed(parts: Vec<PartNumber>) -> ApiFailure {
    let message = "The file changed since its upload began. Upload it again.";
    ApiFailure::new(ErrorCode::FileChanged, message).parts(parts)
}

/// Signs parts whose digests are promised, of an upload that storage knows.
pub(super) async fn sign(
    app: &App,
    upload: &UploadRecord,
    parts: &[PartToSign],
) -> Result<Vec<SignedRequest>, ApiFailure> {
    // The URL of a part ends with its multipart upload. That of a single PUT could create the object after a removal.
    if upload.plan.is_single() && !parts.is_empty() {
        note_urls_end(app, upload).await?;
    }
    let mut requests = Vec::with_capacity(parts.len());
    for part in parts {
        requests.push(sign_one(app, upload, part).await?);
    }
    Ok(requests)
}

async fn sign_one(app: &App, upload: &UploadRecord, part: &PartToSign) -> Result<SignedRequest, ApiFailure> {
    let range = upload.plan.range(part.part_number);
    let range = range.ok_or_else(|| ApiFailure::internal("a part outside of its plan"))?;
    let bytes = SignedBytes { len: range.len, digest: part.digest.0 };
    let lane = (part.host, Duration::from_secs(app.config.part_url_seconds));
    let key = upload.object_key();
    let signed = match &upload.s3_upload_id {
        Some(s3) => app.storage.presign_part(&key, s3, part.part_number, bytes, lane).await,
        None => app.storage.presign_single(&key, bytes, lane).await,
    };
    Ok(signed?)
}

/// Latest expiry of a URL that is signed within the next minute, in milliseconds since 1970.
pub(super) fn urls_end(app: &App, now_ms: u64) -> u64 {
    now_ms + app.config.part_url_seconds * 1000 + URLS_SLACK_MS
}

/// Records the latest expiry of the URLs of a single PUT, before such a URL exists: until then the sweep has to expect the
/// object.
async fn note_urls_end(app: &App, upload: &UploadRecord) -> Result<(), ApiFailure> {
    let now = app.clock.now_ms();
    if now + app.config.part_url_seconds * 1000 <= upload.urls_end_at {
        return Ok(());
    }
    match app.tables.write(&upload.signed_until(urls_end(app, now))).await {
        // No longer open: a URL signed now could outlive the check of storage that follows a removal.
        Err(TableError::Refused(_)) => {
            let now = crate::records::upload::get(&app.tables, upload.upload_id).await?;
            Err(now.map_or_else(ApiFailure::not_found, |now| closed(&now)))
        }
        result => Ok(result?),
    }
}
