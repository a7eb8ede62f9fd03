//! Whose pass of the sweep is running: `SWEEP` / `LEASE`, in Main.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::table::{Key, TableError, Tables, Write, was_written};

/// Held by one pass at a time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct SweepLease {
    /// Random, so that a pass that outlived its lease does not end the next one's.
    holder: String,
    /// When another pass may take it, in milliseconds since 1970.
    until: u64,
}

/// From when to when a lease is taken.
#[derive(Clone, Copy, Debug)]
pub struct Term {
    /// In milliseconds since 1970.
    pub now: u64,
    /// How long it lasts.
    pub life: Duration,
}

impl Term {
    fn until(self) -> u64 {
        self.now.saturating_add(u64::try_from(self.life.as_millis()).unwrap_or(u64::MAX))
    }

    /// No lease that is being held ends later, unless clocks differ by more than a lifetime.
    fn latest(self) -> u64 {
        Self { now: self.until(), ..self }.until()
    }
}

fn key() -> Key {
    Key::main("SWEEP", "LEASE")
}

fn put(holder: &str, term: Term) -> Write {
    Write::put(&key(), &SweepLease { holder: holder.to_owned(), until: term.until() })
}

/// Takes the lease. False: another pass holds it.
pub async fn take(tables: &Tables, holder: &str, term: Term) -> Result<bool, TableError> {
    // One that ends too late is of a clock that was wrong, or of a release that gave longer ones. Our own is there when the
    // first answer was lost and the call was repeated.
    let put = put(holder, term)
        .when("attribute_not_exists(#pk) OR #until <= :now OR #until > :latest OR #holder = :holder")
        .bind("now", term.now)
        .bind("latest", term.latest())
        .bind("holder", holder);
    if was_written(tables.write(&put).await)? {
        return Ok(true);
    }
    match tables.get::<SweepLease>(&key()).await {
        // Of a newer release that was rolled back. Passes may overlap, and none at all would be worse.
        Err(TableError::UnknownVersion(_)) => Ok(true),
        result => result.map(|_| false),
    }
}

/// Makes the lease last longer. False: another pass has it by now.
pub async fn renew(tables: &Tables, holder: &str, term: Term) -> Result<bool, TableError> {
    let put = put(holder, term).when("#holder = :holder").bind("holder", holder);
    was_written(tables.write(&put).await)
}

/// Ends the lease, unless another pass has it by now.
pub async fn release(tables: &Tables, holder: &str) -> Result<(), TableError> {
    let delete = Write::delete(&key()).when("#holder = :holder").bind("holder", holder);
    was_written(tables.write(&delete).await).map(drop)
}
