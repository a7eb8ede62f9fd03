//! A file in its room's list: `ROOM#id` / `FILE#time.id`, in Main.
//!
//! The time in front, 13 digits of milliseconds, lets the room list the newest first.

use slipway_protocol::wire::id::{FileId, RoomId};
use slipway_protocol::wire::{FileInfo, FilePage};

use super::file_plan;
use super::file_pointer::{self, FILE};
use super::room::partition;
use crate::storage::ObjectKey;
use crate::table::{Key, Query, TableError, Tables, Write};

const PREFIX: &str = "FILE#";

fn key(room: RoomId, added_at: u64, file: FileId) -> Key {
    Key::main(partition(room), format!("{PREFIX}{}", position(added_at, file)))
}

fn all_of(room: RoomId) -> Key {
    Key::main(partition(room), PREFIX)
}

fn position(added_at: u64, file: FileId) -> String {
    format!("{added_at:013}.{file}")
}

/// Lists a file. For the transaction that completes its upload.
pub fn list(room: RoomId, file: &FileInfo) -> [Write; 2] {
    [
        Write::put(&key(room, file.added_at, file.file_id), file).when("attribute_not_exists(#pk)").label(FILE),
        file_pointer::create(room, file),
    ]
}

/// Removes a file and all its records. For the transaction that frees its quota; refused when it was removed before.
pub fn unlist(room: RoomId, file: &FileInfo) -> Vec<Write> {
    let listed = Write::delete(&key(room, file.added_at, file.file_id)).when("attribute_exists(#pk)").label(FILE);
    let mut writes = vec![listed, file_pointer::delete(file.file_id)];
    writes.extend(file_plan::delete(file.file_id, &file.plan));
    writes
}

/// The room's file of this id.
pub async fn get(tables: &Tables, room: RoomId, file: FileId) -> Result<Option<FileInfo>, TableError> {
    // A file of another room counts as missing, so that ids cannot be probed.
    let Some(pointer) = file_pointer::get(tables, file).await?.filter(|pointer| pointer.room_id == room) else {
        return Ok(None);
    };
    tables.get(&key(room, pointer.added_at, file)).await
}

/// Whether any room lists the file.
pub async fn is_listed(tables: &Tables, file: FileId) -> Result<bool, TableError> {
    Ok(file_pointer::get(tables, file).await?.is_some())
}

/// A page of the room's files, the newest first, without those that another release listed. `after`: the `next_after` of
/// the page before.
pub async fn page(tables: &Tables, room: RoomId, after: Option<&str>, limit: u32) -> Result<FilePage, TableError> {
    let after = after.map(|position| format!("{PREFIX}{position}"));
    let query = Query::new(all_of(room), limit).after(after).descending();
    let page = tables.query_known::<FileInfo>("files", &query).await?;
    let last = page.next.as_deref().and_then(|sk| sk.strip_prefix(PREFIX));
    Ok(FilePage { next_after: last.map(str::to_owned), files: page.items })
}

/// The key of the file's object.
pub fn object_key(room: RoomId, file: FileId) -> ObjectKey {
    ObjectKey::for_file(room, file)
}
