//! Delays between two refreshes of a room.

/// Milliseconds until the next refresh: short in a visible tab, longer in a hidden one, with exponential backoff on
/// failures.
pub fn delay_ms(hidden: bool, failures: u32) -> u64 {
    let base: u64 = if hidden { 15_000 } else { VISIBLE_MS };
    // Capped, so that a visible room is up to date within half a minute after an outage.
    (base << failures.min(4)).min(30_000)
}

/// Milliseconds between two refreshes in a visible tab.
const VISIBLE_MS: u64 = 2_500;
/// Least time between the starts of two refreshes that completed uploads cause, in milliseconds.
const MIN_GAP_MS: u64 = 1_000;

/// Delay of the refresh after a completed upload, in milliseconds. The last such refresh started `ago` and took `took`:
/// refreshing gets at most a tenth of the time.
pub fn rest_ms(ago: u64, took: u64) -> u64 {
    took.saturating_mul(10).clamp(MIN_GAP_MS, VISIBLE_MS).saturating_sub(ago)
}

/// The number after which removals have to be read: where pages beyond the first are loaded, which an answer does not have.
/// `seen` and `now`: the last event that the page accounts for, and the room's.
pub fn removals_after(seen: Option<u64>, now: Option<u64>, is_paged: bool) -> Option<u64> {
    seen.filter(|seen| is_paged && now.is_some_and(|now| now != *seen))
}

/// The last event that the page accounts for after an answer. Where the removals before it could not be read, it stays, so
/// that the next refresh reads them; otherwise a removed file would be shown until the page is loaded again.
pub fn accounted_for(seen: Option<u64>, now: Option<u64>, removals_are_read: bool) -> Option<u64> {
    if removals_are_read { now.or(seen) } else { seen }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn removals_that_could_not_be_read_are_read_again() {
        let (mut seen, now) = (Some(4), Some(7));
        for removals_are_read in [false, false, true] {
            assert_eq!(removals_after(seen, now, true), Some(4));
            seen = accounted_for(seen, now, removals_are_read);
        }
        assert_eq!((seen, removals_after(seen, now, true)), (Some(7), None));
    }

    #[test]
    fn a_room_without_numbers_for_a_while_loses_no_removals() {
        let seen = accounted_for(Some(4), None, true);
        assert_eq!((removals_after(Some(4), None, true), removals_after(seen, Some(7), true)), (None, Some(4)));
        assert_eq!(removals_after(Some(4), Some(7), false), None, "the first page is in the answer");
    }

    #[test]
    fn many_completed_uploads_cause_one_refresh_a_second() {
        assert_eq!(rest_ms(60_000, 20), 0, "one that ends after a while is seen at once");
        assert_eq!([rest_ms(0, 20), rest_ms(300, 20), rest_ms(1_000, 20)], [1_000, 700, 0]);
        assert_eq!([rest_ms(500, 200), rest_ms(0, 60_000)], [1_500, 2_500], "a slow room is asked less often");
    }

    #[test]
    fn failures_slow_it_down_up_to_half_a_minute() {
        let delays: Vec<_> = (0..6).map(|failures| delay_ms(false, failures)).collect();
        assert_eq!(delays, [2_500, 5_000, 10_000, 20_000, 30_000, 30_000]);
        assert_eq!(delay_ms(true, 0), 15_000);
        assert_eq!(delay_ms(true, u32::MAX), 30_000);
    }
}
