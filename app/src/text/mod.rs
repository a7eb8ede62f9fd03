//! Every sentence that depends on a state: what is the matter, and what to do next.

use slipway_protocol::wire::error::ErrorCode;
use slipway_protocol::wire::link::Role;
use wasm_client::{Reason, Stage, View};

use crate::model::format;
use crate::model::names::visible;

/// Why an upload stands where it stands, and the next step.
pub fn reason_text(reason: Reason) -> &'static str {
    match reason {
        Reason::Offline => "No network. It goes on by itself when the connection is back.",
        Reason::Retrying => "The last try failed. It tries again by itself in a moment.",
        Reason::NoProgress => "Nothing got through for several minutes. Check your connection, then retry.",
        Reason::FileChanged => "The file changed. Pick the original version, or cancel and add it again.",
        Reason::DifferentFile => "That is a different file from the one begun. Pick the original file.",
        Reason::FileGone => "The file is not where it was. Put it back, then pick it again.",
        Reason::PermissionNeeded => "The browser needs your permission to read the file. Press Resume and allow it.",
        Reason::Unreadable => "The file can't be read. Close programs that use it, then retry.",
        Reason::Reloaded => "The page was reloaded. Resume sends only what is missing.",
        Reason::PickAgain => "Pick the same file again: only what is missing is sent.",
        Reason::OtherTab => "Another tab is sending this file. You can take it over here.",
        Reason::QuotaExceeded => "The room is full. Remove files, or ask whoever manages it for space; then retry.",
        Reason::TooManyUploads => "Too many uploads are open in this room. Retry when some are done.",
        Reason::TooLarge => "The file is larger than the room allows, 5 TiB at most. Split it, or cancel.",
        Reason::AccessLost => "Your access ended. Open the room's new link, and it goes on.",
        Reason::UploadLost => "Somebody else goes on with it, or it was cleared away. To send it yourself, begin anew.",
        Reason::RoomClosed => "The room was closed. Ask for a new one.",
        Reason::AbortedElsewhere => "Somebody cancelled this upload. Add the file again to start over.",
        Reason::CompletedElsewhere => "Another page finished it. The file is in the room.",
        Reason::Expired => "It stood still too long and was cleared away. Add the file again.",
        Reason::StorageRefused => {
            "Storage refused the data. Ask whoever runs Slipway to check its settings, then retry."
        }
        Reason::Corrupted => {
            "What arrived differs from what was sent, so it was refused. Retry, or add the file again."
        }
        Reason::ServerError => {
            "The server answered something unexpected. Retry; if that does not help, reload the page."
        }
    }
}

/// The line under an upload's name.
pub fn status_text(view: &View) -> String {
    if let Some(reason) = view.reason {
        return reason_text(reason).into();
    }
    let amount = || format::bytes_of(view.bytes, view.size);
    match view.stage {
        Stage::Queued => "Waiting its turn".into(),
        Stage::Hashing if view.parts_stored == view.part_count => checking_text(view),
        Stage::Hashing => "Reading the file".into(),
        Stage::Uploading if view.part_count > 1 => format!("{} · {}", amount(), parts_text(view)),
        Stage::Uploading => amount(),
        Stage::Paused => format!("Paused at {}", amount()),
        Stage::Waiting => format!("Waiting at {}", amount()),
        Stage::NeedsFile => reason_text(Reason::PickAgain).into(),
        Stage::Completing => "Checking every part in storage".into(),
        Stage::Completed => "Verified, and in the room".into(),
        Stage::Failed => reason_text(Reason::ServerError).into(),
        Stage::Expired => reason_text(Reason::Expired).into(),
        Stage::Cancelled => "Cancelled. Nothing of it stays in storage.".into(),
    }
}

/// What a screen reader says of `count` uploads that stopped or came to need their file, `one` of them.
pub fn stopped_text(count: u64, one: &View) -> String {
    let (name, why) = (visible(&one.name), status_text(one));
    match count {
        0 | 1 => format!("{name}: {why}"),
        more => format!("{} need you. One is {name}: {why}", format::count(more, "file")),
    }
}

/// What a screen reader says of `count` uploads that were completed, one of them of this name.
pub fn completed_text(count: u64, name: &str) -> String {
    match count {
        1 => format!("{} is uploaded.", visible(name)),
        more => format!("{} are uploaded.", format::count(more, "file")),
    }
}

/// All is stored, and read once more where the browser would not notice a change.
fn checking_text(view: &View) -> String {
    let (checked, all) = (format::grouped(view.parts_checked.into()), format::grouped(view.part_count.into()));
    format!("All is sent. Checking that the file has not changed: {checked} of {all} parts")
}

fn parts_text(view: &View) -> String {
    format!("{} of {} parts stored", format::grouped(view.parts_stored.into()), format::grouped(view.part_count.into()))
}

/// What the progress bar says to those who hear it.
pub fn progress_text(view: &View) -> String {
    let sending = if view.lanes > 0 { format!(", {} in flight", view.lanes) } else { String::new() };
    match view.part_count {
        0 | 1 => format!("{} percent", view.percent),
        _ => format!("{} percent, {}{sending}", view.percent, parts_text(view)),
    }
}

