//! Completes an upload exactly once, also if the call is repeated.

use std::collections::HashMap;
use std::time::Duration;

use futures::StreamExt as _;
use slipway_protocol::wire::id::UploadId;
use slipway_protocol::wire::{CompleteMany, CompletedMany, Completion, CompletionResult, FileInfo, UploadState};
use slipway_protocol::wire::{MAX_PARTS_IN_CALL, MAX_UPLOADS_PER_CALL};
use tokio::time::Instant;

use super::complete_batch::BATCH_LANES;
use super::verify::parts_incomplete;
use super::{COMPLETING_RETRY_SECONDS, closed, complete_batch, finish, lease, owned, verify};
use crate::app::App;
use crate::edge::error::ApiFailure;
use crate::edge::extract::Member;
use crate::edge::limits;
use crate::edge::request_id::RequestId;
use crate::records::upload::UploadRecord;

/// Time to hand a running completion over after the time of a batch has ended.
const HAND_OVER: Duration = Duration::from_secs(4);
/// Attempts while other calls keep changing the upload, before it is reported as completing.
const MAX_READS: u32 = 5;

/// Completes the caller's upload.
pub async fn complete(app: &App, member: &Member, id: UploadId) -> Result<Completion, ApiFailure> {
    limits::charge_member(app, member.id).await?;
    complete_owned(app, member, id, Instant::now() + app.config.call.complete).await
}

/// Completes several uploads of the caller: small ones in one transaction, all others one by one. They share the time
/// of the call; those it does not suffice for are reported as completing, and the caller repeats the call.
pub async fn complete_many(
    app: &App,
    member: &Member,
    request: &CompleteMany,
    request_id: &RequestId,
) -> Result<CompletedMany, ApiFailure> {
    let count = request.upload_ids.len();
    if count == 0 || count > MAX_UPLOADS_PER_CALL {
        return Err(ApiFailure::bad("uploadIds", format!("Name 1 to {MAX_UPLOADS_PER_CALL} uploads.")));
    }
    limits::charge_member(app, member.id).await?;
    // One deadline for all: with one for each, slow uploads would add up beyond the 30 s of the gateway.
    let until = Instant::now() + app.config.call.complete;
    let files = completed_in_batch(app, member, &request.upload_ids, until).await;
    let results = futures::stream::iter(request.upload_ids.clone())
        .map(|id| {
            let file = files.get(&id).cloned();
            async move {
                match file {
                    Some(file) => Ok(Completion::Completed { file }),
                    None => complete_until(app, member, id, until).await,
                }
            }
        })
        // In the order of the request: a failure carries no id, so the caller assigns results by their position.
        .buffered(BATCH_LANES)
        .map(|result| match result {
            Ok(completion) => CompletionResult::Done(completion),
            Err(failure) => CompletionResult::Failed { error: failure.to_api_error(request_id) },
        });
    Ok(CompletedMany { results: results.collect().await })
}

/// The uploads that could be completed together, within half of the call's time. The errors of the others are not kept:
/// completing them one by one finds them again.
async fn completed_in_batch(
    app: &App,
    member: &Member,
    ids: &[UploadId],
    until: Instant,
) -> HashMap<UploadId, FileInfo> {
    // A task of its own, so that it is not cancelled when the caller disconnects.
    let task = tokio::spawn({
        let (app, member, ids) = (app.clone(), member.clone(), ids.to_vec());
        async move { complete_batch::complete(&app, &member, &ids).await }
    });
    // The other half is for those that have to be completed one by one.
    let half = until.saturating_duration_since(Instant::now()) / 2;
    match tokio::time::timeout(half, task).await {
        Ok(Ok(Ok(files))) => files,
        Ok(Ok(Err(failure))) => {
            tracing::info!(code = failure.code().as_str(), "a batch was not completed together");
            HashMap::new()
        }
        Ok(Err(panic)) => {
            tracing::error!(%panic, "completing a batch");
            HashMap::new()
        }
        Err(_) => HashMap::new(),
    }
}

async fn complete_until(app: &App, member: &Member, id: UploadId, until: Instant) -> Result<Completion, ApiFailure> {
    if Instant::now() >= until {
        return Ok(completing());
    }
    let call = complete_owned(app, member, id, until);
    tokio::time::timeout_at(until + HAND_OVER, call).await.unwrap_or_else(|_| Ok(completing()))
}

async fn complete_owned(app: &App, member: &Member, id: UploadId, until: Instant) -> Result<Completion, ApiFailure> {
    for _ in 0..MAX_READS {
        let upload = owned(app, member, id).await?;
        match upload.state {
            UploadState::Completed => return completed(upload.file()),
            // Storage does not know the upload yet, so every part is missing.
            UploadState::Pending => return Err(parts_incomplete(upload.plan.parts().collect())),
            // A repeated call, or another tab: the holder of the lease completes the upload.
            UploadState::Completing if upload.has_live_lease(app.clock.now_ms()) => return Ok(completing()),
            UploadState::Uploading | UploadState::Completing => {
                // None: another call changed the record first, so it is read again.
                if let Some(leased) = lease::take(app, &upload).await? {
                    return under_lease(app, leased, until).await;
                }
            }
            UploadState::Failed | UploadState::Aborting | UploadState::Aborted | UploadState::Expired => {
                return Err(closed(&upload));
            }
        }
    }
    Ok(completing())
}

/// Completes in this call if that takes no longer than `until`, else through `finish`.
pub(crate) async fn under_lease(app: &App, upload: UploadRecord, until: Instant) -> Result<Completion, ApiFailure> {
    // MinIO takes 2 s for 200 parts and 31 s for 10,000 (docs/testing.md), S3 can take minutes, and the gateway ends a
    // call at 30 s.
    if upload.plan.part_count > MAX_PARTS_IN_CALL {
        finish::hand_over(app, &upload).await?;
        return Ok(completing());
    }
    // A task of its own: if the caller disconnects, the upload does not have to wait for the end of the lease.
    let task = tokio::spawn({
        let (app, upload) = (app.clone(), upload.clone());
        async move { verify::run(&app, &upload).await }
    });
    let stop = task.abort_handle();
    match tokio::time::timeout_at(until, task).await {
        Ok(Ok(result)) => completed(Some(result?)),
        Ok(Err(panic)) => Err(ApiFailure::internal(format!("complete ended in a panic: {panic}"))),
        Err(_) => {
            // Before the hand-over: `finish` goes on under the same lease, and two would complete the upload at once.
            stop.abort();
            finish::hand_over(app, &upload).await?;
            Ok(completing())
        }
    }
}

fn completed(file: Option<FileInfo>) -> Result<Completion, ApiFailure> {
    let file = file.ok_or_else(|| ApiFailure::internal("a completed upload without its file"))?;
    Ok(Completion::Completed { file })
}

fn completing() -> Completion {
    Completion::Completing { retry_after_seconds: COMPLETING_RETRY_SECONDS }
}
