//! Rooms, links and members.

use super::{FileInfo, Label, UploadInfo, wire};
use crate::prelude::*;
use crate::wire::id::{MemberId, RoomId};
use crate::wire::link::{AuthToken, MemberToken, Role, Verifier};

wire! {
    /// POST /api/rooms
    #[serde(deny_unknown_fields)]
    pub struct CreateRoom {
        /// Chosen by the creator, since the links are derived with it.
        // From the client: with an id from the server, making a room would take two calls, and between them it would
        // be a room that nobody can enter (decision 1).
        pub room_id: RoomId,
        /// Shown to everyone in the room. Plain: 1 to 120 characters.
        pub name: Label,
        /// Whether names and descriptions in it are encrypted. Never changes.
        #[serde(default, skip_serializing_if = "core::ops::Not::not")]
        pub sealed: bool,
        /// At least the manage link; one of each role at most.
        pub links: Vec<NewLink>,
    }

    /// A link's verifier, and the room's key wrapped for its holder.
    #[serde(deny_unknown_fields)]
    pub struct NewLink {
        pub role: Role,
        /// SHA-256 of the link's auth token.
        pub verifier: Verifier,
        /// The room's key wrapped for this link; absent if the room is not encrypted. Opaque, at most 4 KiB.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub wrapped_key: Option<String>,
    }

    /// Answer of POST /api/rooms
    pub struct RoomCreated {
        pub room_id: RoomId,
    }

    /// POST /api/rooms/{roomId}/members
    #[serde(deny_unknown_fields)]
    pub struct Join {
        /// The role that the link's fragment names.
        pub role: Role,
        /// Derived from the link's secret.
        pub auth_token: AuthToken,
        /// Plain: 1 to 60 characters.
        pub display_name: Label,
    }

    /// Answer of a join.
    pub struct Joined {
        pub member_id: MemberId,
        /// Sent as `Authorization: Bearer` with later calls.
        pub member_token: MemberToken,
        pub role: Role,
        /// Time without a call after which the token expires, in seconds.
        pub idle_seconds: u64,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub wrapped_key: Option<String>,
    }

    /// GET /api/rooms/{roomId}
    pub struct RoomView {
        pub room_id: RoomId,
        pub name: Label,
        /// Whether names and descriptions in it are encrypted.
        #[serde(default, skip_serializing_if = "core::ops::Not::not")]
        pub sealed: bool,
        /// The caller's role.
        pub role: Role,
        /// The caller's member id.
        pub member_id: MemberId,
        /// The caller's display name.
        pub display_name: Label,
        /// The first page, newest first; GET …/files has more. Empty for the role drop.
        pub files: Vec<FileInfo>,
        /// The `after` of the next page of files. Absent at the end.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub next_files: Option<String>,
        /// Open uploads. A drop member sees only its own.
        pub uploads: Vec<UploadInfo>,
        /// The number of the room's last event. Absent for roles that do not receive all events.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub last_seq: Option<u64>,
        /// Absent for roles that may not see the room's contents.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub quota: Option<Quota>,
        /// Number of upload hosts; a part's `host` is below it.
        pub upload_hosts: u8,
        /// Whether parts are sent to the page's own origin. Their URLs are paths of it then.
        #[serde(default, skip_serializing_if = "core::ops::Not::not")]
        pub upload_same_origin: bool,
    }

    /// Limits and contents of the room.
    pub struct Quota {
        pub max_bytes: u64,
        /// Stored and reserved.
        pub used_bytes: u64,
        pub max_files: u64,
        /// Listed and reserved.
        pub used_files: u64,
        pub max_open_uploads: u64,
        pub open_uploads: u64,
    }

    /// POST /api/rooms/{roomId}/links/{role}: rotates the link.
    #[serde(deny_unknown_fields)]
    pub struct RotateLink {
        pub verifier: Verifier,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub wrapped_key: Option<String>,
    }

    /// Answer of a rotation.
    pub struct LinkRotated {
        pub role: Role,
        /// Counts from 1.
        pub version: u64,
    }

    /// GET /api/rooms/{roomId}/audit
    pub struct AuditPage {
        pub entries: Vec<AuditEntry>,
        /// The `after` of the next page. Absent at the end.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub next_after: Option<u64>,
    }

    /// One operation in the room.
    pub struct AuditEntry {
        /// Counts from 1 without a gap.
        pub seq: u64,
        /// Milliseconds since 1970.
        pub at: u64,
        /// The acting member. Absent for the system.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub member_id: Option<MemberId>,
        /// The operation, such as `room-created`.
        pub action: String,
        /// The object of the operation: an id or a role.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        pub subject: String,
        /// SHA-256, in hex, over the previous entry's chain and this entry, so that a change can be detected.
        pub chain: String,
    }
}
