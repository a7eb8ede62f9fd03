//! The start page.

use super::format;

/// The heading.
pub const TITLE: &str = "Send files of any size.";
/// The paragraph under the heading.
pub const LEAD: &str = "Slipway brings files of up to 5.5 TB from your browser straight into storage, proves that every \
                        part arrived, and shares them in a room whose link you hand out.";
/// First promise.
pub const CHECKED: &str = "Every part is checked by its digest";
/// Second promise.
pub const RESUMED: &str = "A reload or a lost network costs nothing that was stored";
/// Third promise.
pub const NO_ACCOUNT: &str = "No account: the link is the key";

/// Heading of the form.
pub const NEW_ROOM: &str = "Make a room";
/// Label of the room's name.
pub const ROOM_NAME: &str = "Name of the room";
/// The form was sent with an empty field.
pub const NAMES_MISSING: &str = "Give the room and yourself a name; others see both.";
/// The form's button.
pub const MAKE: &str = "Make the room";
/// The form's button while the room is being made.
pub const MAKING: &str = "Making the room…";

/// Heading of the unfinished uploads.
pub const UNFINISHED: &str = "Unfinished uploads on this device";
/// Stands for the name of a room that this device is no longer a member of.
pub const LEFT_ROOM: &str = "A room this device left";
/// What can be done about the uploads to such a room.
pub const LEFT_ROOM_TEXT: &str = "Open a link of the room to resume its uploads, or discard them here.";
/// The button that gives them up, and the answer to [`DISCARD_TITLE`].
pub const DISCARD: &str = "Discard";
/// Asked before they are given up.
pub const DISCARD_TITLE: &str = "Discard unfinished uploads?";
/// What giving them up does.
pub const DISCARD_TEXT: &str =
    "This device forgets these uploads. The room clears what is stored of them within 7 days.";

/// Heading of the rooms that this device knows.
pub const ROOMS: &str = "Your rooms";
/// While there are none.
pub const NO_ROOMS: &str = "Rooms that you make or join with this browser are listed here.";
/// Between a role and a member's name: `Manage, as Ada`.
pub const ROLE_AS: &str = ", as ";

/// How much is unfinished in one room: `3 files, 1.2 of 3.4 GB`.
pub fn unfinished(files: u64, bytes: u64, size: u64) -> String {
    format!("{}, {}", format::count(files, "file"), format::bytes_of(bytes, size))
}

/// The accessible name of a tile's progress bar.
pub fn uploads_to(room: &str) -> String {
    format!("Uploads to {room}")
}
