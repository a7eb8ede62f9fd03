//! Uploads: why one stands where it stands, and what to do next.

use wasm_client::{Reason, Stage, View};

use super::format;
use super::names::visible;

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
        Reason::TooLarge => "The file is larger than the room allows, 5.5 TB at most. Split it, or cancel.",
        Reason::AccessLost => "Your access ended. Open the room's new link, and it goes on.",
        Reason::UploadLost => "Someone else took it over, or it was cleared away. To send it yourself, add it again.",
        Reason::RoomClosed => "The room was closed. Ask for a new one.",
        Reason::AbortedElsewhere => "Someone cancelled this upload. Add the file again to start over.",
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
        Stage::Hashing if view.parts.stored == view.parts.count => checking_text(view),
        Stage::Hashing => "Reading the file".into(),
        Stage::Uploading if view.parts.count > 1 => format!("{} · {}", amount(), parts_text(view)),
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
    let (checked, all) = (format::grouped(view.parts.checked.into()), format::grouped(view.parts.count.into()));
    format!("All is sent. Checking that the file has not changed: {checked} of {all} parts")
}

fn parts_text(view: &View) -> String {
    format!(
        "{} of {} parts stored",
        format::grouped(view.parts.stored.into()),
        format::grouped(view.parts.count.into())
    )
}

/// What the progress bar says to those who hear it.
pub fn progress_text(view: &View) -> String {
    let sending = if view.lanes > 0 { format!(", {} in flight", view.lanes) } else { String::new() };
    match view.parts.count {
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

    /// One figure for the largest file on the whole page, in the units of all its sizes.
    #[test]
    fn the_largest_file_is_named_as_sizes_are() {
        let most = format::bytes(slipway_protocol::wire::plan::MAX_FILE_BYTES);
        for text in [reason_text(Reason::TooLarge), super::super::files::DROP_LIMIT, super::super::home::LEAD] {
            assert!(text.contains(&most), "{text}");
        }
    }

    #[test]
    fn every_reason_has_a_sentence_of_its_own() {
        let texts: std::collections::HashSet<_> = REASONS.map(reason_text).into();
        assert_eq!(texts.len(), REASONS.len());
    }
}
