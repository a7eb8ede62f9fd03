//! Whether the device slept, by what its two clocks did.

use super::super::Now;

/// A timer of a hidden tab may be late by a minute; more than that is sleep. In milliseconds.
const LATE_MS: u64 = 75_000;
/// The monotonic clock may stand still in sleep: that much more on the wall clock is sleep. In milliseconds.
const JUMP_MS: u64 = 15_000;

/// Compares the clocks between two checks, which are a few seconds apart.
#[derive(Clone, Copy, Debug)]
pub struct SleepWatch {
    last: Now,
}

impl SleepWatch {
    /// Starts at this time.
    pub const fn new(now: Now) -> Self {
        Self { last: now }
    }

    /// Whether the device slept since the last check. A wall clock that was set back is no sleep.
    pub fn slept(&mut self, now: Now) -> bool {
        let mono = now.mono.saturating_sub(self.last.mono);
        let wall = now.wall.saturating_sub(self.last.wall);
        self.last = now;
        // In sleep the monotonic clock stands still on Linux and macOS, and goes on on Windows.
        mono > LATE_MS || wall > mono + JUMP_MS
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: Now = Now { mono: 1_000, wall: 1_000_000_000 };

    fn later(mono: u64, wall: i64) -> Now {
        Now { mono: START.mono + mono, wall: START.wall.saturating_add_signed(wall) }
    }

    #[test]
    fn sleep_shows_in_the_clocks() {
        // (passed on the monotonic clock, passed on the wall clock, slept)
        let table = [
            (5_000, 5_000, false),
            (5_400, 5_100, false),
            // A timer of a hidden tab, a minute late.
            (60_000, 60_000, false),
            // Slept: the monotonic clock stood still (Linux, macOS), or it went on (Windows).
            (5_000, 3_600_000, true),
            (3_600_000, 3_600_000, true),
            // The wall clock was set back by a day, or put right by a second.
            (5_000, -86_400_000, false),
            (5_000, 6_000, false),
        ];
        for (mono, wall, slept) in table {
            assert_eq!(SleepWatch::new(START).slept(later(mono, wall)), slept, "{mono} {wall}");
        }
    }

    #[test]
    fn sleep_is_reported_once() {
        let mut watch = SleepWatch::new(START);
        assert!(watch.slept(later(5_000, 3_600_000)));
        assert!(!watch.slept(later(10_000, 3_605_000)));
    }
}
