//! What is written down of an upload, so that a later page goes on with it.

use super::digest::PartDigest;
use super::{LocalId, Source};
use crate::prelude::*;
use crate::wire::id::{FileId, PartNumber, RoomId, UploadId};
use crate::wire::plan::Plan;

/// A record of the checkpoint: what a later page needs to go on. Small, and written once for each step.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
#[allow(clippy::large_enum_variant)] // Few are alive at a time.
pub enum Record {
    /// The upload itself: before initiate (without a server side) and after it (with).
    Upload(UploadRecord),
    /// The digest promised for a part; before it is signed.
    // A record of its own for each part, so that no write grows with the file.
    Part { part: PartNumber, digest: PartDigest },
}

/// The head record of one upload's checkpoint.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct UploadRecord {
    /// Version of the format; 1.
    pub v: u8,
    /// Key of the record.
    pub id: LocalId,
    /// Its place in the list, which is in the order of adding. 0 in records of earlier pages.
    #[serde(default)]
    pub number: u64,
    /// Where it goes.
    pub room: RoomId,
    /// The file as picked.
    pub source: Source,
    /// The key that makes a repeated initiate one initiate. Empty until its turn comes.
    pub initiate_key: String,
    /// What went into the initiate beside the sources and digests, so that a later page repeats the same body.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub begin: Option<BeginRecord>,
    /// The digest promised for a file that goes up in one PUT: it has no other record.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<PartDigest>,
    /// The upload of the room that it is to continue, until the functions have handed it over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub adopts: Option<UploadId>,
    /// What the functions answered; none until then.
    pub server: Option<ServerSide>,
    /// The user paused it.
    pub paused: bool,
    /// The user cancelled it; the abort is still owed.
    pub cancelled: bool,
    /// The user put the cancelled row away.
    #[serde(default, skip_serializing_if = "core::ops::Not::not")]
    // Without it the row would come back after a reload, since the record stays until the abort is confirmed.
    pub dismissed: bool,
}

/// The body of an initiate, as far as the other records don't tell it. A key with another body is refused.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct BeginRecord {
    /// The uploads that were begun with this key, in their order; this one among them.
    pub batch: Vec<LocalId>,
    /// In bytes per second. The plan depends on it.
    pub rate_hint: Option<u64>,
    /// The parts that went with it, and the upload host of each.
    pub first_parts: Vec<(PartNumber, u8)>,
}

/// What the functions know the upload by.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ServerSide {
    /// The upload.
    pub upload: UploadId,
    /// The file that it will be.
    pub file: FileId,
    /// Its parts.
    pub plan: Plan,
}

/// All records of one upload, read back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// The head.
    pub head: UploadRecord,
    /// Promised digests, in any order.
    pub parts: Vec<(PartNumber, PartDigest)>,
}
