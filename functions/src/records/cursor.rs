//! Where the next sweep starts: `SWEEP` / `CURSOR`, in Main.

use serde::{Deserialize, Serialize};

use crate::table::{Key, TableError, Tables, Write, was_written};

/// The first hour that may have something left in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cursor {
    /// Hours since 1970; all before it are empty.
    pub hour: u64,
}

fn key() -> Key {
    Key::main("SWEEP", "CURSOR")
}

/// Where the last sweep ended; none before the first, and after one of another release.
pub async fn get(tables: &Tables) -> Result<Option<Cursor>, TableError> {
    match tables.get(&key()).await {
        // Of a newer release that was rolled back: the pass starts 32 days back (decision 15).
        Err(TableError::UnknownVersion(_)) => Ok(None),
        result => result,
    }
}

/// Remembers where this sweep ended. The cursor of another release stays: that release resumes from it.
pub async fn set(tables: &Tables, cursor: Cursor) -> Result<(), TableError> {
    // The put has no condition but that of the version.
    was_written(tables.write(&Write::put(&key(), &cursor)).await).map(drop)
}
