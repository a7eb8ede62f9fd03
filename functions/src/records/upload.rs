//! An upload: `UPLOAD#id` / `META`, in Main.
//!
//! How its state changes is in [`super::change`].

use serde::{Deserialize, Serialize};
use slipway_protocol::wire::id::{FileId, MemberId, RoomId, UploadId};
use slipway_protocol::wire::plan::Plan;
use slipway_protocol::wire::{FileInfo, Label, Meta, Seal, UploadFields, UploadState};

use super::member::Principal;
use crate::storage::{ObjectKey, S3UploadId};
use crate::table::{Key, TableError, Tables, log_left_out, read_known};

/// Label of the condition that fails when the upload is not in the state that a change needs.
pub const STATE: &str = "upload-state";
/// The most items of one DynamoDB batch read.
const MOST_AT_ONCE: usize = 100;

/// Why an upload is being removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reason {
    /// Its owner cancelled it.
    Cancelled,
    /// A manager of the room removed it.
    Removed,
    /// It ran out of time.
    Expired,
    /// The stored object is not what was promised.
    ObjectMismatch,
    /// Storage knows neither the upload nor the object.
    LostByStorage,
}

impl Reason {
    /// Its name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Cancelled => "cancelled",
            Self::Removed => "removed",
            Self::Expired => "expired",
            Self::ObjectMismatch => "object-mismatch",
            Self::LostByStorage => "lost-by-storage",
        }
    }

    /// The final state, after the removal from storage.
    pub const fn end(self) -> UploadState {
        match self {
            Self::Cancelled | Self::Removed => UploadState::Aborted,
            Self::Expired => UploadState::Expired,
            Self::ObjectMismatch | Self::LostByStorage => UploadState::Failed,
        }
    }
}

/// An upload. Times are in milliseconds since 1970.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct UploadRecord {
    pub upload_id: UploadId,
    pub file_id: FileId,
    pub room_id: RoomId,
    /// Its owner: who began or adopted it.
    pub member_id: MemberId,
    /// Who began it, once another member has adopted it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub begun_by: Option<MemberId>,
    pub principal: Principal,
    pub display_name: Label,
    pub meta: Meta,
    /// As it came with the initiate; never changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seal: Option<Seal>,
    pub plan: Plan,
    /// The storage that has it. There is one today.
    pub storage: String,
    /// Its id in storage; none for a single PUT, and before it is created there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub s3_upload_id: Option<S3UploadId>,
    pub state: UploadState,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Reason>,
    /// Who is removing it; none for the system.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub removed_by: Option<MemberId>,
    /// Number of the last lease: a completion under an older one has lost it.
    pub fence: u64,
    /// When the lease of `completing` ends.
    pub lease_until: u64,
    pub started_at: u64,
    /// When it expires.
    pub due_at: u64,
    /// When the last URL of a single PUT expires: until then, its object can still arrive.
    pub urls_end_at: u64,
    /// When it was completed, or removed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<u64>,
    /// The object's ETag without quotes, once completed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub etag: Option<String>,
}

/// The upload's key.
pub fn key(upload: UploadId) -> Key {
    Key::main(partition(upload), "META")
}

/// The partition of an upload and its promised parts.
pub(super) fn partition(upload: UploadId) -> String {
    format!("UPLOAD#{upload}")
}

/// The upload, as of now.
pub async fn get(tables: &Tables, upload: UploadId) -> Result<Option<UploadRecord>, TableError> {
    tables.get(&key(upload)).await
}

/// Several uploads at once, at most 100, none of them twice, in the order asked for.
pub async fn get_many(
    tables: &Tables,
    uploads: impl IntoIterator<Item = UploadId>,
) -> Result<Vec<Option<UploadRecord>>, TableError> {
    let keys: Vec<_> = uploads.into_iter().map(key).collect();
    tables.get_all(&keys).await
}

/// The states of these uploads of a room, in their order; none where there is no such upload, or one of another release.
pub async fn states(
    tables: &Tables,
    room: RoomId,
    uploads: &[UploadId],
) -> Result<Vec<Option<UploadState>>, TableError> {
    #[derive(Deserialize)]
    struct State {
        state: UploadState,
    }
    let (mut states, mut left_out) = (Vec::with_capacity(uploads.len()), 0);
    // A room that is full has 20 such batches.
    for some in uploads.chunks(MOST_AT_ONCE) {
        let keys: Vec<_> = some.iter().map(|id| key(*id)).collect();
        for item in tables.get_many(&keys).await? {
            let is_there = item.is_some();
            let record: Option<State> = item.map(read_known).transpose()?.flatten();
            left_out += usize::from(is_there && record.is_none());
            states.push(record.map(|record| record.state));
        }
    }
    log_left_out("states of uploads", &super::room::partition(room), left_out);
    Ok(states)
}

impl UploadRecord {
    /// The key of its object.
    pub fn object_key(&self) -> ObjectKey {
        ObjectKey::for_file(self.room_id, self.file_id)
    }

    /// Who began it.
    pub fn beginner(&self) -> MemberId {
        self.begun_by.unwrap_or(self.member_id)
    }

    /// When it expires if its last part arrived at `part_at`.
    pub fn due_after(&self, part_at: u64, idle_ms: u64, life_ms: u64) -> u64 {
        (part_at + idle_ms).min(self.started_at + life_ms)
    }

    /// Seconds until it expires.
    pub fn expires_in_seconds(&self, now: u64) -> u64 {
        self.due_at.saturating_sub(now) / 1000
    }

    /// Whether a completion of it is under way.
    pub fn has_live_lease(&self, now: u64) -> bool {
        self.state == UploadState::Completing && now < self.lease_until
    }

    /// The file that it became, once completed.
    pub fn file(&self) -> Option<FileInfo> {
        Some(FileInfo {
            file_id: self.file_id,
            upload_id: self.upload_id,
            meta: self.meta.clone(),
            size: self.plan.size,
            etag: self.etag.clone()?,
            plan: self.plan,
            seal: self.seal.clone(),
            added_by: self.member_id,
            display_name: self.display_name.clone(),
            added_at: self.ended_at?,
        })
    }

    /// The fields of its events, with this many bytes in storage.
    pub fn event_fields(&self, bytes_uploaded: u64) -> UploadFields {
        UploadFields {
            file_id: self.file_id,
            upload_id: self.upload_id,
            file_name: self.meta.name().map(str::to_owned),
            member_id: self.member_id,
            bytes_uploaded,
            total_bytes: self.plan.size,
            percentage: percentage(bytes_uploaded, self.plan.size),
            upload_speed: None,
            estimated_time_remaining: None,
        }
    }
}

/// 0 to 100; 100 for an empty file.
pub fn percentage(bytes: u64, size: u64) -> f64 {
    if size == 0 { 100.0 } else { bytes as f64 * 100.0 / size as f64 }
}
