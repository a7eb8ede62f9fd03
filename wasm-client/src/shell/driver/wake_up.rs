//! The machine's alarm, and the worker that keeps it on time in a hidden tab.

use std::cell::Cell;

use crate::browser::clock::Alarm;
use crate::hash::HashPool;

/// Interval at which a worker checks the alarm, in milliseconds: browsers throttle the timers of a hidden tab, but not those
/// of a worker.
const WORKER_CLOCK_MS: u32 = 1_000;

pub(super) struct WakeUp {
    alarm: Alarm,
    worker_clock_runs: Cell<bool>,
}

impl WakeUp {
    /// Calls `on_due` when a set time is reached.
    pub(super) fn new(on_due: impl Fn() + 'static) -> Self {
        Self { alarm: Alarm::new(on_due), worker_clock_runs: Cell::new(false) }
    }

    /// Replaces the time set before, in milliseconds of the monotonic clock.
    pub(super) fn set(&self, mono: u64) {
        self.alarm.set(mono);
    }

    pub(super) fn fire_if_due(&self) {
        self.alarm.fire_if_due();
    }

    /// Has a worker call `tick` from now on, unless one does.
    pub(super) fn start_worker_clock(&self, pool: &HashPool, tick: impl Fn() + 'static) {
        if !self.worker_clock_runs.replace(true) {
            pool.clock(WORKER_CLOCK_MS, tick);
        }
    }
}
