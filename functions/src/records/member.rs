//! A member of a room: `ROOM#id` / `MEMBER#id`, in Access.

use serde::{Deserialize, Serialize};
use slipway_protocol::wire::Label;
use slipway_protocol::wire::id::{MemberId, RoomId};
use slipway_protocol::wire::link::Role;

use super::room::partition;
use crate::table::{Key, TableError, Tables, Write};

/// The identity behind a member. Signed-in users come later.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Principal {
    /// Anyone with the link.
    Anonymous,
}

/// Label of the condition that fails when the member was removed meanwhile.
pub const MEMBER: &str = "member";

/// A member.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MemberRecord {
    /// Which member.
    pub member_id: MemberId,
    /// As the member gave it, without hidden characters.
    pub display_name: Label,
    /// Of the last join. The role of a call is that of its token.
    pub role: Role,
    /// The version of the link at the last join.
    pub link_version: u64,
    /// The identity behind it.
    pub principal: Principal,
    /// Milliseconds since 1970.
    pub joined_at: u64,
    /// Whether it was removed from the room.
    #[serde(default)]
    pub removed: bool,
}

/// The member's key.
pub fn key(room: RoomId, member: MemberId) -> Key {
    Key::access(partition(room), format!("MEMBER#{member}"))
}

/// The member, removed or not; none where there never was one.
pub async fn get(tables: &Tables, room: RoomId, member: MemberId) -> Result<Option<MemberRecord>, TableError> {
    tables.get(&key(room, member)).await
}

impl MemberRecord {
    /// The write that adds a new member.
    pub fn admit(&self, room: RoomId) -> Write {
        Write::put(&key(room, self.member_id), self).when("attribute_not_exists(#pk)")
    }

    /// The write that updates a returning member's name and link.
    pub fn readmit(&self, room: RoomId) -> Write {
        Write::update(&key(room, self.member_id), "SET #displayName = :name, #role = :role, #linkVersion = :version")
            // A removal that happened since the member was read wins.
            .when("#removed = :no")
            .bind("name", &self.display_name)
            .bind("role", self.role)
            .bind("version", self.link_version)
            .bind("no", false)
            .label(MEMBER)
    }
}

/// The write that removes a member.
pub fn remove(room: RoomId, member: MemberId) -> Write {
    let write = Write::update(&key(room, member), "SET #removed = :yes").when("#removed = :no").label(MEMBER);
    write.bind("yes", true).bind("no", false)
}

/// The write that moves a member to another version of its link.
pub fn keep(room: RoomId, member: MemberId, link_version: u64) -> Write {
    let write = Write::update(&key(room, member), "SET #linkVersion = :version").when("attribute_exists(#pk)");
    write.bind("version", link_version)
}
