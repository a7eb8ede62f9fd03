//! Rate limits: counters in the table, since a function has many instances. A fixed window of a minute.

use crate::error::ApiFailure;
use crate::extract::{Member, Source};
use crate::state::App;
use crate::table::{Key, TableError, Write};

const WINDOW_SECONDS: u64 = 60;
/// A counter is of no use after its window; the table drops it later.
const KEEP_SECONDS: u64 = 3600;

/// Charges a member for calls that sign or create. `cost`: how many of them this call stands for.
///
/// # Errors
/// `rate-limited` when the member has used up its minute.
pub async fn charge_member(app: &App, member: &Member, cost: u64) -> Result<(), ApiFailure> {
    take(app, "calls", &member.id.to_string(), app.config.rates.calls_per_minute, cost).await
}

/// Charges an address for a join.
pub async fn charge_join(app: &App, source: &Source) -> Result<(), ApiFailure> {
    take(app, "joins", &source.to_string(), app.config.rates.joins_per_minute, 1).await
}

/// Charges an address for a new room.
pub async fn charge_room(app: &App, source: &Source) -> Result<(), ApiFailure> {
    take(app, "rooms", &source.to_string(), app.config.rates.rooms_per_minute, 1).await
}

/// Counts a wrong guess. The caller answers with its usual error, or with `rate-limited` when there were too many.
pub async fn count_miss(app: &App, source: &Source) -> Result<(), ApiFailure> {
    take(app, MISSES, &source.to_string(), app.config.rates.misses_per_minute, 1).await
}

/// Refuses an address that guessed wrong too often, before it learns whether it is right this time.
pub async fn check_misses(app: &App, source: &Source) -> Result<(), ApiFailure> {
    let now = app.clock.now_seconds();
    let counter: Option<Counter> = app.table.get(&key(MISSES, &source.to_string(), now)).await?;
    let used_up = counter.is_some_and(|counter| counter.count >= app.config.rates.misses_per_minute);
    if used_up { Err(ApiFailure::rate_limited(seconds_left(now))) } else { Ok(()) }
}

const MISSES: &str = "misses";

#[derive(serde::Deserialize)]
struct Counter {
    count: u64,
}

/// One conditional increment: however many come at once, no more than `most` pass.
async fn take(app: &App, kind: &str, whom: &str, most: u64, cost: u64) -> Result<(), ApiFailure> {
    let now = app.clock.now_seconds();
    // A call that alone costs more than the minute allows would never pass: it takes the whole minute.
    let cost = cost.min(most);
    let write = Write::update(&key(kind, whom, now), "ADD #count :cost SET #ttl = :ttl")
        .when("attribute_not_exists(#count) OR #count <= :room")
        .bind("cost", cost)
        .bind("room", most - cost)
        .bind("ttl", now + KEEP_SECONDS);
    match app.table.write(&write).await {
        Err(TableError::Refused(_)) => Err(ApiFailure::rate_limited(seconds_left(now))),
        result => Ok(result?),
    }
}

fn key(kind: &str, whom: &str, now: u64) -> Key {
    Key::new(format!("LIMIT#{kind}#{whom}#{}", now / WINDOW_SECONDS), "COUNT")
}

/// At least 1, so that nobody comes back within the same second.
fn seconds_left(now: u64) -> u64 {
    WINDOW_SECONDS - now % WINDOW_SECONDS
}
