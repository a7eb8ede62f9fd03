//! What came back, and what a failure means.

use super::Json;
use crate::wire::error::{ApiError, ErrorBody, ErrorCode};
use crate::wire::id::PartNumber;

/// An HTTP answer as a shell received it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// HTTP status.
    pub status: u16,
    /// The value of `Retry-After`, if there was one.
    pub retry_after: Option<String>,
    /// The whole body.
    pub body: String,
}

/// Why a call did not work.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// No answer of ours: no network, no time left, or something in between answered.
    #[error("no answer")]
    Network,
    /// An error answer.
    #[error("{status} {}: {}", error.code.as_str(), error.message)]
    Answer {
        /// What it says.
        error: ApiError,
        /// HTTP status.
        status: u16,
        /// Seconds from `Retry-After`.
        retry_after: Option<u64>,
    },
}

/// A [`Fault`] as the upload machine takes it: without sentences and request ids.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CallFault {
    /// No answer: the network, or the function's time ran out.
    Network,
    /// An answer with an error in it.
    Api {
        /// HTTP status.
        status: u16,
        /// The stable code; `Unknown` where the body was none of ours.
        code: ErrorCode,
        /// Seconds from `Retry-After`.
        retry_after: Option<u64>,
        /// For `parts-incomplete`: the parts that are missing or wrong.
        parts: Vec<PartNumber>,
    },
}

impl Reply {
    /// The body, if the status is of success.
    ///
    /// # Errors
    /// The error that the answer has in it.
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
        // The form with a date is not used by anything that answers here; the caller's own backoff does as well.
        let retry_after = self.retry_after.and_then(|value| value.trim().parse().ok());
        Fault::Answer { error, status: self.status, retry_after }
    }
}

impl Fault {
    /// As the functions would refuse it, for a call that can't be made at all. It has no message.
    pub fn refused(code: ErrorCode) -> Self {
        Self::of(error_of(code))
    }

    /// An error that came within an answer, such as one result of several: its status is that of its code.
    pub fn of(error: ApiError) -> Self {
        Self::Answer { status: error.code.status(), error, retry_after: None }
    }

    /// The stable code; none where there was no answer.
    pub fn code(&self) -> Option<ErrorCode> {
        match self {
            Self::Network => None,
            Self::Answer { error, .. } => Some(error.code),
        }
    }

    /// Whether the token ran out, so that joining again by the same link makes the call work.
    ///
    /// Not for a removed member or a closed room: those were put out on purpose.
    pub fn asks_to_rejoin(&self) -> bool {
        matches!(self.code(), Some(ErrorCode::TokenExpired | ErrorCode::TokenMissing))
    }

    /// Whether the session is over, whatever the reason: only another link lets this device in.
    pub fn ends_session(&self) -> bool {
        matches!(self, Self::Answer { status: 401, .. })
    }

    /// Whether the call may have been done all the same, so that it has to be asked again with the same body.
    pub fn may_have_been_done(&self) -> bool {
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

/// Not the functions' own: whoever shows it has the words.
fn error_of(code: ErrorCode) -> ApiError {
    ApiError { code, message: String::new(), request_id: String::new(), field: None, parts: Vec::new() }
}
