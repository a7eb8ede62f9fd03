//! A file that a room lists: `ROOM#id` / `FILE#time.id`, and `FILE#id` / `META`, which says where that is.
//!
//! The time in front, 13 digits of milliseconds, lets the room list the newest first.

use serde::{Deserialize, Serialize};
use slipway_protocol::wire::id::{FileId, RoomId};
use slipway_protocol::wire::{FileInfo, FilePage};

use super::room::partition;
use crate::storage::ObjectKey;
use crate::table::{Key, Query, Table, TableError, Write};

/// What the refusal of a removal is told by.
pub const FILE: &str = "file";
const PREFIX: &str = "FILE#";

/// Where a file is listed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FilePointer {
    pub room_id: RoomId,
    /// Milliseconds since 1970.
    pub added_at: u64,
}

fn pointer_key(file: FileId) -> Key {
    Key::new(format!("FILE#{file}"), "META")
}

fn listed_key(room: RoomId, added_at: u64, file: FileId) -> Key {
    Key::new(partition(room), format!("{PREFIX}{}", position(added_at, file)))
}

fn position(added_at: u64, file: FileId) -> String {
    format!("{added_at:013}.{file}")
}

/// Lists a file. For the transaction that completes its upload.
pub fn list(room: RoomId, file: &FileInfo) -> [Write; 2] {
    let pointer = FilePointer { room_id: room, added_at: file.added_at };
    [
        Write::put(&listed_key(room, file.added_at, file.file_id), file).when("attribute_not_exists(#pk)").label(FILE),
        Write::put(&pointer_key(file.file_id), &pointer).when("attribute_not_exists(#pk)").label(FILE),
    ]
}

/// Takes a file off the list. For the transaction that frees its quota; refused when it is gone already.
pub fn unlist(room: RoomId, file: &FileInfo) -> [Write; 2] {
    [
        Write::delete(&listed_key(room, file.added_at, file.file_id)).when("attribute_exists(#pk)").label(FILE),
        Write::delete(&pointer_key(file.file_id)).when("attribute_exists(#pk)").label(FILE),
    ]
}

/// The room's file of this id.
pub async fn get(table: &Table, room: RoomId, file: FileId) -> Result<Option<FileInfo>, TableError> {
    let pointer: Option<FilePointer> = table.get(&pointer_key(file)).await?;
    let Some(pointer) = pointer.filter(|pointer| pointer.room_id == room) else { return Ok(None) };
    table.get(&listed_key(room, pointer.added_at, file)).await
}

/// Whether any room lists the file.
pub async fn is_listed(table: &Table, file: FileId) -> Result<bool, TableError> {
    Ok(table.get::<FilePointer>(&pointer_key(file)).await?.is_some())
}

/// A page of the room's files, the newest first. `after`: the `next_after` of the page before.
pub async fn page(table: &Table, room: RoomId, after: Option<&str>, limit: u32) -> Result<FilePage, TableError> {
    let after = after.map(|position| format!("{PREFIX}{position}"));
    let page = table.query::<FileInfo>(&Query::new(partition(room), PREFIX, limit).after(after).descending()).await?;
    let last = page.next.as_deref().and_then(|sk| sk.strip_prefix(PREFIX));
    Ok(FilePage { next_after: last.map(str::to_owned), files: page.items })
}

/// Where the file's bytes are.
pub fn object_key(room: RoomId, file: FileId) -> ObjectKey {
    ObjectKey::for_file(room, file)
}
