//! Errors of the tables, by what a caller can do about them.

use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;

/// Why a call to the table failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TableError {
    /// Conditions did not hold; nothing was written. The labels of the writes that were refused.
    #[error("a condition did not hold: {}", .0.join(", "))]
    Refused(Vec<&'static str>),
    /// Conflicts with other writes, or throttling, after several attempts.
    #[error("the table is too busy")]
    Busy,
    /// No answer.
    #[error("the table does not answer ({0})")]
    Unreachable(String),
    /// There is no such table.
    #[error("a table does not exist; create it, or correct SLIPWAY_MAIN_TABLE and its like")]
    NoTable,
    /// The item exists in a format of another release. It is left unchanged.
    #[error("an item has version {0}, and this release knows version 1")]
    UnknownVersion(String),
    /// An error that waiting does not fix.
    #[error("the table refused the call ({0})")]
    Broken(String),
}

impl TableError {
    /// Whether the write of this label was refused.
    pub fn refused(&self, label: &str) -> bool {
        matches!(self, Self::Refused(labels) if labels.contains(&label))
    }
}

impl<E: ProvideErrorMetadata> From<SdkError<E, HttpResponse>> for TableError {
    /// Classifies an SDK error. Keeps its code and, for unexpected errors, its message, which contains no secret.
    fn from(error: SdkError<E, HttpResponse>) -> Self {
        match error {
            SdkError::ServiceError(service) => {
                let (status, error) = (service.raw().status().as_u16(), service.err());
                sort(status, error.code().unwrap_or_default(), error.message().unwrap_or_default())
            }
            SdkError::TimeoutError(_) => Self::Unreachable("timeout".into()),
            SdkError::DispatchFailure(_) => Self::Unreachable("no connection".into()),
            SdkError::ResponseError(_) => Self::Unreachable("broken answer".into()),
            _ => Self::Broken("the request could not be made".into()),
        }
    }
}

fn sort(status: u16, code: &str, message: &str) -> TableError {
    match code {
        "TransactionConflictException"
        | "TransactionInProgressException"
        | "ProvisionedThroughputExceededException"
        | "ThrottlingException"
        | "RequestLimitExceeded" => TableError::Busy,
        "ResourceNotFoundException" => TableError::NoTable,
        _ if status >= 500 => TableError::Unreachable(format!("status {status}")),
        _ => TableError::Broken(format!("{code}: {message}")),
    }
}
