//! Errors of storage, by what a caller can do about them.

use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;

/// Why a call to storage failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StorageError {
    /// There is no such object.
    #[error("the object is not in storage")]
    NotFound,
    /// The multipart upload is over: completed, aborted or cleaned up.
    #[error("storage does not know this upload any more")]
    NoSuchUpload,
    /// `If-None-Match: *` met an object.
    #[error("there already is an object of that key")]
    Precondition,
    /// No answer, or one that asks to come back later.
    #[error("storage does not answer now ({0}); try again")]
    Unreachable(String),
    /// An error that waiting does not fix: a missing bucket, refused credentials, an invalid answer.
    #[error("storage refused the call ({0}); check the bucket's name, its region and the credentials")]
    Other(String),
}

impl StorageError {
    /// Sorts an SDK error. Keeps the code and drops the rest: a message can quote a signed URL.
    pub(super) fn from_sdk<E: ProvideErrorMetadata>(error: SdkError<E, HttpResponse>) -> Self {
        match error {
            SdkError::ServiceError(service) => {
                Self::from_answer(service.raw().status().as_u16(), service.err().code().unwrap_or_default())
            }
            SdkError::TimeoutError(_) => Self::Unreachable("timeout".into()),
            SdkError::DispatchFailure(_) => Self::Unreachable("no connection".into()),
            // Cut off or silent halfway: the call may have been carried out, as after a time-out.
            SdkError::ResponseError(_) => Self::Unreachable("broken answer".into()),
            _ => Self::Other("the request could not be made".into()),
        }
    }

    fn from_answer(status: u16, code: &str) -> Self {
        match (status, code) {
            (_, "NoSuchUpload") => Self::NoSuchUpload,
            (_, "NoSuchKey" | "NotFound") => Self::NotFound,
            (412, _) | (_, "PreconditionFailed") => Self::Precondition,
            // Concurrent writes to the key; S3 asks for a retry.
            (_, "ConditionalRequestConflict" | "OperationAborted") => Self::Unreachable(code.into()),
            (_, "InternalError" | "SlowDown" | "ServiceUnavailable" | "RequestTimeout") => {
                Self::Unreachable(code.into())
            }
            (429 | 500.., _) => Self::Unreachable(format!("status {status}")),
            // The answer to a HEAD has no body, and so no code.
            (404, "") => Self::NotFound,
            _ if code.is_empty() => Self::Other(format!("status {status}")),
            _ => Self::Other(code.into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_sorted_by_what_to_do_next() {
        let table = [
            (404, "NoSuchUpload", StorageError::NoSuchUpload),
            (404, "NoSuchKey", StorageError::NotFound),
            (404, "", StorageError::NotFound),
            (412, "PreconditionFailed", StorageError::Precondition),
            (200, "InternalError", StorageError::Unreachable("InternalError".into())),
            (503, "SlowDown", StorageError::Unreachable("SlowDown".into())),
            (409, "ConditionalRequestConflict", StorageError::Unreachable("ConditionalRequestConflict".into())),
            (502, "", StorageError::Unreachable("status 502".into())),
            (404, "NoSuchBucket", StorageError::Other("NoSuchBucket".into())),
            (403, "AccessDenied", StorageError::Other("AccessDenied".into())),
        ];
        for (status, code, expected) in table {
            assert_eq!(StorageError::from_answer(status, code), expected, "{status} {code}");
        }
    }
}
