//! The wake-ups that are owed, ordered by time.

use alloc::collections::{BTreeMap, BTreeSet};

use super::{Attempt, LocalId};
use crate::wire::id::PartNumber;

/// A watchdog doubles its patience no more often than this.
const MOST_DOUBLINGS: u32 = 4;

/// The wait of a watchdog after that many failures in a row: doubled with each, in the unit of `wait`.
pub(super) fn patience(wait: u64, failures: u32) -> u64 {
    wait << failures.min(MOST_DOUBLINGS)
}

/// What a wake-up is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Timer {
    /// A PUT that moves nothing.
    Put(LocalId, PartNumber),
    /// Hashing that moves nothing.
    Prepare(LocalId, PartNumber),
    /// A part's wait is over.
    Part(LocalId, PartNumber),
    /// A presign without an answer.
    Sign(LocalId, Attempt),
    /// A status call without an answer.
    Status(LocalId),
    /// An adopt without an answer.
    Adopt(LocalId),
    /// An abort without an answer.
    Abort(LocalId),
    /// Records that are not on disk yet.
    Save(LocalId),
    /// An initiate or complete without an answer.
    Batch(u32),
    /// A failed read may be tried again.
    Read(LocalId),
    /// A failed call may be tried again.
    Calls(LocalId),
    /// The status may be fetched again.
    Poll(LocalId),
    /// The view may change again.
    View(LocalId),
    /// What holds back all uploads, or a batch of them, ends.
    Gate(Gate),
}

/// What holds work back until a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Gate {
    /// The wait after a failure of storage.
    Storage,
    /// The wait after a failure of the functions.
    Api,
    /// The user's limit on bytes per second.
    Cap,
    /// Small files wait for others to go in one call with them.
    Linger,
    /// The browser says offline: one try is made every now and then.
    Probe,
    /// The wait of a batch after its call failed.
    Batch(u32),
}

/// Each timer has one time.
#[derive(Clone, Debug, Default)]
pub(super) struct Timers {
    // Ordered, not hashed: timers of the same time fire in the same order in every run from one seed.
    order: BTreeSet<(u64, Timer)>,
    at: BTreeMap<Timer, u64>,
}

impl Timers {
    /// Sets or moves a timer.
    pub(super) fn set(&mut self, timer: Timer, at: u64) {
        if let Some(before) = self.at.insert(timer, at) {
            self.order.remove(&(before, timer));
        }
        self.order.insert((at, timer));
    }

    /// Sets a timer, or moves it to an earlier time.
    pub(super) fn pull(&mut self, timer: Timer, at: u64) {
        if self.at.get(&timer).is_none_or(|before| at < *before) {
            self.set(timer, at);
        }
    }

    pub(super) fn clear(&mut self, timer: Timer) {
        if let Some(at) = self.at.remove(&timer) {
            self.order.remove(&(at, timer));
        }
    }

    pub(super) fn is_set(&self, timer: Timer) -> bool {
        self.at.contains_key(&timer)
    }

    /// The time of the first one.
    pub(super) fn next(&self) -> Option<u64> {
        self.order.first().map(|(at, _)| *at)
    }

    /// Takes one that is due.
    pub(super) fn take_due(&mut self, now: u64) -> Option<Timer> {
        let (at, timer) = *self.order.first().filter(|(at, _)| *at <= now)?;
        self.order.remove(&(at, timer));
        self.at.remove(&timer);
        Some(timer)
    }

    pub(super) fn len(&self) -> usize {
        self.at.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moved_timer_rings_once_and_at_its_last_time() {
        let mut timers = Timers::default();
        let (save, view) = (Timer::Save(LocalId(1)), Timer::View(LocalId(1)));
        timers.set(save, 10);
        timers.set(view, 20);
        timers.set(save, 30);
        assert_eq!(timers.next(), Some(20));
        assert_eq!(timers.take_due(40), Some(view));
        assert_eq!(timers.take_due(29), None);
        assert_eq!(timers.take_due(30), Some(save));
        assert_eq!((timers.take_due(99), timers.len()), (None, 0));
    }
}
