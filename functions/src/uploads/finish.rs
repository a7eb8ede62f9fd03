//! Completions that do not fit into a call: the function `finish`, or a task in dev-server, under the same lease.

use std::time::Duration;

use slipway_protocol::wire::UploadState;
use slipway_protocol::wire::error::ErrorCode;

use super::finisher::{FinishRequest, Finisher};
use super::{lease, verify};
use crate::app::App;
use crate::edge::error::ApiFailure;
use crate::records::upload::{self, UploadRecord};

/// Interval of renewals: two of them can fail before the lease ends.
const RENEW_EVERY: Duration = Duration::from_millis(lease::LEASE_MS / 3);

/// Hands the lease to `finish`. If that cannot be invoked, releases it, so that the upload is open again.
pub(crate) async fn hand_over(app: &App, upload: &UploadRecord) -> Result<(), ApiFailure> {
    let request = FinishRequest { upload_id: upload.upload_id, fence: upload.fence };
    if let Err(failure) = invoke(app, request).await {
        lease::release(app, upload).await?;
        return Err(failure);
    }
    Ok(())
}

async fn invoke(app: &App, request: FinishRequest) -> Result<(), ApiFailure> {
    match &app.finisher {
        Finisher::Lambda(function) => function.invoke(request).await,
        Finisher::Task => {
            tokio::spawn(finish_logged(app.clone(), request));
            Ok(())
        }
    }
}

async fn finish_logged(app: App, request: FinishRequest) {
    if let Err(failure) = finish(&app, request).await {
        tracing::warn!(code = failure.code().as_str(), cause = failure.cause(), "finish did not complete an upload");
    }
}

/// Completes an upload under a lease that was handed over.
///
/// # Errors
/// Only unavailability is worth another invocation; any other outcome is recorded in the upload's state.
pub async fn finish(app: &App, request: FinishRequest) -> Result<(), ApiFailure> {
    let Some(upload) = upload::get(&app.tables, request.upload_id).await? else { return Ok(()) };
    // Lambda delivers an event at least once and repeats failed ones, so this one may be late: the upload may be
    // completed, or under a newer lease.
    let is_ours = upload.state == UploadState::Completing && upload.fence == request.fence;
    if !is_ours || !lease::renew(app, &upload).await? {
        return Ok(());
    }
    // Stops when the lease is lost: its next holder works on the same upload.
    tokio::select! {
        result = verify::run(app, &upload) => match result {
            // Another invocation would find them missing, too. The upload is open again, for the client to send them.
            Err(failure) if failure.code() == ErrorCode::PartsIncomplete => Ok(()),
            result => result.map(drop),
        },
        () = keep_lease(app, &upload) => Ok(()),
    }
}

/// Renews the lease until it is lost. A failed renewal is repeated: the lease outlasts two of them.
async fn keep_lease(app: &App, upload: &UploadRecord) {
    loop {
        tokio::time::sleep(RENEW_EVERY).await;
        if matches!(lease::renew(app, upload).await, Ok(false)) {
            return;
        }
    }
}
