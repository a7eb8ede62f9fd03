//! The audit log of a room.

/// Heading of an address that is not a room's.
pub const NO_ROOM: &str = "This is not a room";
/// The sentence under [`NO_ROOM`].
pub const NO_ROOM_TEXT: &str = "The address is wrong. Open the room again and choose its audit log.";

/// The link to the room.
pub const BACK: &str = "Back to the room";
/// The heading.
pub const TITLE: &str = "What happened here";
/// The sentence under the heading.
pub const ABOUT: &str = "Everything done in this room, in order. Each entry has a hash of the one before it, so a later \
                         change would show.";
/// The link to this page, and the accessible name of the table.
pub const LOG: &str = "Audit log";
/// The table's columns, but the last, which has no name.
pub const COLUMNS: [&str; 5] = ["No.", "When", "Who", "What", "On"];
/// The button for further entries.
pub const MORE: &str = "Load more";
/// While they are on their way.
pub const LOADING: &str = "Loading…";
/// Who did what no member did.
pub const SLIPWAY: &str = "Slipway";

/// The button that removes a member.
pub const REMOVE_MEMBER: &str = "Remove member";
/// What removing does.
pub const REMOVE_TEXT: &str =
    "They lose access at once. With a link that works they could join again: replace it, too.";
/// The answer that does it.
pub const REMOVE: &str = "Remove";
/// It is done.
pub const REMOVED: &str = "Removed from the room.";

/// Asked before a member is removed.
pub fn remove_title(member: &str) -> String {
    format!("Remove {member} from the room?")
}
