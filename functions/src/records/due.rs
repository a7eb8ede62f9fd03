//! Due items: what the sweep visits, and when. `DUE#hour#shard` / `UPLOAD#id` or `UPLOADED#fileId`, in Main, so that
//! the sweep needs no scan.
//!
//! An item only says "not before then". The record of its subject decides what is done, so that a superfluous or early item
//! does no harm. It is put before the change that needs it.

use serde::{Deserialize, Serialize};
use slipway_protocol::wire::id::{FileId, RoomId, UploadId};

use crate::ids;
use crate::table::{Key, Query, TableError, Tables, Write, read_known, was_written};

/// Spreads the writes of an hour over partitions.
pub const SHARDS: u8 = 4;
const HOUR_MS: u64 = 3_600_000;
/// Items of this release that one sweep reads of a shard; the next one continues.
const MOST_PER_SHARD: usize = 1000;
const PAGE: u32 = 500;
/// Attempts while the sweep keeps deleting the item between our two writes.
const MAX_TRIES: u32 = 5;

/// The subject of a visit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Subject {
    /// An upload, whatever its state.
    Upload {
        /// Which.
        id: UploadId,
    },
    /// The object of a file that was removed.
    Object {
        /// Where it was.
        room: RoomId,
        /// Which.
        file: FileId,
    },
}

/// A due item.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Due {
    /// Not before then, in milliseconds since 1970.
    pub at: u64,
    /// The subject.
    pub what: Subject,
    /// Changes with each note, so that a sweep that deletes the item it visited does not delete a note made since.
    rev: u64,
}

impl Due {
    /// A visit of an upload.
    pub fn upload(id: UploadId, at: u64) -> Self {
        Self::new(at, Subject::Upload { id })
    }

    /// A visit of a removed file's object.
    pub fn object(room: RoomId, file: FileId, at: u64) -> Self {
        Self::new(at, Subject::Object { room, file })
    }

    /// A visit at `at`, in milliseconds since 1970, with a new revision.
    pub fn new(at: u64, what: Subject) -> Self {
        Self { at, what, rev: ids::random_below(1 << 53) }
    }

    fn key(&self) -> Key {
        // Ids are random, so their first byte spreads the items evenly.
        let (shard, sk) = match self.what {
            Subject::Upload { id } => (id.as_bytes()[0] % SHARDS, format!("UPLOAD#{id}")),
            Subject::Object { file, .. } => (file.as_bytes()[0] % SHARDS, format!("UPLOADED#{file}")),
        };
        Key::main(partition(hour(self.at), shard), sk)
    }

    /// The write that puts it, for the transaction that creates its subject.
    pub fn first(&self) -> Write {
        Write::put(&self.key(), self)
    }

    /// Puts it. An earlier item of the same hour stays, with a new revision.
    pub async fn note(&self, tables: &Tables) -> Result<(), TableError> {
        for _ in 0..MAX_TRIES {
            let put = self.first().when("attribute_not_exists(#pk) OR #at > :at").bind("at", self.at);
            if was_written(tables.write(&put).await)? {
                return Ok(());
            }
            let touch = Write::update(&self.key(), "SET #rev = :rev").when("attribute_exists(#pk)");
            if was_written(tables.write(&touch.bind("rev", self.rev)).await)? {
                return Ok(());
            }
        }
        Err(TableError::Busy)
    }

    /// After a visit: replaces this item by the next one, or deletes it, unless it was noted again since.
    pub async fn replace(&self, tables: &Tables, next: Option<u64>) -> Result<(), TableError> {
        let write = match next.map(|at| Self::new(at, self.what)) {
            Some(next) if next.key() == self.key() => next.first(),
            // Noted first, then deleted: a crash in between costs one visit too many, never one too few.
            Some(next) => {
                next.note(tables).await?;
                Write::delete(&self.key())
            }
            None => Write::delete(&self.key()),
        };
        was_written(tables.write(&write.when("#rev = :seen").bind("seen", self.rev)).await).map(drop)
    }
}

/// The hour since 1970 that a time falls into.
pub fn hour(at_ms: u64) -> u64 {
    at_ms / HOUR_MS
}

fn partition(hour: u64, shard: u8) -> String {
    format!("DUE#{hour}#{shard}")
}

/// `UPLOAD#…` and `UPLOADED#…`.
fn all_of(hour: u64, shard: u8) -> Key {
    Key::main(partition(hour, shard), "UPLOAD")
}

/// Due items of one hour and shard.
#[derive(Clone, Debug)]
pub struct Listed {
    /// In no particular order.
    pub due: Vec<Due>,
    /// Whether more are left: beyond the limit, or of another release, which only that release can visit.
    pub more: bool,
}

/// The items that are due at `now_ms`.
pub async fn list(tables: &Tables, hour: u64, shard: u8, now_ms: u64) -> Result<Listed, TableError> {
    let (mut listed, mut known, mut after) = (Listed { more: false, due: Vec::new() }, 0, None);
    loop {
        let page = tables.query_items(&Query::new(all_of(hour, shard), PAGE).after(after)).await?;
        for item in page.items {
            match read_known::<Due>(item)? {
                Some(due) => {
                    known += 1;
                    listed.due.extend(Some(due).filter(|due| due.at <= now_ms));
                }
                // Does not count towards the limit: they stay, and would keep ours behind them from being visited.
                None => listed.more = true,
            }
        }
        after = page.next;
        if after.is_none() || known >= MOST_PER_SHARD {
            listed.more |= after.is_some();
            return Ok(listed);
        }
    }
}
