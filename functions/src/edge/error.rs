//! Errors of the API: a code for programs, a sentence for people, no internals.

use std::borrow::Cow;

use axum::response::{IntoResponse, Response};
use http::StatusCode;
use slipway_protocol::wire::error::{ApiError, ErrorCode};
use slipway_protocol::wire::id::PartNumber;

use crate::edge::request_id::RequestId;
use crate::storage::StorageError;
use crate::table::TableError;

/// `Retry-After` when storage or table do not answer, in seconds.
const UNAVAILABLE_RETRY_SECONDS: u64 = 5;

/// Why a call failed.
///
/// As a response it has only its status; [`crate::edge::answer`] writes the body, since the request id belongs in it.
#[derive(Clone, Debug)]
pub struct ApiFailure {
    code: ErrorCode,
    message: Cow<'static, str>,
    field: Option<String>,
    parts: Vec<PartNumber>,
    retry_after_seconds: Option<u64>,
    cause: Option<String>,
}

impl ApiFailure {
    /// With a sentence that says what to do.
    pub fn new(code: ErrorCode, message: impl Into<Cow<'static, str>>) -> Self {
        Self { code, message: message.into(), field: None, parts: Vec::new(), retry_after_seconds: None, cause: None }
    }

    /// An invalid field.
    pub fn bad(field: impl Into<String>, message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(ErrorCode::BadRequest, message).field(field)
    }

    /// The uniform answer for a missing or foreign resource, and for a wrong secret.
    pub fn not_found() -> Self {
        Self::new(ErrorCode::NotFound, "There is nothing here. Check the link: it may be cut off, or no longer valid.")
    }

    /// A fault of ours. `cause` goes to the log only.
    pub fn internal(cause: impl Into<String>) -> Self {
        let mut failure = Self::new(
            ErrorCode::Internal,
            "Something broke on our side. Try again; the request id finds it in the log.",
        );
        failure.cause = Some(cause.into());
        failure
    }

    /// A record that another release wrote: going on without it, or changing it, could destroy what it means. `cause` goes to
    /// the log only.
    pub fn of_another_release(cause: impl Into<String>) -> Self {
        let message = "Another release of Slipway wrote what this call needs, and it is left as it is. \
                       Whoever runs it has to bring all of it to that release.";
        let mut failure = Self::new(ErrorCode::Internal, message);
        failure.cause = Some(cause.into());
        failure
    }

    /// Storage or table do not answer. `cause` goes to the log only.
    pub fn unavailable(cause: impl Into<String>) -> Self {
        let message = "Storage does not answer at the moment. Nothing is lost; try again in a few seconds.";
        let mut failure = Self::new(ErrorCode::Unavailable, message).retry_after(UNAVAILABLE_RETRY_SECONDS);
        failure.cause = Some(cause.into());
        failure
    }

    /// Too many calls. `seconds`: `Retry-After`.
    pub fn rate_limited(seconds: u64) -> Self {
        Self::new(ErrorCode::RateLimited, format!("Too many calls. Wait {seconds} seconds and try again."))
            .retry_after(seconds)
    }

    /// Names the invalid field.
    #[must_use]
    pub fn field(mut self, field: impl Into<String>) -> Self {
        self.field = Some(field.into());
        self
    }

    /// Names the parts that are missing or wrong; the first 1,000 are kept.
    #[must_use]
    pub fn parts(mut self, mut parts: Vec<PartNumber>) -> Self {
        parts.truncate(1000);
        self.parts = parts;
        self
    }

    /// Sets `Retry-After`, in seconds.
    #[must_use]
    pub fn retry_after(mut self, seconds: u64) -> Self {
        self.retry_after_seconds = Some(seconds);
        self
    }

    /// The code.
    pub fn code(&self) -> ErrorCode {
        self.code
    }

    /// The HTTP status.
    pub fn status(&self) -> StatusCode {
        StatusCode::from_u16(self.code.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    /// `Retry-After` in seconds, if set.
    pub fn retry_after_seconds(&self) -> Option<u64> {
        self.retry_after_seconds
    }

    /// The internal cause, for the log only.
    pub fn cause(&self) -> Option<&str> {
        self.cause.as_deref()
    }

    /// The error on the wire.
    pub fn to_api_error(&self, request_id: &RequestId) -> ApiError {
        ApiError {
            code: self.code,
            message: self.message.clone().into_owned(),
            request_id: request_id.to_string(),
            field: self.field.clone(),
            parts: self.parts.clone(),
        }
    }
}

impl IntoResponse for ApiFailure {
    fn into_response(self) -> Response {
        let mut response = self.status().into_response();
        response.extensions_mut().insert(self);
        response
    }
}

impl From<TableError> for ApiFailure {
    fn from(error: TableError) -> Self {
        match error {
            TableError::Busy | TableError::Unreachable(_) => Self::unavailable(error.to_string()),
            TableError::UnknownVersion(_) => Self::of_another_release(error.to_string()),
            // A refusal that means something was handled by the caller; one that arrives here was not expected.
            TableError::Refused(_) | TableError::NoTable | TableError::Broken(_) => Self::internal(error.to_string()),
        }
    }
}

impl From<StorageError> for ApiFailure {
    fn from(error: StorageError) -> Self {
        match error {
            StorageError::Unreachable(_) => Self::unavailable(error.to_string()),
            _ => Self::internal(error.to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cause_stays_inside() {
        let failure = ApiFailure::from(TableError::Broken("the inside".into()));
        let error = failure.to_api_error(&RequestId::random());
        assert_eq!(error.code, ErrorCode::Internal);
        assert!(!error.message.contains("inside"));
        assert!(failure.cause().unwrap().contains("inside"));
    }

    #[test]
    fn what_does_not_answer_asks_to_come_back() {
        let failure = ApiFailure::from(TableError::Unreachable("timeout".into()));
        assert_eq!(failure.status(), StatusCode::SERVICE_UNAVAILABLE);
        assert!(failure.retry_after_seconds().is_some());
    }
}
