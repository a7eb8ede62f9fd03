//! Rooms: the header and the side of one, leaving it, one that is lost, and the actions in its audit log.

use slipway_protocol::wire::Label;
use slipway_protocol::wire::error::ErrorCode;

use super::format;
use super::names::visible;

/// Between what a member may do and the member's name.
pub const AS: &str = " · as ";
/// The button that leads to the links on a narrow screen.
pub const LINKS: &str = "Links";
/// Heading of the card about the room.
pub const TITLE: &str = "The room";
/// Label of the quota.
pub const SPACE_USED: &str = "Space used";
/// The button that leaves the room.
pub const LEAVE: &str = "Leave on this device";
/// While the room is being left.
pub const LEAVING: &str = "Leaving…";
/// Asked before the room is left.
pub const LEAVE_TITLE: &str = "Leave this room?";
/// The button that refreshes the room.
pub const TRY_NOW: &str = "Try now";
/// The room could not be refreshed for want of a connection.
pub const STALE: &str = "Slipway can't be reached. What you see may be old; trying again.";

/// The room could not be refreshed, for this reason.
pub fn not_refreshed(why: &str) -> String {
    format!("The room could not be refreshed; trying again. {why}")
}

/// The answer that leaves the room.
pub fn leave_yes(unfinished: u64) -> &'static str {
    match unfinished {
        0 => "Leave",
        _ => "Cancel uploads and leave",
    }
}

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
