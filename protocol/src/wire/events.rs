//! Events of a room, numbered so that a client can detect a gap.

use super::{FileInfo, wire};
use crate::prelude::*;
use crate::wire::id::{FileId, MemberId, RoomId, UploadId};

wire! {
    /// GET /api/rooms/{roomId}/events?after=
    pub struct EventPage {
        pub events: Vec<RoomEvent>,
        /// The number of the room's last event.
        pub last_seq: u64,
        /// The `after` of the next page. Absent at the end.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub next_after: Option<u64>,
    }

    /// One event. Progress has no number, since losing one is harmless.
    pub struct RoomEvent {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub seq: Option<u64>,
        /// Milliseconds since 1970.
        pub at: u64,
        pub room_id: RoomId,
        #[serde(flatten)]
        pub what: Event,
    }


    /// The fields that every upload event carries.
    pub struct UploadFields {
        pub file_id: FileId,
        pub upload_id: UploadId,
        /// Absent when the name is encrypted.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub file_name: Option<String>,
        pub member_id: MemberId,
        pub bytes_uploaded: u64,
        pub total_bytes: u64,
        /// 0 to 100.
        pub percentage: f64,
        /// Bytes per second.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub upload_speed: Option<u64>,
        /// Seconds.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub estimated_time_remaining: Option<u64>,
    }
}

/// The kinds of events.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "type", rename_all = "kebab-case")]
pub enum Event {
    FileUploadStarted {
        #[serde(flatten)]
        upload: UploadFields,
    },
    FileUploadProgress {
        #[serde(flatten)]
        upload: UploadFields,
    },
    FileUploadCompleted {
        #[serde(flatten)]
        upload: UploadFields,
    },
    FileUploadFailed {
        #[serde(flatten)]
        upload: UploadFields,
        reason: String,
    },
    FileAdded {
        file: FileInfo,
    },
    // Not `rename_all_fields`, which utoipa ignores.
    #[serde(rename_all = "camelCase")]
    FileRemoved {
        file_id: FileId,
        member_id: MemberId,
    },
}
