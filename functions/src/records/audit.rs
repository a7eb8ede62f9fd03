//! Audit entries: `ROOM#id` / `AUDIT#number`, in Audit. An item holds those of one change; its number is the last one's.

use serde::{Deserialize, Serialize};
use slipway_protocol::wire::AuditEntry;
use slipway_protocol::wire::id::RoomId;

use super::room::partition;
use super::sequence;
use crate::table::{Key, Page, Query, TableError, Tables, Write};

/// The most items one page reads.
const PAGE_ITEMS: u32 = 100;
const PREFIX: &str = "AUDIT#";

/// The entries of one change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AuditRecord {
    pub last: u64,
    /// JSON, opaque to the table.
    pub entries: String,
}

fn key(room: RoomId, number: u64) -> Key {
    // Padded: sort keys are compared as text.
    Key::audit(partition(room), format!("{PREFIX}{number:016}"))
}

fn all_of(room: RoomId) -> Key {
    Key::audit(partition(room), PREFIX)
}

/// The write that appends the entries of one change, at least one.
pub fn append(room: RoomId, entries: &[AuditEntry]) -> Write {
    let last = entries.last().map_or(0, |entry| entry.seq);
    let json = serde_json::to_string(entries).expect("entries are plain data");
    // The condition of the sequence already makes the number unique; this one holds even if that item is lost.
    Write::put(&key(room, last), &AuditRecord { last, entries: json })
        .when("attribute_not_exists(#pk)")
        .label(sequence::LABEL)
}

/// The items after a number.
pub async fn page(tables: &Tables, room: RoomId, after: u64) -> Result<Page<AuditRecord>, TableError> {
    tables.query(&Query::new(all_of(room), PAGE_ITEMS).after(Some(key(room, after).sk))).await
}
