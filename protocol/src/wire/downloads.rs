//! Files and their downloads.

use super::{Label, Meta, Seal, wire};
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
        /// How the file was cut: with the parts' digests it gives the ETag again.
        pub plan: Plan,
        /// As it came with the initiate.
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
        /// Ask again with `after=` this for more.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub next_after: Option<String>,
    }

    /// POST /api/files/{fileId}/downloads
    #[serde(deny_unknown_fields)]
    pub struct Download {
        /// An earlier grant for the same file: signing again under it costs nothing.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub grant_id: Option<GrantId>,
    }

    /// A download that may be started now.
    pub struct DownloadGrant {
        pub grant_id: GrantId,
        /// GET it within `expiresInSeconds`. Never logged.
        pub url: String,
        pub expires_in_seconds: u64,
        pub size: u64,
        pub etag: String,
    }
}
