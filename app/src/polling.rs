//! How often a room is asked for again.

/// Milliseconds until the next look at the room: often while it is looked at, seldom in a hidden tab,
/// less and less while it fails.
pub fn delay_ms(hidden: bool, failures: u32) -> u64 {
    let base: u64 = if hidden { 15_000 } else { 2_500 };
    (base << failures.min(4)).min(30_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failures_slow_it_down_up_to_half_a_minute() {
        let delays: Vec<_> = (0..6).map(|failures| delay_ms(false, failures)).collect();
        assert_eq!(delays, [2_500, 5_000, 10_000, 20_000, 30_000, 30_000]);
        assert_eq!(delay_ms(true, 0), 15_000);
        assert_eq!(delay_ms(true, u32::MAX), 30_000);
    }
}
