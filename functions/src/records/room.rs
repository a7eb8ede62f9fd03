//! A room: `ROOM#id` / `META`.

use serde::{Deserialize, Serialize};
use slipway_protocol::wire::id::RoomId;

use crate::table::Key;

/// What is known of a room.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RoomRecord {
    /// As shown.
    pub name: String,
    /// Milliseconds since 1970.
    pub created_at: u64,
    /// Nobody gets in any more.
    #[serde(default)]
    pub closed: bool,
}

/// The partition of all that belongs to a room.
pub fn partition(room: RoomId) -> String {
    format!("ROOM#{room}")
}

/// The room's own key.
pub fn key(room: RoomId) -> Key {
    Key::new(partition(room), "META")
}