/// A stage in one word or two.
pub fn stage_text(stage: Stage) -> &'static str {
    match stage {
        Stage::Queued => "Queued",
        Stage::Hashing => "Reading",
        Stage::Uploading => "Uploading",
        Stage::Paused => "Paused",
        Stage::Waiting => "Waiting",
        Stage::NeedsFile => "Needs the file",
        Stage::Completing => "Verifying",
        Stage::Completed => "Done",
        Stage::Failed => "Stopped",
        Stage::Expired => "Expired",
        Stage::Cancelled => "Cancelled",
    }
}

/// A link's name.
pub fn role_name(role: Role) -> &'static str {
    match role {
        Role::Manage => "Manage",
        Role::Contribute => "Contribute",
        Role::View => "View",
        Role::Drop => "Drop",
    }
}

/// What a link's holder may do.
pub fn role_text(role: Role) -> &'static str {
    match role {
        Role::Manage => "Everything, including links and removing people. Keep this one to yourself.",
        Role::Contribute => "Upload, see and download.",
        Role::View => "See and download.",
        Role::Drop => "Upload only. The others' files stay hidden.",
    }
}

/// What I may do, in the room's header.
pub fn my_role_text(role: Role) -> &'static str {
    match role {
        Role::Manage => "You manage this room",
        Role::Contribute => "You can upload and download",
        Role::View => "You can see and download",
        Role::Drop => "You can upload; only you see what you sent",
    }
}

/// What leaving a room does, with so many uploads unfinished.
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

/// What is said to who opened a link that adds nothing to what they may do.
pub fn stays_text(now: Role, link: Role) -> String {
    format!("You stay in as {}, which includes all that the {} link allows.", role_name(now), role_name(link))
}

/// What happens when a link is replaced.
pub fn replace_text(role: Role) -> &'static str {
    match role {
        Role::Manage => {
            "You stay in. Everyone else who came in by it is out at once, and the old link no longer works. \
             Their uploads stop until they open the new link."
        }
        Role::View => {
            "Everyone who came in by it is out at once, and the old link no longer works. \
             They come back with the new link."
        }
        Role::Contribute | Role::Drop => {
            "Everyone who came in by it is out at once, and the old link no longer works. \
             Their uploads stop until they open the new link."
        }
    }
}

/// What happens when a link is ended.
pub fn end_text(role: Role) -> &'static str {
    match role.may_upload() {
        true => {
            "Everyone who came in by it is out at once, and their uploads stop. \
             You can make a new link at any time; with it they go on."
        }
        false => "Everyone who came in by it is out at once. You can make a new link at any time.",
    }
}

/// Why no link is shown.
pub fn no_link_text(unsure: bool) -> &'static str {
    match unsure {
        true => "The answer to the replacement was lost, so the old link may be dead. Try again to get the new one.",
        false => "This device does not know this link, or it was ended.",
    }
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

    const REASONS: [Reason; 23] = [
        Reason::Offline,
        Reason::Retrying,
        Reason::NoProgress,
        Reason::FileChanged,
        Reason::DifferentFile,
        Reason::FileGone,
        Reason::PermissionNeeded,
        Reason::Unreadable,
        Reason::Reloaded,
        Reason::PickAgain,
        Reason::OtherTab,
        Reason::QuotaExceeded,
        Reason::TooManyUploads,
        Reason::TooLarge,
        Reason::AccessLost,
        Reason::UploadLost,
        Reason::RoomClosed,
        Reason::AbortedElsewhere,
        Reason::CompletedElsewhere,
        Reason::Expired,
        Reason::StorageRefused,
        Reason::Corrupted,
        Reason::ServerError,
    ];

    #[test]
    fn every_reason_is_a_sentence_that_fits_two_lines() {
        for reason in REASONS {
            let text = reason_text(reason);
            assert!(text.ends_with('.') && text.len() <= 100, "{}: {}", reason.as_str(), text.len());
        }
    }

    #[test]
    fn every_reason_has_a_sentence_of_its_own() {
        let texts: std::collections::HashSet<_> = REASONS.map(reason_text).into();
        assert_eq!(texts.len(), REASONS.len());
    }

    #[test]
    fn leaving_says_what_becomes_of_unfinished_uploads() {
        assert!(!leave_text(0).contains("upload"));
        assert!(leave_text(1).starts_with("Your unfinished upload is cancelled"));
        assert!(leave_text(1200).starts_with("Your 1,200 unfinished uploads are cancelled"), "{}", leave_text(1200));
    }

    #[test]
    fn replacing_and_ending_a_link_say_who_is_out() {
        for role in Role::ALL {
            for text in [replace_text(role), end_text(role)] {
                assert!(text.contains("who came in by it is out at once"), "{text}");
                assert_eq!(text.contains("uploads"), role.may_upload(), "{text}");
            }
        }
    }

    #[test]
    fn actions_read_as_words() {
        assert_eq!(action_text("room-created"), "Room created");
        assert_eq!(action_text(""), "");
        assert_eq!(action_text("ärger"), "ärger");
    }
}
