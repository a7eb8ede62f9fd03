//! Where a file is listed: `FILE#id` / `META`, in Main. A call that names only the file finds its room by it.

use serde::{Deserialize, Serialize};
use slipway_protocol::wire::FileInfo;
use slipway_protocol::wire::id::{FileId, RoomId};

use crate::table::{Key, TableError, Tables, Write};

/// Label of the condition that fails when the file is listed already, or no longer.
pub const FILE: &str = "file";

/// Where a file is listed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FilePointer {
    pub room_id: RoomId,
    /// Milliseconds since 1970.
    pub added_at: u64,
}

fn key(file: FileId) -> Key {
    Key::main(partition(file), "META")
}

/// The partition of a file's records, except its place in the list.
pub(super) fn partition(file: FileId) -> String {
    format!("FILE#{file}")
}

/// Where the file is listed; none for one that no room lists.
pub async fn get(tables: &Tables, file: FileId) -> Result<Option<FilePointer>, TableError> {
    tables.get(&key(file)).await
}

/// The write that makes it.
pub fn create(room: RoomId, file: &FileInfo) -> Write {
    let pointer = FilePointer { room_id: room, added_at: file.added_at };
    Write::put(&key(file.file_id), &pointer).when("attribute_not_exists(#pk)").label(FILE)
}

/// The write that removes it; refused when it is gone already.
pub fn delete(file: FileId) -> Write {
    Write::delete(&key(file)).when("attribute_exists(#pk)").label(FILE)
}
