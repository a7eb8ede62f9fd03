//! What all uploads share: time, effects, timers, lanes, and the health of storage and functions.

use alloc::collections::{BTreeSet, VecDeque};

use super::timers::{Gate, Timer, Timers};
use super::{Attempt, Config, Effect, LocalId};
use crate::machine::network::backoff::Backoff;
use crate::machine::network::cap::Cap;
use crate::machine::network::hosts::Hosts;
use crate::machine::network::lanes::Lanes;
use crate::machine::rng::Rng;

/// One call or PUT under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Call {
    pub(super) attempt: Attempt,
    /// In milliseconds on the machine's clock.
    pub(super) started: u64,
}

/// The browser says that there is no network.
#[derive(Clone, Copy, Debug)]
struct Offline {
    /// The time of the next try, since the browser may be wrong.
    probe_at: u64,
}

#[derive(Debug)]
pub(super) struct Context {
    pub(super) config: Config,
    /// In milliseconds on the machine's clock.
    pub(super) now: u64,
    pub(super) rng: Rng,
    pub(super) timers: Timers,
    pub(super) storage: Backoff,
    pub(super) api: Backoff,
    pub(super) lanes: Lanes,
    pub(super) cap: Cap,
    pub(super) hosts: Hosts,
    /// Uploads that an event touched; their views are refreshed at its end.
    pub(super) touched: BTreeSet<LocalId>,
    /// Stalls since the last part was stored: the next watchdog waits longer.
    pub(super) stalls: u32,
    pub(super) lane_rate: LaneRate,
    effects: VecDeque<Effect>,
    attempts: u32,
    calls: u32,
    offline: Option<Offline>,
}

impl Context {
    pub(super) fn new(config: Config, seed: u64) -> Self {
        Self {
            config,
            now: 0,
            rng: Rng::new(seed),
            timers: Timers::default(),
            storage: Backoff::default(),
            api: Backoff::default(),
            lanes: Lanes::default(),
            cap: Cap::default(),
            hosts: Hosts::default(),
            touched: BTreeSet::new(),
            stalls: 0,
            lane_rate: LaneRate::default(),
            effects: VecDeque::new(),
            attempts: 0,
            calls: 0,
            offline: None,
        }
    }

    pub(super) fn emit(&mut self, effect: Effect) {
        self.effects.push_back(effect);
    }

    pub(super) fn next_effect(&mut self) -> Option<Effect> {
        self.effects.pop_front()
    }

    /// A new attempt; no other effect has its number.
    pub(super) fn attempt(&mut self) -> Attempt {
        self.attempts = self.attempts.wrapping_add(1);
        Attempt(self.attempts)
    }

    /// The attempt given last; every later effect has a higher one.
    pub(super) fn last_attempt(&self) -> Attempt {
        Attempt(self.attempts)
    }

    /// A call to the functions begins; [`Context::call_over`] ends it.
    pub(super) fn call(&mut self) -> Call {
        self.calls += 1;
        // Offline there is one try at a time, whether it is a call or a PUT.
        self.probe_spent();
        Call { attempt: self.attempt(), started: self.now }
    }

    pub(super) fn call_over(&mut self) {
        self.calls = self.calls.saturating_sub(1);
    }

    /// Whether a call to the functions may begin. While they fail, one at a time tries.
    pub(super) fn may_call(&self) -> bool {
        // One call probes failing functions, so that an outage is no storm of retries, however many files wait.
        self.may_try() && self.api.is_over(self.now) && (self.api.level() == 0 || self.calls == 0)
    }

    /// Whether a status or abort may begin.
    pub(super) fn may_do_chore(&self) -> bool {
        self.calls < self.config.chores_at_once && self.may_call()
    }

    /// Whether a PUT may begin, as far as storage's health and the cap go.
    pub(super) fn may_put(&self) -> bool {
        self.may_try() && self.storage.is_over(self.now) && self.cap.blocked_until(self.now).is_none()
    }

    /// Whether a lane is free for a PUT of `bytes`. While storage fails, one at a time tries.
    pub(super) fn has_lane(&self, bytes: u64) -> bool {
        // A cut connection takes all lanes with it and counts once. Only a second failure says that storage is down.
        let lanes = if self.storage.level() > 1 { 1 } else { self.lanes.limit_for(bytes) };
        self.hosts.in_flight() < lanes
    }

    /// A PUT of `bytes` begins.
    pub(super) fn put(&mut self, bytes: u64) -> Call {
        self.probe_spent();
        self.cap.spend(self.now, bytes);
        // With all lanes idle no other event would start the next part.
        if let Some(at) = self.cap.blocked_until(self.now) {
            self.timers.set(Timer::Gate(Gate::Cap), at);
        }
        Call { attempt: self.attempt(), started: self.now }
    }

