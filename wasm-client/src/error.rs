//! Why a call of the page did not work, as a sentence that tells what to do.

use slipway_protocol::wire::error::{ApiError, ErrorCode};

/// Why a call did not work.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ClientError {
    /// No answer came: the network, or the server.
    #[error("Slipway can't be reached. Check your connection and try again.")]
    Offline,
    /// The functions refused, with the HTTP status beside it.
    #[error("{}", .0.message)]
    Api(ApiError, u16),
    /// The browser refused: storage on this device, a picker, a download.
    #[error("{0}")]
    Storage(String),
    /// Something has to end first.
    #[error("{0}")]
    Unfinished(String),
}

impl ClientError {
    /// The stable code of the functions' answer; none where there was no answer of theirs.
    pub fn code(&self) -> Option<ErrorCode> {
        match self {
            Self::Api(error, _) => Some(error.code),
            Self::Offline | Self::Storage(_) | Self::Unfinished(_) => None,
        }
    }
}
