//! Whose pass of the sweep is running: `SWEEP` / `LEASE`, in Main.

use serde::{Deserialize, Serialize};

use crate::table::{Key, TableError, Tables, Write, was_written};

/// Held by one pass at a time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SweepLease {
    /// Random, so that a pass that outlived its lease does not end the next one's.
    pub holder: String,
    /// When another pass may take it, in milliseconds since 1970.
    pub until: u64,
}

fn key() -> Key {
    Key::main("SWEEP", "LEASE")
}

/// Takes the lease, at `now` in milliseconds since 1970. False: another pass holds it.
pub async fn take(tables: &Tables, lease: &SweepLease, now: u64) -> Result<bool, TableError> {
    let put = Write::put(&key(), lease).when("attribute_not_exists(#pk) OR #until <= :now").bind("now", now);
    if was_written(tables.write(&put).await)? {
        return Ok(true);
    }
    match tables.get::<SweepLease>(&key()).await {
        // Of a newer release that was rolled back. Passes may overlap, and none at all would be worse.
        Err(TableError::UnknownVersion(_)) => Ok(true),
        result => result.map(|_| false),
    }
}

/// Ends the lease, unless another pass has it by now.
pub async fn release(tables: &Tables, lease: &SweepLease) -> Result<(), TableError> {
    let delete = Write::delete(&key()).when("#holder = :holder").bind("holder", &lease.holder);
    was_written(tables.write(&delete).await).map(drop)
}
