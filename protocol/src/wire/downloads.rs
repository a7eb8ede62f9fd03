//! Files and their downloads.

use super::{Label, Meta, Seal, wire};
use crate::prelude::*;
use crate::wire::id::{FileId, GrantId, MemberId, UploadId};
use crate::wire::plan::Plan;

wire! {
    /// A file in the room.
    pub struct FileInfo {
        pub file_id: FileId,
        pub upload_id: UploadId,
        pub meta: Meta,
        /// In bytes.
        pub size: u64,
        /// The object's ETag, without quotes: the MD5 of a single PUT, or the composite of the parts' MD5s.
        pub etag: String,
        /// How the file was cut into parts. With their digests, the ETag can be computed again.
        pub plan: Plan,
        /// From the initiate, unchanged.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub seal: Option<Seal>,
        pub added_by: MemberId,
        pub display_name: Label,
        /// Milliseconds since 1970.
        pub added_at: u64,
    }

    /// GET /api/rooms/{roomId}/files?after=
    pub struct FilePage {
        pub files: Vec<FileInfo>,
        /// The `after` of the next page. Absent at the end.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub next_after: Option<String>,
    }

    /// POST /api/files/{fileId}/downloads
    #[serde(deny_unknown_fields)]
    pub struct Download {
        /// An earlier grant for the same file. Signing again under it is not charged.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub grant_id: Option<GrantId>,
    }

    /// A signed download.
    pub struct DownloadGrant {
        pub grant_id: GrantId,
        /// Valid for `expiresInSeconds`. Never logged.
        pub url: String,
        pub expires_in_seconds: u64,
        pub size: u64,
        pub etag: String,
    }
}
