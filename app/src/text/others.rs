//! Uploads of others, and uploads begun earlier that a picked file may continue.

use super::{format, panel};

/// The accessible name of the list of others' uploads.
pub const LIST: &str = "Other uploads";
/// Its heading.
pub const TITLE: &str = "Also on the way";
/// Who sends an upload of one's own from another page.
pub const YOU_ELSEWHERE: &str = "You, in another browser or tab";
/// The button that takes such an upload over.
pub const GO_ON_HERE: &str = "Go on here";
/// What cancelling does.
pub const CANCEL_TEXT: &str = "What is stored of it is deleted, and its sender sees that it was cancelled.";
/// The answer that cancels an upload.
pub const CANCEL: &str = "Cancel upload";

/// What continuing does.
pub const OFFER_TEXT: &str =
    "If it is the same file, only what is missing is sent. That is checked by its content, part by part.";
/// The button that starts over.
pub const UPLOAD_AGAIN: &str = "Upload from the start";
/// The button that continues.
pub const GO_ON: &str = "Go on";
/// Who began an upload of this device.
pub const BEGUN_HERE: &str = "begun on this device";

/// The accessible name of an upload's progress bar.
pub fn how_far(name: &str) -> String {
    format!("How far {name} is")
}

/// The accessible name of the button that takes an upload over: its word first, as it is seen.
pub fn go_on_with(name: &str) -> String {
    panel::of_file(GO_ON_HERE, name)
}

/// A file of another size was picked.
pub fn another_file(bytes: u64) -> String {
    format!("That is another file: it has {}.", format::bytes(bytes))
}

/// The accessible name of the cancelling button.
pub fn cancel(name: &str) -> String {
    format!("Cancel the upload of {name}")
}

/// Asked before an upload is cancelled.
pub fn cancel_title(name: &str) -> String {
    format!("Cancel the upload of {name}?")
}

/// Asked about one picked file.
pub fn offer_title(name: &str) -> String {
    format!("Go on with {name}?")
}

/// Asked about several picked files at once.
pub fn offers_title(count: u64) -> String {
    offer_title(&format::count(count, "unfinished file"))
}

/// Who began an upload.
pub fn begun_by(who: &str) -> String {
    format!("begun by {who}")
}

/// How far an upload is; who began it follows.
pub fn offer_amount(bytes: u64, size: u64) -> String {
    format!("{}, ", format::bytes_of(bytes, size))
}

/// Offers that are not listed.
pub fn offers_more(count: u64) -> String {
    format!("and {} more", format::grouped(count))
}

/// The dialog was closed without an answer.
pub fn not_added(files: u64) -> String {
    format!("{} not added.", format::count(files, "file"))
}
