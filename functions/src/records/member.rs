//! A member of a room: `ROOM#id` / `MEMBER#id`.

use serde::{Deserialize, Serialize};
use slipway_protocol::wire::id::{MemberId, RoomId};
use slipway_protocol::wire::link::Role;

use super::room::partition;
use crate::table::Key;

/// Who stands behind a member. Signed-in users come later.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Principal {
    /// Whoever had the link.
    Anonymous,
}

/// What is known of a member.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MemberRecord {
    /// Which member.
    pub member_id: MemberId,
    /// As the member told it, cleaned.
    pub display_name: String,
    /// Of the last join. What a call may do is decided by its token.
    pub role: Role,
    /// The version of the link at the last join.
    pub link_version: u64,
    /// Who stands behind it.
    pub principal: Principal,
    /// Milliseconds since 1970.
    pub joined_at: u64,
    /// Put out of the room.
    #[serde(default)]
    pub removed: bool,
}

/// The member's key.
pub fn key(room: RoomId, member: MemberId) -> Key {
    Key::new(partition(room), format!("MEMBER#{member}"))
}
