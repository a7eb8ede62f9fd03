//! Errors of the client. The page has the text of each.

use slipway_protocol::calls::Fault;
use slipway_protocol::wire::error::{ApiError, ErrorCode};

/// Why a call failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ClientError {
    /// No answer from the server.
    Offline,
    /// The functions refused; with the HTTP status. An empty message means that a gateway answered, or that this device knew
    /// the outcome without a call.
    Api(ApiError, u16),
    /// The browser did not start a download.
    DownloadBlocked,
    /// The browser did not open its file picker.
    PickerBlocked,
    /// The browser has no file picker that keeps handles.
    NoPicker,
    /// The file that was picked can't be read.
    Unreadable,
    /// Other tabs work on uploads of the room.
    InOtherTab {
        /// Their number.
        uploads: usize,
    },
    /// Uploads are cancelled on this device, but the functions did not confirm in time.
    NotCleared {
        /// Their number.
        uploads: usize,
    },
}

impl ClientError {
    /// The stable code of the functions' answer. `None`: there was no such answer.
    pub fn code(&self) -> Option<ErrorCode> {
        match self {
            Self::Api(error, _) => Some(error.code),
            _ => None,
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
    fn a_refusal_keeps_the_message_of_the_functions() {
        let Fault::Answer { mut error, .. } = Fault::refused(ErrorCode::PartsIncomplete) else { unreachable!() };
        error.message = "Two parts are missing.".into();
        let error = ClientError::from(Fault::from_error(error));
        let ClientError::Api(said, 409) = &error else { panic!("{error:?}") };
        assert_eq!((said.message.as_str(), error.code()), ("Two parts are missing.", Some(ErrorCode::PartsIncomplete)));
        assert_eq!(ClientError::from(Fault::Network), ClientError::Offline);
    }
}
