//! Where the next sweep starts: `SWEEP` / `CURSOR`, in Main.

use serde::{Deserialize, Serialize};

use crate::table::{Key, TableError, Tables, Write};

/// The first hour that may have something left in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cursor {
    /// Hours since 1970; all before it are empty.
    pub hour: u64,
}

fn key() -> Key {
    Key::main("SWEEP", "CURSOR")
}

/// Where the last sweep ended; none before the first.
pub async fn get(tables: &Tables) -> Result<Option<Cursor>, TableError> {
    tables.get(&key()).await
}

/// Remembers where this sweep ended.
pub async fn set(tables: &Tables, cursor: Cursor) -> Result<(), TableError> {
    tables.write(&Write::put(&key(), &cursor)).await
}
