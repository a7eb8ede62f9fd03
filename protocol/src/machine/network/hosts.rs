//! The names that storage has, and which of them work.
//!
//! A network may let through one name and not another, such as one that is reached by IPv6 only. Where one host fails and
//! another one stores parts, the first is left alone, and tried again by one part after a while. Where all of them fail it
//! is the network, and none is left.

use core::mem;

use super::lanes::PER_HOST;
use crate::prelude::*;

/// Failures in a row after which a host that took parts before is left. One that never took any is left after the first.
const MOST_FAILURES: u32 = 3;
/// How long a host is left alone at first, in milliseconds. Doubled with each try that fails.
const FIRST_WAIT_MS: u64 = 30_000;
/// The longest that it is left alone, in milliseconds.
const LONGEST_WAIT_MS: u64 = 600_000;

/// PUTs in flight on each upload host, and what became of earlier ones.
#[derive(Debug)]
pub struct Hosts {
    count: u8,
    /// PUTs in flight on one of them, at most.
    each: u8,
    next: u8,
    // Indexed by a `u8`, so no host number in a record or an answer is out of bounds.
    in_flight: [u8; 256],
    // As many: a map would cost the page more code than this costs memory.
    health: Vec<Health>,
}

/// Times are in milliseconds on the machine's clock.
#[derive(Clone, Copy, Debug, Default)]
struct Health {
    stored_at: Option<u64>,
    failed_at: Option<u64>,
    /// Failures since it last stored a part, while others stored some.
    failures: u32,
    /// The same, while no other one did.
    failures_alone: u32,
    is_refused: bool,
    left: Option<Left>,
}

/// A host that is left alone.
#[derive(Clone, Copy, Debug)]
struct Left {
    since: u64,
    try_at: u64,
    wait: u64,
}

impl Default for Hosts {
    fn default() -> Self {
        Self { count: 1, each: PER_HOST, next: 0, in_flight: [0; 256], health: vec![Health::default(); 256] }
    }
}

impl Hosts {
    /// There are `count` hosts, with at most `each` PUTs in flight on one.
    pub fn set(&mut self, count: u8, each: u8) {
        let count = count.max(1);
        if count != self.count {
            self.forget();
            // The first one is first: it is the name of storage that is most common.
            self.next = count - 1;
        }
        (self.count, self.each) = (count, each.max(1));
    }

    /// The network is another one: what failed before may work.
    pub fn forget(&mut self) {
        self.health.fill(Health::default());
    }

    /// Hosts that are not left alone, and the most PUTs in flight on one.
    pub fn usable(&self) -> (u8, u8) {
        let left = (0..self.count).filter(|host| self.is_left(*host)).count();
        (self.count.saturating_sub(u8::try_from(left).unwrap_or(0)).max(1), self.each)
    }

    /// The host for the next part to sign, in turn. `may_try`: one that was left alone long enough may be it.
    pub fn next(&mut self, now: u64, may_try: bool) -> u8 {
        for _ in 0..self.count {
            self.next = (self.next + 1) % self.count;
            match &mut self.health[usize::from(self.next)].left {
                None => break,
                Some(left) if may_try && now >= left.try_at => {
                    // Whatever becomes of this part, there is no other one before that.
                    left.wait = (left.wait * 2).min(LONGEST_WAIT_MS);
                    left.try_at = now.saturating_add(left.wait);
                    break;
                }
                Some(_) => {}
            }
        }
        self.next
    }

    /// Whether a URL for the host that was asked for at `asked` is not to be used any more. One that was asked for later is
    /// a try.
    pub fn is_left_since(&self, host: u8, asked: u64) -> bool {
        self.health[usize::from(host)].left.is_some_and(|left| asked <= left.since)
    }

    /// Whether one more PUT may be in flight on it.
    pub fn has_room(&self, host: u8) -> bool {
        self.in_flight[usize::from(host)] < self.each
    }

    /// A PUT to it begins.
    pub fn enter(&mut self, host: u8) {
        self.in_flight[usize::from(host)] += 1;
    }

    /// A PUT to it is over.
    pub fn leave(&mut self, host: u8) {
        let count = &mut self.in_flight[usize::from(host)];
        *count = count.saturating_sub(1);
    }

    /// On all of them. Walks 256 bytes.
    pub fn in_flight(&self) -> u8 {
        self.in_flight.iter().fold(0, |sum, count| sum.saturating_add(*count))
    }

    /// It stored a part. Whether it was left alone until now.
    pub fn stored(&mut self, host: u8, now: u64) -> bool {
        let before =
            mem::replace(&mut self.health[usize::from(host)], Health { stored_at: Some(now), ..Health::default() });
        before.left.is_some()
    }

    /// It did not answer a PUT that began at `started`. Whether it is left alone: the part goes to another one.
    pub fn failed(&mut self, host: u8, started: u64, now: u64) -> bool {
        let mut health = self.health[usize::from(host)];
        // One cut takes all lanes to the host with it, and is one failure.
        if health.left.is_none() && health.failed_at.is_none_or(|failed| started >= failed) {
            let works = self.other_stored_since(host, health.failed_at.unwrap_or(0));
            health.failures = if works { health.failures + 1 } else { 0 };
            health.failures_alone = if works { 0 } else { health.failures_alone + 1 };
            if health.failures_alone >= MOST_FAILURES {
                // The network may be another one, in which the hosts that were left are those that work.
                health.failures_alone = 0;
                self.try_all_left(now);
            }
            health.failed_at = Some(now);
            let most = if health.stored_at.is_some() { MOST_FAILURES } else { 1 };
            if health.failures >= most {
                health.left = Some(Left { since: now, try_at: now.saturating_add(FIRST_WAIT_MS), wait: FIRST_WAIT_MS });
            }
            self.health[usize::from(host)] = health;
        }
        health.left.is_some()
    }

