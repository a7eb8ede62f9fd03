//! Completes small files together: all verified ones are listed in one transaction.
//!
//! It needs no lease: the transaction is the first write, and it is refused if one of the uploads has changed.
//! Transactions of a room are serialized by its sequence, so twenty files one by one would take twenty rounds.

use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

use futures::StreamExt as _;
use slipway_protocol::wire::id::UploadId;
use slipway_protocol::wire::{FileInfo, MAX_UPLOADS_PER_CALL, UploadState};

use super::{publish, verify};
use crate::app::App;
use crate::edge::error::ApiFailure;
use crate::edge::extract::Member;
use crate::faults::Point;
use crate::records::plan::{self, Promises};
use crate::records::upload::{self, UploadRecord};
use crate::rooms::journal;

/// Uploads of a batch that are verified at a time.
pub(super) const BATCH_LANES: usize = 8;
/// How long storage may take to report an object; after that, the upload is completed by itself.
const HEAD_LIMIT: Duration = Duration::from_secs(3);

// Four writes for each, one for the quota, and the journal's: DynamoDB takes 100.
const _: () = assert!(4 * MAX_UPLOADS_PER_CALL < journal::MAX_WRITES_BESIDE);

/// Completes the uploads that are the caller's, are one PUT each, and are in storage as promised. The caller completes
/// those missing in the answer one by one; that is all of them if another call has changed one.
pub(super) async fn complete(
    app: &App,
    member: &Member,
    ids: &[UploadId],
) -> Result<HashMap<UploadId, FileInfo>, ApiFailure> {
    let uploads = ready(app, member, ids).await?;
    // One batch read for all: a file of one part has a single item of promises.
    let promises = plan::first_items(&app.tables, uploads.iter().map(|upload| upload.upload_id)).await?;
    let verified: Vec<_> = futures::stream::iter(uploads.into_iter().zip(promises))
        .map(|(upload, promises)| verified(app, upload, promises))
        .buffer_unordered(BATCH_LANES)
        .filter_map(std::future::ready)
        .collect()
        .await;
    if verified.is_empty() {
        return Ok(HashMap::new());
    }
    app.faults.at(Point::CompleteVerified).await;
    let files = publish::publish_open(app, member.room, &verified).await?;
    Ok(files.into_iter().map(|file| (file.upload_id, file)).collect())
}

async fn ready(app: &App, member: &Member, ids: &[UploadId]) -> Result<Vec<UploadRecord>, ApiFailure> {
    // DynamoDB refuses a batch read with duplicate keys.
    let ids: BTreeSet<_> = ids.iter().copied().collect();
    let uploads = upload::get_many(&app.tables, ids).await?.into_iter().flatten();
    // All others are completed one by one, which also finds out what is wrong with them.
    let is_ready = |upload: &UploadRecord| {
        upload.room_id == member.room
            && upload.member_id == member.id
            && upload.state == UploadState::Uploading
            && upload.plan.is_single()
    };
    Ok(uploads.filter(is_ready).collect())
}

/// The upload with its object's ETag, if the object is as promised.
async fn verified(app: &App, upload: UploadRecord, promises: Promises) -> Option<(UploadRecord, String)> {
    let object = tokio::time::timeout(HEAD_LIMIT, app.storage.head(&upload.object_key())).await.ok()?.ok()?;
    verify::is_as_promised(&object, &upload.plan, &promises).then_some((upload, object.etag))
}
