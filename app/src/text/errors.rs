//! Why a call did not work, and what to do.

use slipway_protocol::wire::error::ErrorCode;
use wasm_client::ClientError;

/// A sentence or two. The functions' own errors come with their words.
pub fn error_text(error: &ClientError) -> String {
    match error {
        ClientError::Offline => "Slipway can't be reached. Check your connection and try again.",
        ClientError::Api(api, _) if !api.message.is_empty() => return api.message.clone(),
        ClientError::Api(api, _) if api.code == ErrorCode::TokenMissing => {
            "This device has not joined the room. Open its link again."
        }
        ClientError::Api(_, status) => {
            return format!("The server answered with an error ({status}). Try again in a moment.");
        }
        ClientError::DownloadBlocked => "The browser did not start the download. Try again.",
        ClientError::PickerBlocked => {
            "The browser did not open its file picker. Click again, or drop the files on the page."
        }
        ClientError::NoPicker => {
            "This browser has no such file picker. Use the ordinary one, or drop the files on the page."
        }
        ClientError::Unreadable => {
            "The file that was picked can't be read. Check that it is still there and pick it again."
        }
        ClientError::InOtherTab { uploads } => return in_other_tab(*uploads),
        ClientError::NotCleared { uploads } => {
            return format!(
                "Slipway can't be reached to clear {}. Nothing more is sent. Leave when the connection is back.",
                counted(*uploads)
            );
        }
    }
    .into()
}

fn in_other_tab(uploads: usize) -> String {
    let it = if uploads == 1 { "it" } else { "them" };
    format!("Another tab has {} of this room. Cancel {it} there, or take {it} over here; then leave.", counted(uploads))
}

fn counted(uploads: usize) -> String {
    if uploads == 1 { "1 upload".into() } else { format!("{uploads} uploads") }
}

#[cfg(test)]
mod tests {
    use slipway_protocol::wire::error::ApiError;

    use super::*;

    fn api(code: ErrorCode, message: &str) -> ClientError {
        let (message, request_id) = (message.into(), String::new());
        ClientError::Api(ApiError { code, message, request_id, field: None, parts: Vec::new() }, 502)
    }

    #[test]
    fn the_functions_words_come_first() {
        assert_eq!(error_text(&api(ErrorCode::NotFound, "No such file.")), "No such file.");
        assert!(error_text(&api(ErrorCode::Unknown, "")).contains("502"));
        assert!(error_text(&api(ErrorCode::TokenMissing, "")).contains("has not joined"));
    }

    #[test]
    fn one_upload_is_not_many() {
        assert!(
            error_text(&ClientError::InOtherTab { uploads: 1 })
                .starts_with("Another tab has 1 upload of this room. Cancel it there")
        );
        assert!(error_text(&ClientError::NotCleared { uploads: 2 }).contains("to clear 2 uploads."));
    }
}
