//! Speed as people see it: an average over the last five seconds.

use alloc::collections::VecDeque;

const WINDOW_MS: u64 = 5_000;
const STEP_MS: u64 = 250;

/// Bytes per second, from a total that grows. Holds at most 22 samples.
#[derive(Clone, Debug, Default)]
pub struct Rate {
    samples: VecDeque<(u64, u64)>,
}

impl Rate {
    /// The total is `total` bytes at `now`, in milliseconds.
    pub fn note(&mut self, now: u64, total: u64) {
        if self.samples.back().is_none_or(|(at, _)| now >= at + STEP_MS) {
            self.samples.push_back((now, total));
        }
        // One sample older than the window is kept: the average reaches back to it.
        while self.samples.get(1).is_some_and(|(at, _)| at + WINDOW_MS < now) {
            self.samples.pop_front();
        }
    }

    /// Bytes per second up to `now`; none before the first half second.
    pub fn per_second(&self, now: u64, total: u64) -> Option<u64> {
        let (at, then) = *self.samples.front()?;
        let elapsed = now.saturating_sub(at);
        if elapsed < 2 * STEP_MS {
            return None;
        }
        Some(total.saturating_sub(then).saturating_mul(1000) / elapsed)
    }

    /// Forgets what was before a break.
    pub fn clear(&mut self) {
        self.samples.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_steady_flow_shows_its_rate_and_a_dry_one_falls_to_nothing() {
        let mut rate = Rate::default();
        for step in 0..100 {
            rate.note(step * 100, step * 1000);
        }
        assert_eq!(rate.per_second(9900, 99_000), Some(10_000));
        for step in 0..60 {
            rate.note(9_900 + step * 100, 99_000);
        }
        assert_eq!(rate.per_second(15_900, 99_000), Some(0));
        assert!(rate.samples.len() <= 22);
    }

    #[test]
    fn nothing_is_told_before_it_is_known() {
        let mut rate = Rate::default();
        assert_eq!(rate.per_second(0, 0), None);
        rate.note(0, 0);
        assert_eq!(rate.per_second(499, 10), None);
        assert_eq!(rate.per_second(500, 10), Some(20));
    }
}
