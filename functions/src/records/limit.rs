//! A counter of a rate limit: `LIMIT#kind#whom#window` / `COUNT`, in Main. A function has many instances, so they count
//! here.

use serde::Deserialize;

use crate::table::{Key, TableError, Tables, Write};

/// Time that a counter outlives its window, in seconds. It is of no use then, but DynamoDB drops it by a clock of its own,
/// and must not drop one that still counts.
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
    /// A counter of another release limits nobody: it can't be read or added to, and until its window has ended, which can
    /// take a day, it would refuse every call of this address.
    ///
    /// # Errors
    /// [`TableError::Refused`] when the count would pass `most`.
    pub async fn add(&self, tables: &Tables, now: u64, cost: u64, most: u64) -> Result<(), TableError> {
        let write = Write::update(&self.key(now), "ADD #count :cost SET #ttl = :ttl")
            .when("attribute_not_exists(#count) OR #count <= :room")
            .bind("cost", cost)
            .bind("room", most.saturating_sub(cost))
            .bind("ttl", now + self.window + KEEP_SECONDS);
        match tables.write(&write).await {
            // The count and the version are conditions of one write, and the refusal does not say which failed.
            Err(TableError::Refused(labels)) => match self.known_count(tables, now).await? {
                Some(_) => Err(TableError::Refused(labels)),
                None => Ok(()),
            },
            result => result,
        }
    }

    /// The count of the window that `now` is in; 0 where another release counts.
    pub async fn count(&self, tables: &Tables, now: u64) -> Result<u64, TableError> {
        Ok(self.known_count(tables, now).await?.unwrap_or(0))
    }

    /// None where another release counts.
    async fn known_count(&self, tables: &Tables, now: u64) -> Result<Option<u64>, TableError> {
        match tables.get::<CounterRecord>(&self.key(now)).await {
            Ok(counter) => Ok(Some(counter.map_or(0, |counter| counter.count))),
            Err(TableError::UnknownVersion(version)) => {
                tracing::info!(kind = self.kind, version, "a limit is not counted: another release wrote its counter");
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    /// Seconds until the next window, at least 1, so that nobody comes back within the same second.
    pub fn seconds_left(&self, now: u64) -> u64 {
        self.window - now % self.window
    }
}
