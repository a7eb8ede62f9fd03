//! A room: `ROOM#id` / `META`, in Main.

use serde::{Deserialize, Serialize};
use slipway_protocol::wire::Label;
use slipway_protocol::wire::id::RoomId;

use crate::table::{Key, Write};

/// A room.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RoomRecord {
    /// As shown.
    pub name: Label,
    /// Whether names and descriptions in it are encrypted.
    #[serde(default)]
    pub sealed: bool,
    /// Milliseconds since 1970.
    pub created_at: u64,
    /// Whether it is closed to everyone.
    #[serde(default)]
    pub closed: bool,
}

/// Label of the condition that fails when the id is taken.
pub const ROOM: &str = "room";

/// The partition of all that belongs to a room, in each table.
pub(super) fn partition(room: RoomId) -> String {
    format!("ROOM#{room}")
}

/// The room's own key.
pub fn key(room: RoomId) -> Key {
    Key::main(partition(room), "META")
}

/// The write that makes a room.
pub fn create(room: RoomId, record: &RoomRecord) -> Write {
    Write::put(&key(room), record).when("attribute_not_exists(#pk)").label(ROOM)
}
