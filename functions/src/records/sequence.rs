//! The numbers of a room's last event and last audit entry: `ROOM#id` / `SEQ`, in Main.

use serde::{Deserialize, Serialize};
use slipway_protocol::wire::id::RoomId;

use super::room::partition;
use crate::table::{Key, TableError, Tables, Write};

/// Label of the condition that fails when another writer advanced the sequence first.
pub(crate) const LABEL: &str = "sequence";
/// What the first audit entry is chained to: 32 zero bytes in hex.
pub const CHAIN_START: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// The sequence numbers of a room.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Sequence {
    /// Of the last event.
    pub event: u64,
    /// Of the last audit entry.
    pub audit: u64,
    /// The chain of the last audit entry, in hex.
    pub chain: String,
}

/// The key of the numbers.
pub fn key(room: RoomId) -> Key {
    Key::main(partition(room), "SEQ")
}

/// The numbers as they are now; none for a room that does not exist.
pub async fn get(tables: &Tables, room: RoomId) -> Result<Option<Sequence>, TableError> {
    tables.get(&key(room)).await
}

impl Sequence {
    /// The numbers of a new room.
    pub fn new() -> Self {
        Self { event: 0, audit: 0, chain: CHAIN_START.to_owned() }
    }

    /// The write that creates a room's numbers.
    pub fn first(&self, room: RoomId) -> Write {
        Write::put(&key(room), self).when("attribute_not_exists(#pk)").label(LABEL)
    }

    /// The write that advances the numbers from the ones that were read.
    pub fn advance(&self, room: RoomId, from: &Self) -> Write {
        Write::update(&key(room), "SET #event = :event, #audit = :audit, #chain = :chain")
            .when("#event = :eventBefore AND #audit = :auditBefore")
            .bind("event", self.event)
            .bind("audit", self.audit)
            .bind("chain", &self.chain)
            .bind("eventBefore", from.event)
            .bind("auditBefore", from.audit)
            .label(LABEL)
    }
}

impl Default for Sequence {
    fn default() -> Self {
        Self::new()
    }
}