    /// Something refused a part in its place. Whether that is so for all hosts, since each last stored one.
    pub fn refused(&mut self, host: u8) -> bool {
        self.health[usize::from(host)].is_refused = true;
        self.health.iter().take(self.count.into()).all(|health| health.is_refused)
    }

    fn try_all_left(&mut self, now: u64) {
        self.health.iter_mut().filter_map(|health| health.left.as_mut()).for_each(|left| left.try_at = now);
    }

    fn is_left(&self, host: u8) -> bool {
        self.health[usize::from(host)].left.is_some()
    }

    /// Whether another host, which is not left, stored a part at that time or later.
    fn other_stored_since(&self, host: u8, since: u64) -> bool {
        let others = self.health.iter().enumerate();
        let mut others = others.filter(|(other, health)| *other != usize::from(host) && health.left.is_none());
        others.any(|(_, health)| health.stored_at.is_some_and(|stored| stored >= since))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn two() -> Hosts {
        let mut hosts = Hosts::default();
        hosts.set(2, 6);
        hosts
    }

    #[test]
    fn a_host_that_never_took_a_part_is_left_after_one_failure() {
        let mut hosts = two();
        assert!(!hosts.failed(1, 0, 10), "none works yet");
        assert!(!hosts.stored(0, 20));
        assert!(hosts.failed(1, 15, 30));
        assert_eq!((hosts.usable(), hosts.next(40, true), hosts.next(40, true)), ((1, 6), 0, 0));
        assert!(hosts.is_left_since(1, 30) && !hosts.is_left_since(1, 31) && !hosts.is_left_since(0, 0));
        assert!(hosts.failed(1, 16, 50), "what was in flight goes elsewhere as well");
    }

    #[test]
    fn one_that_took_parts_is_left_after_three_failures_while_others_store() {
        let mut hosts = two();
        hosts.stored(0, 1);
        hosts.stored(1, 1);
        for round in 0..3 {
            let now = 100 * (round + 1);
            hosts.stored(0, now - 10);
            assert_eq!(hosts.failed(1, now - 5, now), round == 2, "{round}");
            assert_eq!(hosts.failed(1, now - 5, now + 1), round == 2, "of the same cut");
        }
        assert!(hosts.stored(1, 1000), "it is back");
        assert_eq!(hosts.usable(), (2, 6));
    }

    #[test]
    fn it_is_tried_again_by_one_part_after_longer_and_longer_waits() {
        let mut hosts = two();
        hosts.stored(0, 0);
        hosts.failed(1, 0, 0);
        for (at, wait) in [(30_000, 60_000), (90_000, 120_000)] {
            assert!((0..3).all(|_| hosts.next(at - 1, true) == 0), "{at}");
            assert!((0..3).all(|_| hosts.next(at, false) == 0), "{at}");
            let tries = (0..6).filter(|_| hosts.next(at, true) == 1).count();
            assert_eq!(tries, 1, "{at}");
            assert!((0..3).all(|_| hosts.next(at + wait - 1, true) == 0), "{at}");
        }
        for _ in 0..20 {
            hosts.next(u64::MAX / 2, true);
        }
    }

    #[test]
    fn when_the_last_one_fails_those_that_were_left_are_tried_at_once() {
        let mut hosts = two();
        hosts.stored(0, 0);
        assert!(hosts.failed(1, 0, 0));
        for (at, next) in [(10, 0), (20, 0), (30, 1)] {
            assert!(!hosts.failed(0, at, at));
            assert_eq!(hosts.next(at, true), next, "{at}");
        }
        hosts.stored(1, 40);
        assert_eq!(hosts.usable(), (2, 6));
        assert!(!hosts.failed(0, 50, 50), "now the other one is left, after three");
        hosts.stored(1, 55);
        assert!(!hosts.failed(0, 60, 60));
        hosts.stored(1, 65);
        assert!(hosts.failed(0, 70, 70));
    }

    #[test]
    fn when_all_fail_none_is_left() {
        let mut hosts = two();
        hosts.stored(0, 1);
        hosts.stored(1, 1);
        for now in 2..20 {
            assert!(!hosts.failed(0, now, now) && !hosts.failed(1, now, now));
        }
    }

    #[test]
    fn another_network_or_number_of_hosts_forgets() {
        let mut hosts = two();
        hosts.stored(0, 0);
        assert!(hosts.failed(1, 0, 0));
        hosts.set(2, 6);
        assert_eq!(hosts.usable(), (1, 6), "the same news again");
        hosts.set(3, 6);
        assert_eq!(hosts.usable(), (3, 6));
        assert_eq!([hosts.next(0, true), hosts.next(0, true), hosts.next(0, true)], [0, 1, 2]);
        assert_eq!(two().usable(), (2, 6));
    }
}
