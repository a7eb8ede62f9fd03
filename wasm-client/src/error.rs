//! Why a call of the page did not work. The page has the words.

use slipway_protocol::calls::Fault;
use slipway_protocol::wire::error::{ApiError, ErrorCode};

/// Why a call did not work.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ClientError {
    /// No answer came: the network, or the server.
    Offline,
    /// The functions refused, with the HTTP status beside it. An empty message means that it is none of theirs: a
    /// gateway answered, or this device knows the outcome without a call.
    Api(ApiError, u16),
    /// The browser did not start a download.
    DownloadBlocked,
    /// The browser did not open its file picker.
    PickerBlocked,
    /// The browser has no file picker that keeps handles.
    NoPicker,
    /// The file that was picked can't be read.
    Unreadable,
    /// Other tabs send that many uploads of the room.
    InOtherTab {
        /// How many.
        uploads: usize,
    },
    /// That many uploads are cancelled on this device, but the functions could not be reached in time.
    NotCleared {
        /// How many.
        uploads: usize,
    },
}

impl ClientError {
    /// The stable code of the functions' answer; none where there was no answer of theirs.
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
    fn a_refusal_keeps_the_words_of_the_functions() {
        let Fault::Answer { mut error, .. } = Fault::refused(ErrorCode::PartsIncomplete) else { unreachable!() };
        error.message = "Two parts are missing.".into();
        let error = ClientError::from(Fault::of(error));
        let ClientError::Api(said, 409) = &error else { panic!("{error:?}") };
        assert_eq!((said.message.as_str(), error.code()), ("Two parts are missing.", Some(ErrorCode::PartsIncomplete)));
        assert_eq!(ClientError::from(Fault::Network), ClientError::Offline);
    }
}
