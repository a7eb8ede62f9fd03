//! The panel of this device's uploads: totals, filters, buttons, speed limit.

use super::format;

/// Which uploads to show.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Filter {
    #[default]
    All,
    Active,
    Attention,
    Done,
}

/// The panel's heading and its accessible name.
pub const TITLE: &str = "Your uploads";
/// The accessible name of the bar over all uploads.
pub const ALL_TOGETHER: &str = "All uploads together";
/// The accessible name of the filters.
pub const FILTERS: &str = "Which uploads to show";
/// No upload passes the filter.
pub const NONE: &str = "None of these now.";
/// The accessible name of the legend.
pub const LEGEND: &str = "What the colours of the parts mean";
/// The legend's entries, each with its class.
pub const LEGEND_ENTRIES: [(&str, &str); 5] = [
    ("planned", "planned"),
    ("hashed", "hashed"),
    ("inflight", "in flight"),
    ("again", "sent again"),
    ("stored", "stored"),
];

/// Buttons for all uploads.
pub const RETRY_ALL: &str = "Retry all";
pub const RESUME_ALL: &str = "Resume all";
pub const PAUSE_ALL: &str = "Pause all";
pub const CANCEL_ALL: &str = "Cancel all";
pub const CLEAR_FINISHED: &str = "Clear finished";
/// What cancelling all does.
pub const CANCEL_ALL_TEXT: &str = "What is stored of them is deleted. Finished files stay in the room.";

/// Buttons of one upload.
pub const TAKE_OVER: &str = "Take over";
pub const RETRY: &str = "Retry";
pub const RESUME: &str = "Resume";
pub const PAUSE: &str = "Pause";
pub const CANCEL: &str = "Cancel";
pub const DISMISS: &str = "Take off the list";
pub const PICK_AGAIN: &str = "Pick again";

/// Label of the speed limit.
pub const SPEED_LIMIT: &str = "Speed limit";
/// No limit.
pub const NO_LIMIT: &str = "None";
/// A limit that is typed.
pub const OTHER_LIMIT: &str = "Other…";
/// The accessible name of the field for it.
pub const LIMIT_FIELD: &str = "Limit in megabytes per second";
/// The unit behind the field.
pub const LIMIT_UNIT: &str = "MB/s";
/// What a limit means.
pub const LIMIT_HELP: &str =
    "An average: parts already on their way go at full speed, so it can be passed by one part.";

/// The button of a filter; the number of its rows follows.
pub fn filter(filter: Filter) -> &'static str {
    match filter {
        Filter::All => "All",
        Filter::Active => "Running",
        Filter::Attention => "Needs you",
        Filter::Done => "Done",
    }
}

/// A limit that needs no typing: `none`, or megabytes per second.
pub fn limit(choice: &str) -> String {
    match choice {
        "none" => NO_LIMIT.into(),
        megabytes => format!("{megabytes} {LIMIT_UNIT}"),
    }
}

/// Asked before all uploads are cancelled.
pub fn cancel_all_title(open: u64) -> String {
    format!("Cancel {}?", format::count(open, "upload"))
}

/// What cancelling an upload loses.
pub fn cancel_text(bytes: u64) -> String {
    format!("{} have been sent and would be deleted. Pause keeps them.", format::bytes(bytes))
}

/// The accessible name of a button: its word first, as it is seen, and which file it is for.
pub fn of_file(word: &str, name: &str) -> String {
    format!("{word}: {name}")
}

/// The accessible name of an upload's progress bar.
pub fn upload_of(name: &str) -> String {
    format!("Upload of {name}")
}

/// Time left, of `seconds`.
pub fn left(seconds: u64) -> String {
    format!("{} left", format::duration(seconds))
}

/// How many files are completed.
pub fn done_of(done: u64, all: u64) -> String {
    format!("{} of {} done", format::grouped(done), format::count(all, "file"))
}

/// How many of these files go to other rooms.
pub fn in_other_rooms(files: u64) -> String {
    format!("with {} in other rooms", format::grouped(files))
}
