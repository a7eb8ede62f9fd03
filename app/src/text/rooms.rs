//! Rooms: leaving one, one that is lost, and its audit log.

use slipway_protocol::wire::Label;
use slipway_protocol::wire::error::ErrorCode;

use crate::model::format;
use crate::model::names::visible;

/// What a room or a member is called, safe to show. What is sealed can't be read here.
pub fn label_text(label: &Label) -> String {
    label.plain().map_or_else(|| "Encrypted name".to_owned(), visible)
}

/// What leaving a room does to its unfinished uploads.
pub fn leave_text(unfinished: u64) -> String {
    let uploads = match unfinished {
        0 => String::new(),
        1 => "Your unfinished upload is cancelled, and what is stored of it is deleted. ".into(),
        n => format!(
            "Your {} unfinished uploads are cancelled, and what is stored of them is deleted. ",
            format::grouped(n)
        ),
    };
    format!(
        "{uploads}This device forgets the room and its links. Files in the room stay. To come back you need a link."
    )
}

/// Title and sentence of a room that can't be shown any more; none for errors that pass.
pub fn lost_text(code: ErrorCode) -> Option<(&'static str, &'static str)> {
    match code {
        ErrorCode::NotFound => Some((
            "This link does not open a room",
            "It may have been replaced, or a part of it is missing. Ask for the link again.",
        )),
        ErrorCode::TokenExpired | ErrorCode::TokenMissing => Some((
            "You were away for a long time",
            "Join again to go on as the same person. Your uploads are still here.",
        )),
        ErrorCode::MemberRemoved => Some((
            "Your access to this room ended",
            "Its link was replaced, or you were removed. Open the new link: you go on as the same person, and so do your uploads.",
        )),
        ErrorCode::RoomClosed => Some(("This room was closed", "Its files can't be reached any more.")),
        ErrorCode::RoleTooLow => {
            Some(("Your link does not allow this", "Ask whoever manages the room for a link that does."))
        }
        _ => None,
    }
}

/// An audit entry's action in words; unknown ones as they are.
pub fn action_text(action: &str) -> String {
    let mut text = action.replace('-', " ");
    if let Some(first) = text.get_mut(0..1) {
        first.make_ascii_uppercase();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn leaving_says_what_becomes_of_unfinished_uploads() {
        assert!(!leave_text(0).contains("upload"));
        assert!(leave_text(1).starts_with("Your unfinished upload is cancelled"));
        assert!(leave_text(1200).starts_with("Your 1,200 unfinished uploads are cancelled"), "{}", leave_text(1200));
    }

    #[test]
    fn actions_read_as_words() {
        assert_eq!(action_text("room-created"), "Room created");
        assert_eq!(action_text(""), "");
        assert_eq!(action_text("ärger"), "ärger");
    }
}
