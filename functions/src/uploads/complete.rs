//! Completes an upload, once, however often it is asked for.

use std::time::Duration;

use futures::StreamExt as _;
use slipway_protocol::api::{CompleteMany, CompletedMany, Completion, CompletionResult, FileInfo, UploadState};
use slipway_protocol::api::{MAX_PARTS_IN_CALL, MAX_UPLOADS_PER_CALL};
use slipway_protocol::id::UploadId;

use super::verify::parts_incomplete;
use super::{COMPLETING_RETRY_SECONDS, closed, finish, lease, owned, verify};
use crate::error::ApiFailure;
use crate::extract::{Member, RequestId};
use crate::limits;
use crate::records::upload::UploadRecord;
use crate::state::App;

/// The call itself ends at 30 s: what takes longer goes to `finish`.
const IN_CALL: Duration = Duration::from_secs(20);
/// Somebody else changed the upload while we looked at it: look again, so often at most.
const MAX_LOOKS: u32 = 5;
/// Uploads of a batch that are verified at a time.
const BATCH_LANES: usize = 8;

/// Completes the caller's upload.
pub async fn complete(app: &App, member: &Member, id: UploadId) -> Result<Completion, ApiFailure> {
    limits::charge_member(app, member, 1).await?;
    complete_owned(app, member, id).await
}

/// Completes several uploads of the caller, each by itself.
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
    limits::charge_member(app, member, count as u64).await?;
    let results = futures::stream::iter(request.upload_ids.clone())
        .map(|id| complete_owned(app, member, id))
        .buffered(BATCH_LANES)
        .map(|result| match result {
            Ok(completion) => CompletionResult::Done(completion),
            Err(failure) => CompletionResult::Failed { error: failure.to_api_error(request_id) },
        });
    Ok(CompletedMany { results: results.collect().await })
}

async fn complete_owned(app: &App, member: &Member, id: UploadId) -> Result<Completion, ApiFailure> {
    for _ in 0..MAX_LOOKS {
        let upload = owned(app, member, id).await?;
        match upload.state {
            UploadState::Completed => return completed(upload.file()),
            UploadState::Pending => return Err(parts_incomplete(upload.plan.parts().collect())),
            UploadState::Completing if upload.has_live_lease(app.clock.now_ms()) => return Ok(completing()),
            UploadState::Uploading | UploadState::Completing => {
                if let Some(leased) = lease::take(app, &upload).await? {
                    return under_lease(app, leased).await;
                }
            }
            UploadState::Failed | UploadState::Aborting | UploadState::Aborted | UploadState::Expired => {
                return Err(closed(&upload));
            }
        }
    }
    Ok(completing())
}

/// Within the call, if that can be done in its time; else by `finish`.
pub(crate) async fn under_lease(app: &App, upload: UploadRecord) -> Result<Completion, ApiFailure> {
    if upload.plan.part_count > MAX_PARTS_IN_CALL {
        finish::hand_over(app, &upload).await?;
        return Ok(completing());
    }
    // A task of its own: a caller that hangs up does not leave the upload to wait for the end of the lease.
    let task = tokio::spawn({
        let (app, upload) = (app.clone(), upload.clone());
        async move { verify::run(&app, &upload).await }
    });
    let stop = task.abort_handle();
    match tokio::time::timeout(IN_CALL, task).await {
        Ok(Ok(result)) => completed(Some(result?)),
        Ok(Err(panic)) => Err(ApiFailure::internal(format!("complete ended in a panic: {panic}"))),
        Err(_) => {
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
