//! A permission to download one file: `GRANT#id` / `META`, in Main.

use serde::{Deserialize, Serialize};
use slipway_protocol::wire::id::{FileId, GrantId, MemberId, RoomId};

use crate::table::{Key, TableError, Tables, Write};

/// Who may download what, and until when.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct GrantRecord {
    pub room_id: RoomId,
    pub file_id: FileId,
    pub member_id: MemberId,
    /// Seconds since 1970. The table drops it later.
    pub ttl: u64,
}

fn key(grant: GrantId) -> Key {
    Key::main(format!("GRANT#{grant}"), "META")
}

/// The grant, whether it holds or not.
pub async fn get(tables: &Tables, grant: GrantId) -> Result<Option<GrantRecord>, TableError> {
    tables.get(&key(grant)).await
}

/// The write that gives it.
pub fn create(id: GrantId, grant: &GrantRecord) -> Write {
    Write::put(&key(id), grant).when("attribute_not_exists(#pk)")
}
