//! A room's files: adding, filtering, downloading and removing them.

use super::format;

/// The accessible name of the drop zone.
pub const ADD: &str = "Add files";
/// The drop zone on a wide screen.
pub const DROP_WIDE: &str = "Drop files or folders";
/// The drop zone on a narrow screen.
pub const DROP_NARROW: &str = "Add files or folders";
/// Where files can be dropped; [`DROP_LIMIT`] follows.
pub const DROP_WHERE: &str = "Anywhere on this page, or paste. ";
/// The largest file.
pub const DROP_LIMIT: &str = "Up to 5.5 TB each.";
/// Over the whole page while files are dragged onto it.
pub const LET_GO: &str = "Let go to upload";
/// The button that opens the file picker.
pub const CHOOSE_FILES: &str = "Choose files";
/// The button that opens the folder picker.
pub const CHOOSE_FOLDER: &str = "Choose a folder";

/// The accessible name of the list.
pub const LIST: &str = "Files in the room";
/// The heading; the number of files follows.
pub const TITLE: &str = "Files";
/// The filter's placeholder.
pub const FILTER: &str = "Filter by name";
/// The filter's accessible name.
pub const FILTER_LABEL: &str = "Filter files by name";
/// No file passes the filter.
pub const NO_MATCH: &str = "No file name matches. Clear the filter to see all.";
/// Not all files are loaded.
pub const FILTER_PARTLY: &str = "The filter covers only the files loaded so far.";
/// The button for further files.
pub const MORE: &str = "Show more files";
/// While they are on their way.
pub const LOADING: &str = "Loading…";
/// Heading of an empty room.
pub const NONE: &str = "No files yet";
/// Heading of a room none of whose files can be shown, or that may have some.
pub const NONE_SHOWN: &str = "No files to show";
/// Stands for the name of a file that can't be read here.
pub const ENCRYPTED: &str = "Encrypted file";

/// The button of one file.
pub const DOWNLOAD: &str = "Download";
/// The button of one file, and the answer that removes it.
pub const REMOVE: &str = "Remove";
/// What removing does.
pub const REMOVE_TEXT: &str = "It is deleted from storage, for everyone.";
/// It is done.
pub const REMOVED: &str = "Removed.";

/// The sentence in an empty room.
pub fn none_text(may_upload: bool) -> &'static str {
    match may_upload {
        true => "Drop the first file here, or send someone a link so that they can.",
        false => "Files show here as soon as someone uploads them.",
    }
}

/// How many files are loaded; `total` where not all are, which also counts uploads under way.
pub fn counted(known: u64, total: Option<u64>) -> String {
    match total {
        Some(total) => format!("{} of about {}", format::grouped(known), format::grouped(total)),
        None => format::grouped(known),
    }
}

/// The accessible name of the download button.
pub fn download(name: &str) -> String {
    format!("Download {name}")
}

/// The accessible name of the removing button.
pub fn remove(name: &str) -> String {
    format!("Remove {name}")
}

/// Asked before a file is removed.
pub fn remove_title(name: &str) -> String {
    format!("Remove {name} from the room?")
}
