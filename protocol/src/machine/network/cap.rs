//! The user's limit on bytes per second, held as an average over parts.
//!
//! A PUT in flight cannot be slowed down, so the limit works by delaying the next one.
//! It overshoots by what the lanes hold when it is set, and by one part afterwards.

/// A token bucket in its virtual-scheduling form (ITU-T I.371, GCRA): one time instead of a count of tokens.
#[derive(Clone, Debug, Default)]
pub struct Cap {
    bytes_per_second: Option<u64>,
    free_at: u64,
}

impl Cap {
    /// Sets the limit; `None` lifts it.
    pub fn set(&mut self, now: u64, bytes_per_second: Option<u64>) {
        // 0 would divide by zero.
        self.bytes_per_second = bytes_per_second.map(|rate| rate.max(1));
        self.free_at = now;
    }

    /// When the next part may start; none when at once.
    pub fn blocked_until(&self, now: u64) -> Option<u64> {
        (self.bytes_per_second.is_some() && self.free_at > now).then_some(self.free_at)
    }

    /// A part of `bytes` starts.
    pub fn spend(&mut self, now: u64, bytes: u64) {
        if let Some(rate) = self.bytes_per_second {
            // Bounded by 49 days, so that no sum of waits comes near an overflow.
            let cost = (u128::from(bytes) * 1000 / u128::from(rate)).min(u128::from(u32::MAX)) as u64;
            // Idle time is not saved up, or a burst would follow each pause.
            self.free_at = self.free_at.max(now) + cost;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_start_no_faster_than_the_limit() {
        let mut cap = Cap::default();
        cap.set(1000, Some(1_000_000));
        assert_eq!(cap.blocked_until(1000), None);
        cap.spend(1000, 16_000_000);
        assert_eq!(cap.blocked_until(1000), Some(17_000));
        assert_eq!(cap.blocked_until(17_000), None);
        // An idle minute is not saved up.
        cap.spend(80_000, 1_000_000);
        assert_eq!(cap.blocked_until(80_000), Some(81_000));
    }

    #[test]
    fn lifting_the_limit_lets_go_at_once() {
        let mut cap = Cap::default();
        cap.set(0, Some(0));
        cap.spend(0, 1 << 40);
        assert!(cap.blocked_until(1).is_some());
        cap.set(1, None);
        assert_eq!(cap.blocked_until(1), None);
    }
}
