//! A counter of a rate limit: `LIMIT#kind#whom#window` / `COUNT`, in Main. A function has many instances, so they count
//! here.

use serde::Deserialize;

use crate::table::{Key, TableError, Tables, Write};

/// Time that a counter outlives its window, in seconds.
const KEEP_SECONDS: u64 = 3600;

/// What is counted, of whom, and for how long.
#[derive(Clone, Copy, Debug)]
pub struct Counter<'a> {
    /// The limit, such as `calls`.
    pub kind: &'static str,
    /// A member or an address.
    pub whom: &'a str,
    /// Seconds that a window lasts. Windows are fixed: they begin at multiples of it.
    pub window: u64,
}

#[derive(Deserialize)]
struct CounterRecord {
    count: u64,
}

impl Counter<'_> {
    fn key(&self, now: u64) -> Key {
        Key::main(format!("LIMIT#{}#{}#{}", self.kind, self.whom, now / self.window), "COUNT")
    }

    /// Adds to the count of the window that `now` is in, in seconds since 1970, unless it would pass `most`: one
    /// conditional increment, so however many come at once, no more than `most` pass.
    ///
    /// # Errors
    /// [`TableError::Refused`] when the count would pass `most`.
    pub async fn add(&self, tables: &Tables, now: u64, cost: u64, most: u64) -> Result<(), TableError> {
        let write = Write::update(&self.key(now), "ADD #count :cost SET #ttl = :ttl")
            .when("attribute_not_exists(#count) OR #count <= :room")
            .bind("cost", cost)
            .bind("room", most.saturating_sub(cost))
            .bind("ttl", now + self.window + KEEP_SECONDS);
        tables.write(&write).await
    }

    /// The count of the window that `now` is in.
    pub async fn count(&self, tables: &Tables, now: u64) -> Result<u64, TableError> {
        Ok(tables.get::<CounterRecord>(&self.key(now)).await?.map_or(0, |counter| counter.count))
    }

    /// Seconds until the next window, at least 1, so that nobody comes back within the same second.
    pub fn seconds_left(&self, now: u64) -> u64 {
        self.window - now % self.window
    }
}
