//! Numbered events of a room: `ROOM#id` / `EVENT#number`, in Main, with a time to live. An item holds those of one change;
//! its number is the last one's.

use serde::{Deserialize, Serialize};
use slipway_protocol::wire::Event;
use slipway_protocol::wire::id::RoomId;

use super::room::partition;
use crate::table::{Key, Page, Query, TableError, Tables, Write};

/// How long events are kept, in seconds: 7 days. After a longer absence a client reads the whole room.
const KEEP_SECONDS: u64 = 7 * 24 * 3600;
/// The most items one page reads.
const PAGE_ITEMS: u32 = 100;
const PREFIX: &str = "EVENT#";

/// Some events, numbered `last - events.len() + 1` to `last`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct EventRecord {
    pub last: u64,
    /// Milliseconds since 1970.
    pub at: u64,
    /// JSON, opaque to the table.
    pub events: String,
}

fn key(room: RoomId, number: u64) -> Key {
    // Padded: sort keys are compared as text.
    Key::main(partition(room), format!("{PREFIX}{number:016}"))
}

fn all_of(room: RoomId) -> Key {
    Key::main(partition(room), PREFIX)
}

/// The write that appends the events of one change, the last of which has this number.
pub fn append(room: RoomId, events: &[Event], last: u64, now_ms: u64) -> Write {
    let json = serde_json::to_string(events).expect("events are plain data");
    let item = EventRecord { last, at: now_ms, events: json };
    Write::put(&key(room, last), &item).ttl(Some(now_ms / 1000 + KEEP_SECONDS))
}

/// The items after a number.
pub async fn page(tables: &Tables, room: RoomId, after: u64) -> Result<Page<EventRecord>, TableError> {
    tables.query(&Query::new(all_of(room), PAGE_ITEMS).after(Some(key(room, after).sk))).await
}
