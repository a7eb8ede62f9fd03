//! Starts a completion outside of the call: by invoking the function `finish`, or as a task.

use std::sync::Arc;

use aws_sdk_lambda::primitives::Blob;
use aws_sdk_lambda::types::InvocationType;
use aws_types::SdkConfig;
use serde::{Deserialize, Serialize};
use slipway_protocol::wire::id::UploadId;

use crate::edge::error::ApiFailure;

/// The payload of `finish`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FinishRequest {
    /// Which upload.
    pub upload_id: UploadId,
    /// The fence number of the lease. Ignored if the upload has a newer one.
    pub fence: u64,
}

/// Where completions run.
#[derive(Clone, Debug)]
pub enum Finisher {
    /// The function `finish`.
    Lambda(FinishFunction),
    /// A task in this process.
    Task,
}

/// The function `finish`, by the name it has in this deployment.
#[derive(Clone, Debug)]
pub struct FinishFunction {
    client: aws_sdk_lambda::Client,
    name: Arc<str>,
}

impl Finisher {
    /// The function of this name; without one, a task.
    pub fn new(sdk: &SdkConfig, function: Option<&str>) -> Self {
        match function {
            Some(name) => Self::Lambda(FinishFunction { client: aws_sdk_lambda::Client::new(sdk), name: name.into() }),
            // dev-server outlives its calls. A Lambda is frozen once it has answered, and a task in it would stop.
            None => Self::Task,
        }
    }
}

impl FinishFunction {
    pub(super) async fn invoke(&self, request: FinishRequest) -> Result<(), ApiFailure> {
        let payload = serde_json::to_vec(&request).map_err(|error| ApiFailure::internal(error.to_string()))?;
        // Asynchronous: the gateway ends the call that waits for us at 30 s, and `finish` has 15 minutes.
        let call = self.client.invoke().function_name(&*self.name).invocation_type(InvocationType::Event);
        call.payload(Blob::new(payload)).send().await.map(drop).map_err(|error| {
            ApiFailure::unavailable(format!(
                "finish cannot be invoked: {}",
                aws_sdk_lambda::error::DisplayErrorContext(error)
            ))
        })
    }
}
