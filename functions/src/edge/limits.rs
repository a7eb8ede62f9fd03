//! Rate limits: counters in the table, since a function has many instances. Fixed windows of a minute or a day.

use slipway_protocol::wire::id::MemberId;

use crate::app::App;
use crate::edge::error::ApiFailure;
use crate::edge::source::Source;
use crate::table::{Key, TableError, Write};

const MINUTE: u64 = 60;
const DAY: u64 = 24 * 3600;
/// A counter is of no use after its window; the table drops it later.
const KEEP_SECONDS: u64 = 3600;

/// Charges a member for a call that signs or creates. A batch is one call: what it may hold is limited, and what it
/// begins is counted by the room's quota.
///
/// # Errors
/// `rate-limited` when the member has used up its minute.
pub async fn charge_member(app: &App, member: MemberId) -> Result<(), ApiFailure> {
    take(app, ("calls", &member.to_string()), MINUTE, app.config.rates.calls_per_minute, 1).await
}

/// Charges an address for a join.
pub async fn charge_join(app: &App, source: &Source) -> Result<(), ApiFailure> {
    take(app, ("joins", &source.to_string()), MINUTE, app.config.rates.joins_per_minute, 1).await
}

/// Charges an address for a new room: in its minute, then in its day.
pub async fn charge_room(app: &App, source: &Source) -> Result<(), ApiFailure> {
    let source = source.to_string();
    take(app, ("rooms", &source), MINUTE, app.config.rates.rooms_per_minute, 1).await?;
    take(app, ("rooms-a-day", &source), DAY, app.config.source.rooms_per_day, 1).await
}

/// Charges an address for the bytes of uploads that begin, whatever room they are in. A file that alone is more than
/// a day's bytes may begin on a day of its own.
pub async fn charge_bytes(app: &App, source: &Source, bytes: u64) -> Result<(), ApiFailure> {
    take(app, ("bytes-a-day", &source.to_string()), DAY, app.config.source.bytes_per_day, bytes).await
}

/// Counts a wrong guess. The caller answers with its usual error, or with `rate-limited` when there were too many.
pub async fn count_miss(app: &App, source: &Source) -> Result<(), ApiFailure> {
    take(app, (MISSES, &source.to_string()), MINUTE, app.config.rates.misses_per_minute, 1).await
}

/// Refuses an address that guessed wrong too often, before it learns whether it is right this time.
pub async fn check_misses(app: &App, source: &Source) -> Result<(), ApiFailure> {
    let now = app.clock.now_seconds();
    let counter: Option<Counter> = app.table.get(&key((MISSES, &source.to_string()), MINUTE, now)).await?;
    let used_up = counter.is_some_and(|counter| counter.count >= app.config.rates.misses_per_minute);
    if used_up { Err(ApiFailure::rate_limited(seconds_left(MINUTE, now))) } else { Ok(()) }
}

const MISSES: &str = "misses";

#[derive(serde::Deserialize)]
struct Counter {
    count: u64,
}

/// What is counted, and of whom.
type Counted<'a> = (&'a str, &'a str);

/// One conditional increment: however many come at once, no more than `most` pass.
async fn take(app: &App, what: Counted<'_>, window: u64, most: u64, cost: u64) -> Result<(), ApiFailure> {
    let now = app.clock.now_seconds();
    // A call that alone costs more than its window allows would never pass: it takes the whole window.
    let cost = cost.min(most);
    let write = Write::update(&key(what, window, now), "ADD #count :cost SET #ttl = :ttl")
        .when("attribute_not_exists(#count) OR #count <= :room")
        .bind("cost", cost)
        .bind("room", most - cost)
        .bind("ttl", now + window + KEEP_SECONDS);
    match app.table.write(&write).await {
        Err(TableError::Refused(_)) => Err(ApiFailure::rate_limited(seconds_left(window, now))),
        result => Ok(result?),
    }
}

fn key((kind, whom): Counted<'_>, window: u64, now: u64) -> Key {
    Key::new(format!("LIMIT#{kind}#{whom}#{}", now / window), "COUNT")
}

/// At least 1, so that nobody comes back within the same second.
fn seconds_left(window: u64, now: u64) -> u64 {
    window - now % window
}
