//! Why a call of the page did not work, as a sentence that tells what to do.

use slipway_protocol::calls::Fault;
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

impl From<Fault> for ClientError {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Network => Self::Offline,
            Fault::Answer { error, status, .. } => Self::Api(error, status),
        }
    }
}

#[cfg(test)]
mod tests {
    use wasm_bindgen_test::wasm_bindgen_test;

    use super::*;

    #[wasm_bindgen_test]
    fn a_refusal_is_told_in_the_words_of_the_functions() {
        let error = ClientError::from(Fault::refused(ErrorCode::PartsIncomplete, "Two parts are missing."));
        assert_eq!(
            (error.to_string().as_str(), error.code()),
            ("Two parts are missing.", Some(ErrorCode::PartsIncomplete))
        );
        assert_eq!(ClientError::from(Fault::Network), ClientError::Offline);
    }
}