    fn may_try(&self) -> bool {
        self.offline.is_none_or(|offline| self.now >= offline.probe_at)
    }

    fn probe_spent(&mut self) {
        if let Some(offline) = &mut self.offline {
            offline.probe_at = self.now + self.config.offline_probe_ms;
            self.timers.set(Timer::Gate(Gate::Probe), offline.probe_at);
        }
    }

    pub(super) fn is_offline(&self) -> bool {
        self.offline.is_some()
    }

    pub(super) fn go_offline(&mut self) {
        // A browser may say so again and again: the try is due half a minute after the first time.
        let probe_at = self.now + self.config.offline_probe_ms;
        let probe_at = self.offline.get_or_insert(Offline { probe_at }).probe_at;
        self.timers.set(Timer::Gate(Gate::Probe), probe_at);
    }

    /// The network is back, or a byte got through whatever the browser says. Whether it was offline.
    pub(super) fn go_online(&mut self) -> bool {
        self.timers.clear(Timer::Gate(Gate::Probe));
        self.offline.take().is_some()
    }

    /// The functions answered.
    pub(super) fn api_answered(&mut self) {
        self.api.reset();
        self.go_online();
    }

    /// The functions failed. Costs nothing while offline.
    pub(super) fn api_failed(&mut self, call: Call, retry_after: Option<u64>) {
        if !self.is_offline() {
            self.api.fail(self.now, call.started, retry_after, &mut self.rng);
            self.timers.set(Timer::Gate(Gate::Api), self.api.until());
        }
    }

    /// Bytes got farther than ever, or a part was stored.
    pub(super) fn storage_moved(&mut self) {
        self.storage.reset();
        self.go_online();
    }

    /// Storage failed. Costs nothing while offline.
    pub(super) fn storage_failed(&mut self, call: Call) {
        if !self.is_offline() {
            self.storage.fail(self.now, call.started, None, &mut self.rng);
            self.timers.set(Timer::Gate(Gate::Storage), self.storage.until());
        }
    }

    /// The room signs for `count` upload hosts, with at most `each` PUTs in flight on one.
    pub(super) fn set_hosts(&mut self, count: u8, each: u8) {
        self.hosts.set(count, each);
        self.open_lanes();
    }

    /// A host stored a part that another one may have been given instead.
    pub(super) fn host_stored(&mut self, host: u8) {
        if self.hosts.stored(host, self.now) {
            self.open_lanes();
        }
    }

    /// A host did not answer. Whether it is left alone, and the part goes to another one.
    pub(super) fn host_failed(&mut self, host: u8, call: Call) -> bool {
        // Costs nothing while offline.
        let is_left = !self.is_offline() && self.hosts.failed(host, call.started, self.now);
        self.open_lanes();
        is_left
    }

    fn open_lanes(&mut self) {
        let (hosts, each) = self.hosts.usable();
        self.lanes.set_hosts(hosts, each);
    }

    /// Every wait is over: the network is another one.
    pub(super) fn reset_waits(&mut self) {
        self.storage.reset();
        self.api.reset();
        self.hosts.forget();
        self.open_lanes();
        self.lanes.restart();
        self.stalls = 0;
    }

    pub(super) fn touch(&mut self, id: LocalId) {
        self.touched.insert(id);
    }
}

/// What one lane moves, measured by parts that were stored.
#[derive(Debug, Default)]
pub(super) struct LaneRate {
    bytes_per_second: Option<u64>,
    parts: u32,
}

impl LaneRate {
    /// A part was stored `millis` milliseconds after its PUT began. Small ones measure the round trip only.
    pub(super) fn measured(&mut self, bytes: u64, millis: u64) {
        const TELLING_BYTES: u64 = 1 << 20;
        if bytes >= TELLING_BYTES {
            let rate = bytes.saturating_mul(1000) / millis.max(1);
            self.bytes_per_second = Some(self.bytes_per_second.map_or(rate, |before| (before * 3 + rate) / 4));
            self.parts += 1;
        }
    }

    /// Bytes per second of one lane.
    pub(super) fn get(&self) -> Option<u64> {
        self.bytes_per_second
    }

    /// Bytes per second of `lanes`, once it is known well enough to plan by.
    pub(super) fn hint(&self, lanes: u8) -> Option<u64> {
        self.bytes_per_second.filter(|_| self.parts >= 4).map(|rate| rate.saturating_mul(u64::from(lanes)))
    }
}
