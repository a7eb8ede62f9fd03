//! Waiting before the next try: exponential, with full jitter.
//!
//! Source: AWS Architecture Blog, "Exponential Backoff And Jitter" (2015), "Full Jitter".

use crate::machine::rng::Rng;

/// The longest first wait, in milliseconds.
pub const BASE_MS: u64 = 500;
/// The longest wait of all, in milliseconds.
pub const CAP_MS: u64 = 30_000;
/// The longest wait that a server may ask for, in milliseconds.
pub const MOST_RETRY_AFTER_MS: u64 = 120_000;

/// Failures in a row, and the end of the wait after the last one.
#[derive(Clone, Debug, Default)]
pub struct Backoff {
    level: u32,
    until: u64,
    failed_at: Option<u64>,
}

impl Backoff {
    /// The longest wait after that many failures in a row, in milliseconds.
    pub fn ceiling(failures: u32) -> u64 {
        // The shift is bounded, or many failures would push every bit out. The cap is reached at 7.
        (BASE_MS << failures.saturating_sub(1).min(16)).min(CAP_MS)
    }

    /// A try that began at `started` failed. `retry_after` is what the server asks for, in seconds.
    ///
    /// Tries that were under way when an earlier one failed tell nothing new: one cut
    /// connection takes all lanes with it, and is one failure.
    pub fn fail(&mut self, now: u64, started: u64, retry_after: Option<u64>, rng: &mut Rng) {
        // A server that names a time is obeyed all the same.
        if self.failed_at.is_some_and(|failed| started < failed) && retry_after.is_none() {
            return;
        }
        self.level = self.level.saturating_add(1).min(64);
        self.failed_at = Some(now);
        let asked = retry_after.map_or(0, |seconds| seconds.saturating_mul(1000).min(MOST_RETRY_AFTER_MS));
        self.until = now + asked + rng.up_to(Self::ceiling(self.level));
    }

    /// There was progress: the next failure is a first one again.
    pub fn reset(&mut self) {
        *self = Self::default();
    }

    /// Failures in a row.
    pub fn level(&self) -> u32 {
        self.level
    }

    /// Whether the wait is over.
    pub fn is_over(&self, now: u64) -> bool {
        now >= self.until
    }

    /// When the wait is over, in milliseconds on the machine's clock.
    pub fn until(&self) -> u64 {
        self.until
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::prelude::*;

    #[test]
    fn the_longest_wait_at_every_step() {
        let table = [
            (0, 500),
            (1, 500),
            (2, 1000),
            (3, 2000),
            (6, 16_000),
            (7, 30_000),
            (8, 30_000),
            (64, 30_000),
            (u32::MAX, 30_000),
        ];
        for (failures, ceiling) in table {
            assert_eq!(Backoff::ceiling(failures), ceiling, "{failures} failures");
        }
    }

    #[test]
    fn waits_fill_the_whole_span_from_nothing_to_the_ceiling() {
        for failures in [1_u32, 4, 9] {
            let ceiling = Backoff::ceiling(failures);
            let waits: Vec<u64> = (0..400).map(|seed| wait_after(failures, seed)).collect();
            assert!(waits.iter().all(|wait| *wait <= ceiling));
            assert!(waits.iter().any(|wait| *wait < ceiling / 10), "no short wait: no full jitter");
            assert!(waits.iter().any(|wait| *wait > ceiling * 9 / 10), "no long wait");
        }
    }

    fn wait_after(failures: u32, seed: u64) -> u64 {
        let (mut backoff, mut rng) = (Backoff::default(), Rng::new(seed));
        for _ in 0..failures {
            backoff.fail(1000, 1000, None, &mut rng);
        }
        backoff.until() - 1000
    }

    #[test]
    fn lanes_that_fall_together_are_one_failure() {
        let (mut backoff, mut rng) = (Backoff::default(), Rng::new(1));
        for at in [5000, 5001, 5002] {
            backoff.fail(at, 100, None, &mut rng);
        }
        assert_eq!(backoff.level(), 1);
        backoff.fail(9000, 5003, None, &mut rng);
        assert_eq!(backoff.level(), 2);
        backoff.reset();
        assert!(backoff.is_over(0) && backoff.level() == 0);
    }

    #[test]
    fn the_servers_wish_is_honoured_within_reason() {
        let (mut backoff, mut rng) = (Backoff::default(), Rng::new(1));
        backoff.fail(0, 0, Some(20), &mut rng);
        assert!((20_000..=20_500).contains(&backoff.until()));
        backoff.fail(0, 0, Some(1_000_000), &mut rng);
        assert!(backoff.until() <= MOST_RETRY_AFTER_MS + CAP_MS);
    }
}
