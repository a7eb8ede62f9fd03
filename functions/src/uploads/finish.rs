//! What complete cannot end within its call: the function `finish`, or a task in dev-server, under the same lease.

use std::sync::Arc;
use std::time::Duration;

use aws_sdk_lambda::primitives::Blob;
use aws_sdk_lambda::types::InvocationType;
use aws_types::SdkConfig;
use serde::{Deserialize, Serialize};
use slipway_protocol::wire::UploadState;
use slipway_protocol::wire::error::ErrorCode;
use slipway_protocol::wire::id::UploadId;

use super::{lease, verify};
use crate::error::ApiFailure;
use crate::records::upload::{self, UploadRecord};
use crate::state::App;

/// The lease is renewed so often: twice before it ends.
const RENEW_EVERY: Duration = Duration::from_millis(lease::LEASE_MS / 3);

/// What `finish` is invoked with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FinishRequest {
    /// Which upload.
    pub upload_id: UploadId,
    /// The number of the lease: under a newer one there is nothing to do.
    pub fence: u64,
}

/// Who finishes.
#[derive(Clone, Debug)]
pub enum Finisher {
    /// A Lambda function of this name.
    Lambda(aws_sdk_lambda::Client, Arc<str>),
    /// A task in this process.
    Task,
}

impl Finisher {
    /// The function of this name; without one, a task.
    pub fn new(sdk: &SdkConfig, function: Option<&str>) -> Self {
        match function {
            Some(name) => Self::Lambda(aws_sdk_lambda::Client::new(sdk), name.into()),
            None => Self::Task,
        }
    }

    async fn invoke(&self, app: &App, request: FinishRequest) -> Result<(), ApiFailure> {
        match self {
            Self::Lambda(client, name) => invoke(client, name, request).await,
            Self::Task => {
                tokio::spawn(finish_logged(app.clone(), request));
                Ok(())
            }
        }
    }
}

async fn invoke(client: &aws_sdk_lambda::Client, name: &str, request: FinishRequest) -> Result<(), ApiFailure> {
    let payload = serde_json::to_vec(&request).map_err(|error| ApiFailure::internal(error.to_string()))?;
    let call = client.invoke().function_name(name).invocation_type(InvocationType::Event).payload(Blob::new(payload));
    call.send().await.map(drop).map_err(|error| {
        ApiFailure::unavailable(format!(
            "finish cannot be invoked: {}",
            aws_sdk_lambda::error::DisplayErrorContext(error)
        ))
    })
}

/// Hands a lease over. If nobody can be found to take it, the upload is open again.
pub(crate) async fn hand_over(app: &App, upload: &UploadRecord) -> Result<(), ApiFailure> {
    let request = FinishRequest { upload_id: upload.upload_id, fence: upload.fence };
    if let Err(failure) = app.finisher.invoke(app, request).await {
        lease::release(app, upload).await?;
        return Err(failure);
    }
    Ok(())
}

async fn finish_logged(app: App, request: FinishRequest) {
    if let Err(failure) = finish(&app, request).await {
        tracing::warn!(code = failure.code().as_str(), cause = failure.cause(), "finish did not complete an upload");
    }
}

/// Completes an upload under a lease that was handed over.
///
/// # Errors
/// Worth another invocation only for what is unavailable; for the rest the upload's state says what became of it.
pub async fn finish(app: &App, request: FinishRequest) -> Result<(), ApiFailure> {
    let Some(upload) = upload::get(&app.table, request.upload_id).await? else { return Ok(()) };
    let is_ours = upload.state == UploadState::Completing && upload.fence == request.fence;
    if !is_ours || !lease::renew(app, &upload).await? {
        return Ok(());
    }
    tokio::select! {
        result = verify::run(app, &upload) => match result {
            Err(failure) if failure.code() == ErrorCode::PartsIncomplete => Ok(()),
            result => result.map(drop),
        },
        () = keep_lease(app, &upload) => Ok(()),
    }
}

/// Ends only when the lease is lost. A renewal that failed is tried again: the lease outlasts two of them.
async fn keep_lease(app: &App, upload: &UploadRecord) {
    loop {
        tokio::time::sleep(RENEW_EVERY).await;
        if matches!(lease::renew(app, upload).await, Ok(false)) {
            return;
        }
    }
}
