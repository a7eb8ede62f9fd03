//! Answers, and what a failure means.

use super::Json;
use crate::prelude::*;
use crate::wire::error::{ApiError, ErrorBody, ErrorCode};
use crate::wire::id::PartNumber;

/// An HTTP answer, as the shell received it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// HTTP status.
    pub status: u16,
    /// The value of `Retry-After`, if there was one.
    pub retry_after: Option<String>,
    /// The whole body.
    pub body: String,
}

/// Why a call failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// No answer of the functions: no network, a time-out, or an answer of something in between.
    #[error("no answer")]
    Network,
    /// An error answer, of the functions or of the gateway in front of them.
    #[error("{status} {}: {}", error.code.as_str(), error.message)]
    Answer {
        /// The error.
        error: ApiError,
        /// HTTP status.
        status: u16,
        /// Seconds from `Retry-After`.
        retry_after: Option<u64>,
    },
}

/// A [`Fault`] as the upload machine takes it: without message and request id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CallFault {
    /// No answer: the network failed, or the function timed out.
    Network,
    /// An answer with an error in it.
    Api {
        /// HTTP status.
        status: u16,
        /// The stable code; `Unknown` if the body is not of the functions.
        code: ErrorCode,
        /// Seconds from `Retry-After`.
        retry_after: Option<u64>,
        /// For `parts-incomplete`: the parts that are missing or wrong.
        parts: Vec<PartNumber>,
    },
}

impl Reply {
    /// The body, if the status is 2xx.
    ///
    /// # Errors
    /// The error in the answer.
    pub fn ok<J: Json>(self) -> Result<String, Fault> {
        match self.status {
            200..=299 => Ok(self.body),
            _ => Err(self.fault::<J>()),
        }
    }

    fn fault<J: Json>(self) -> Fault {
        let error = match J::read::<ErrorBody>(&self.body) {
            Some(body) => body.error,
            // The gateway in front of the functions has error bodies of its own.
            None => error_of(ErrorCode::Unknown),
        };
        // Seconds only: neither the functions nor the gateways send the form with a date. Without it the caller backs off.
        let retry_after = self.retry_after.and_then(|value| value.trim().parse().ok());
        Fault::Answer { error, status: self.status, retry_after }
    }
}

impl Fault {
    /// The fault of a call that can't be made, as the functions would refuse it. It has no message.
    pub fn refused(code: ErrorCode) -> Self {
        Self::from_error(error_of(code))
    }

    /// The fault for an error within an answer, such as one result of several. The code gives the status.
    pub fn from_error(error: ApiError) -> Self {
        Self::Answer { status: error.code.status(), error, retry_after: None }
    }

    /// The stable code. `None`: there was no answer.
    pub fn code(&self) -> Option<ErrorCode> {
        match self {
            Self::Network => None,
            Self::Answer { error, .. } => Some(error.code),
        }
    }

    /// Whether the token has expired, so that the call can succeed after joining again by the same link.
    ///
    /// False for a removed member and a closed room: joining again would fail.
    pub fn needs_rejoin(&self) -> bool {
        matches!(self.code(), Some(ErrorCode::TokenExpired | ErrorCode::TokenMissing))
    }

    /// Whether the session has ended, for whatever reason.
    pub fn ends_session(&self) -> bool {
        matches!(self, Self::Answer { status: 401, .. })
    }

    /// Whether the call may have taken effect all the same, so that it must be repeated with the same body.
    pub fn may_have_taken_effect(&self) -> bool {
        match self {
            Self::Network => true,
            Self::Answer { status, .. } => *status >= 500,
        }
    }
}

impl From<Fault> for CallFault {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Network => Self::Network,
            Fault::Answer { error, status, retry_after } => {
                Self::Api { status, code: error.code, retry_after, parts: error.parts }
            }
        }
    }
}

/// An error without a message: the program that shows it has its own text.
fn error_of(code: ErrorCode) -> ApiError {
    ApiError { code, message: String::new(), request_id: String::new(), field: None, parts: Vec::new() }
}
