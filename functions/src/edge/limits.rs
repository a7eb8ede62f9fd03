//! Rate limits, by counters in the table. Fixed windows of a minute or a day.

use slipway_protocol::wire::id::MemberId;

use crate::app::App;
use crate::edge::error::ApiFailure;
use crate::edge::source::Source;
use crate::records::limit::Counter;
use crate::table::TableError;

const MINUTE: u64 = 60;
const DAY: u64 = 24 * 3600;

/// Charges a member for a call that signs or creates. A batch counts as one call: its size is limited, and its uploads
/// count towards the room's quota.
///
/// # Errors
/// `rate-limited` when the member has used up its minute.
pub async fn charge_member(app: &App, member: MemberId) -> Result<(), ApiFailure> {
    let member = member.to_string();
    charge(app, Counter { kind: "calls", whom: &member, window: MINUTE }, app.config.rates.calls_per_minute, 1).await
}

/// Charges an address for a join.
pub async fn charge_join(app: &App, source: &Source) -> Result<(), ApiFailure> {
    let source = source.to_string();
    charge(app, Counter { kind: "joins", whom: &source, window: MINUTE }, app.config.rates.joins_per_minute, 1).await
}

/// Charges an address for a new room: per minute, then per day.
pub async fn charge_room(app: &App, source: &Source) -> Result<(), ApiFailure> {
    let source = source.to_string();
    let (minute, day) = (app.config.rates.rooms_per_minute, app.config.source.rooms_per_day);
    // The minute first: what it refuses takes nothing of the day, which is shared by all behind the address.
    charge(app, Counter { kind: "rooms", whom: &source, window: MINUTE }, minute, 1).await?;
    charge(app, Counter { kind: "rooms-a-day", whom: &source, window: DAY }, day, 1).await
}

/// Charges an address for the bytes of new uploads, over all rooms. A file that exceeds the bytes of a day takes a
/// whole day.
pub async fn charge_bytes(app: &App, source: &Source, bytes: u64) -> Result<(), ApiFailure> {
    let source = source.to_string();
    let counter = Counter { kind: "bytes-a-day", whom: &source, window: DAY };
    charge(app, counter, app.config.source.bytes_per_day, bytes).await
}

/// Counts a wrong guess. The caller answers with its usual error, or with `rate-limited` when there were too many.
pub async fn count_miss(app: &App, source: &Source) -> Result<(), ApiFailure> {
    charge(app, misses(&source.to_string()), app.config.rates.misses_per_minute, 1).await
}

/// Refuses an address with too many wrong guesses, before it learns whether this one is right.
pub async fn check_misses(app: &App, source: &Source) -> Result<(), ApiFailure> {
    let (now, source) = (app.clock.now_seconds(), source.to_string());
    let misses = misses(&source);
    let used_up = misses.count(&app.tables, now).await? >= app.config.rates.misses_per_minute;
    if used_up { Err(ApiFailure::rate_limited(misses.seconds_left(now))) } else { Ok(()) }
}

fn misses(source: &str) -> Counter<'_> {
    Counter { kind: "misses", whom: source, window: MINUTE }
}

async fn charge(app: &App, counter: Counter<'_>, most: u64, cost: u64) -> Result<(), ApiFailure> {
    let now = app.clock.now_seconds();
    // A call that costs more than a whole window would never pass, so it is charged exactly one.
    match counter.add(&app.tables, now, cost.min(most), most).await {
        Err(TableError::Refused(_)) => Err(ApiFailure::rate_limited(counter.seconds_left(now))),
        result => Ok(result?),
    }
}
