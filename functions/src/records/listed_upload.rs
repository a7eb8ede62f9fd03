//! An open upload in its room's list: `ROOM#id` / `UPLOAD#id`, in Main. Deleted when the upload ends.

use serde::{Deserialize, Serialize};
use slipway_protocol::wire::id::{FileId, MemberId, RoomId, UploadId};
use slipway_protocol::wire::{Label, Meta, UploadInfo, UploadState};

use super::room::partition;
use super::upload::UploadRecord;
use crate::table::{Key, Query, TableError, Tables, Write, read_list};

/// Uploads that are read of a room: more than the default limit of open ones.
const MOST_LISTED: usize = 5_000;
const PREFIX: &str = "UPLOAD#";

/// An open upload as the room's list has it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ListedUpload {
    pub upload_id: UploadId,
    pub file_id: FileId,
    pub meta: Meta,
    pub size: u64,
    pub member_id: MemberId,
    /// Who began it, once another member has adopted it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub begun_by: Option<MemberId>,
    pub display_name: Label,
    pub started_at: u64,
    /// As last read from storage.
    pub bytes_uploaded: u64,
    /// When that was.
    pub progress_at: u64,
    /// Bytes per second between the last two reads; 0 before the second.
    pub speed: u64,
}

fn key(room: RoomId, upload: UploadId) -> Key {
    Key::main(partition(room), format!("{PREFIX}{upload}"))
}

fn all_of(room: RoomId) -> Key {
    Key::main(partition(room), PREFIX)
}

/// The upload's place in the list; none once it has ended.
pub async fn get(tables: &Tables, upload: &UploadRecord) -> Result<Option<ListedUpload>, TableError> {
    tables.get(&key(upload.room_id, upload.upload_id)).await
}

/// The write that lists an upload, when it begins.
pub fn list_upload(upload: &UploadRecord) -> Write {
    Write::put(&key(upload.room_id, upload.upload_id), &ListedUpload::of(upload))
}

/// The write that takes it off the list.
pub fn unlist(upload: &UploadRecord) -> Write {
    Write::delete(&key(upload.room_id, upload.upload_id))
}

/// The write that hands it to another member, and keeps the one who began it.
pub fn hand_over_to(upload: &UploadRecord, by: MemberId, display_name: &Label) -> Write {
    let hand = "SET #memberId = :by, #displayName = :name, #begunBy = if_not_exists(#begunBy, :before)";
    Write::update(&key(upload.room_id, upload.upload_id), hand)
        .when("attribute_exists(#pk)")
        .bind("by", by)
        .bind("name", display_name)
        .bind("before", upload.member_id)
}

/// Stores its progress.
///
/// # Errors
/// [`TableError::Refused`] when it is off the list.
pub async fn store_progress(tables: &Tables, upload: &UploadRecord, now: &ListedUpload) -> Result<(), TableError> {
    let set = "SET #bytesUploaded = :bytes, #speed = :speed, #progressAt = :at";
    // DynamoDB creates a missing item on update: an upload that has ended would be back in the list.
    let write = Write::update(&key(upload.room_id, upload.upload_id), set).when("attribute_exists(#pk)");
    let write = write.bind("bytes", now.bytes_uploaded).bind("speed", now.speed).bind("at", now.progress_at);
    tables.write(&write).await
}

/// A room's open uploads, the latest first, without those that another release listed.
pub async fn list(tables: &Tables, room: RoomId) -> Result<Vec<ListedUpload>, TableError> {
    let query = Query::new(all_of(room), 500);
    let items = tables.query_all_items(&query, MOST_LISTED).await?;
    let mut all: Vec<ListedUpload> = read_list("uploads", &partition(room), items)?;
    // The sort keys are random ids, so the table has no order to offer.
    all.sort_by_key(|upload| std::cmp::Reverse((upload.started_at, upload.upload_id)));
    Ok(all)
}

impl ListedUpload {
    /// Whether this member began or adopted it.
    pub fn is_of(&self, member: MemberId) -> bool {
        self.member_id == member || self.begun_by == Some(member)
    }

    /// On the wire, for this member. `state` comes from the upload's own record: the list does not follow each change
    /// of it.
    pub fn to_info(&self, state: UploadState, me: MemberId) -> UploadInfo {
        UploadInfo {
            upload_id: self.upload_id,
            file_id: self.file_id,
            meta: self.meta.clone(),
            size: self.size,
            state,
            member_id: self.member_id,
            display_name: self.display_name.clone(),
            mine: self.member_id == me,
            bytes_uploaded: self.bytes_uploaded,
            started_at: self.started_at,
        }
    }

    /// Of an upload that begins.
    fn of(upload: &UploadRecord) -> Self {
        Self {
            upload_id: upload.upload_id,
            file_id: upload.file_id,
            meta: upload.meta.clone(),
            size: upload.plan.size,
            member_id: upload.member_id,
            begun_by: upload.begun_by,
            display_name: upload.display_name.clone(),
            started_at: upload.started_at,
            bytes_uploaded: 0,
            progress_at: upload.started_at,
            speed: 0,
        }
    }
}
