//! Uploads: initiate, presign, status, complete, adopt.

use crate::prelude::*;
use alloc::collections::BTreeMap;

use super::{FileInfo, Label, Meta, Seal, wire};
use crate::wire::digest::Digest;
use crate::wire::error::ApiError;
use crate::wire::id::{FileId, MemberId, PartNumber, RoomId, UploadId};
use crate::wire::plan::Plan;

wire! {
    /// POST /api/rooms/{roomId}/uploads
    #[serde(deny_unknown_fields)]
    pub struct Initiate {
        /// 1 to 20. All start, or none.
        pub uploads: Vec<NewUpload>,
    }

    /// One file to upload.
    #[serde(deny_unknown_fields)]
    pub struct NewUpload {
        pub meta: Meta,
        /// Stored with the upload and the file. Never changes.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub seal: Option<Seal>,
        /// The file's size in bytes.
        pub size: u64,
        /// The rate of earlier uploads, in bytes per second.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub rate_hint: Option<u64>,
        /// Parts already hashed, at most 16. The answer has their signed requests.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        pub first_parts: Vec<PartToSign>,
    }

    /// Answer of initiate, in the order of the request.
    pub struct Initiated {
        pub uploads: Vec<StartedUpload>,
    }

    /// A started upload.
    pub struct StartedUpload {
        pub upload_id: UploadId,
        pub file_id: FileId,
        pub plan: Plan,
        /// Seconds until the upload expires, unless parts arrive.
        pub expires_in_seconds: u64,
        /// For the first parts, in their order.
        pub requests: Vec<SignedRequest>,
    }

    /// POST /api/uploads/{uploadId}/parts
    #[serde(deny_unknown_fields)]
    pub struct Presign {
        /// 1 to 100.
        pub parts: Vec<PartToSign>,
    }

    /// A part with its promised digest, which can never change.
    #[serde(deny_unknown_fields)]
    #[derive(Copy, Eq)]
    pub struct PartToSign {
        pub part_number: PartNumber,
        pub digest: Digest,
        /// Index of the upload host, from 0.
        #[serde(default)]
        pub host: u8,
    }

    /// Answer of presign, in the order of the request.
    pub struct Presigned {
        pub requests: Vec<SignedRequest>,
    }

    /// A request to storage, ready to send. Never logged.
    #[derive(Eq)]
    pub struct SignedRequest {
        pub part_number: PartNumber,
        /// Always PUT today.
        pub method: String,
        /// An absolute URL, or a path of the page's own origin if the room has `uploadSameOrigin`.
        pub url: String,
        /// Sent unchanged. The browser adds Content-Length.
        pub headers: BTreeMap<String, String>,
        // A span, not a time, since a client's clock may be wrong by hours.
        pub expires_in_seconds: u64,
    }

    /// GET /api/uploads/{uploadId}?after=
    pub struct UploadStatus {
        pub upload_id: UploadId,
        pub file_id: FileId,
        pub room_id: RoomId,
        pub state: UploadState,
        /// Why the upload failed or was aborted.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub reason: Option<String>,
        pub meta: Meta,
        pub plan: Plan,
        /// Seconds until the upload expires, unless parts arrive.
        pub expires_in_seconds: u64,
        /// The parts that storage has, ascending. Empty once the upload is no longer open.
        pub parts: Vec<StoredPart>,
        /// The `after` of the next page of parts. Absent at the end.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub next_after: Option<PartNumber>,
        /// The file, once completed.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub file: Option<FileInfo>,
    }

    /// A part, as storage reports it.
    #[derive(Copy, Eq)]
    pub struct StoredPart {
        pub part_number: PartNumber,
        pub size: u64,
        pub digest: Digest,
    }

    /// GET /api/uploads/{uploadId}/progress
    pub struct Progress {
        pub file_id: FileId,
        pub upload_id: UploadId,
        pub room_id: RoomId,
        /// Absent when the name is encrypted.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub file_name: Option<String>,
        pub bytes_uploaded: u64,
        pub total_bytes: u64,
        /// 0 to 100.
        pub percentage: f64,
        /// Bytes per second; absent while unknown.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub upload_speed: Option<u64>,
        /// Seconds; absent while unknown.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub estimated_time_remaining: Option<u64>,
    }


    /// POST /api/rooms/{roomId}/completions
    #[serde(deny_unknown_fields)]
    pub struct CompleteMany {
        /// 1 to 20.
        pub upload_ids: Vec<UploadId>,
    }

    /// Answer of the batch form, in the order of the request.
    pub struct CompletedMany {
        pub results: Vec<CompletionResult>,
    }


    /// POST /api/uploads/{uploadId}/adopt. Without proofs the answer is the challenge.
    #[serde(deny_unknown_fields)]
    pub struct Adopt {
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        pub proofs: Vec<Proof>,
    }

    /// The digest of one part that the challenge named.
    #[serde(deny_unknown_fields)]
    #[derive(Copy, Eq)]
    pub struct Proof {
        pub part_number: PartNumber,
        pub digest: Digest,
    }


    /// An open upload as the room lists it.
    pub struct UploadInfo {
        pub upload_id: UploadId,
        pub file_id: FileId,
        pub meta: Meta,
        pub size: u64,
        pub state: UploadState,
        /// The member who uploads it: the one who started it, or the last who adopted it.
        pub member_id: MemberId,
        pub display_name: Label,
        /// Whether the caller may send its parts and complete it.
        pub mine: bool,
        /// As last reported, for display.
        pub bytes_uploaded: u64,
        /// Time of the start, in milliseconds since 1970.
        pub started_at: u64,
    }
}

/// The state of an upload.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum UploadState {
    /// Recorded, but not yet created in storage.
    Pending,
    /// Open for parts.
    Uploading,
    /// Being completed.
    Completing,
    /// The file is in the room.
    Completed,
    /// Verification failed for good.
    Failed,
    /// Being removed from storage.
    Aborting,
    /// Removed.
    Aborted,
    /// Expired and removed.
    Expired,
}

impl UploadState {
    /// The state's name in records.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Uploading => "uploading",
            Self::Completing => "completing",
            Self::Completed => "completed",
            Self::Failed => "failed",
            Self::Aborting => "aborting",
            Self::Aborted => "aborted",
            Self::Expired => "expired",
        }
    }

    /// Whether parts may still be signed.
    pub const fn is_open(self) -> bool {
        matches!(self, Self::Pending | Self::Uploading)
    }
}

/// Answer of complete: 200 when the file is in the room, 202 while the upload is being completed.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "state", rename_all = "kebab-case")]
#[allow(clippy::large_enum_variant, reason = "an answer lives as long as its call, and there are twenty at most")]
pub enum Completion {
    /// The file is in the room.
    Completed { file: FileInfo },
    /// Still being completed. Request the status after `retryAfterSeconds`.
    // Not `rename_all_fields`, which utoipa ignores.
    #[serde(rename_all = "camelCase")]
    Completing { retry_after_seconds: u64 },
}

/// One result of the batch form.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(untagged)]
pub enum CompletionResult {
    Done(Completion),
    Failed { error: ApiError },
}

/// Answer of adopt.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "state", rename_all = "kebab-case")]
pub enum Adoption {
    /// Send the digests of these parts.
    Challenge { plan: Plan, parts: Vec<PartNumber> },
    /// The caller may continue the upload.
    #[serde(rename_all = "camelCase")]
    Adopted { upload_id: UploadId },
}
