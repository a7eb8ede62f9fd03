//! How many PUTs are in flight at once: additive increase, multiplicative decrease
//! (Chiu and Jain, 1989), as TCP does with its window.

/// Lanes at the start, for each upload host.
pub const START: u8 = 4;
/// HTTP/1.1 in a browser: connections to one host name.
pub const PER_HOST: u8 = 6;
/// The same where the calls to the functions share them: one is left to these.
pub const PER_OWN_HOST: u8 = PER_HOST - 1;
/// Whatever the number of hosts.
pub const MOST: u8 = 16;

/// PUTs in flight where parts go to the page's own origin, by the ALPN name (RFC 7301) of the protocol that it is served
/// by. From HTTP/2 on the requests share one connection and none waits for another.
pub fn of_own_host(alpn: &str) -> u8 {
    if alpn == "h2" || alpn.starts_with("h3") { MOST } else { PER_OWN_HOST }
}

const EPOCH_MS: u64 = 1_000;
/// The first epoch: a file of a few hundred megabytes is gone before the second long one.
const FIRST_EPOCH_MS: u64 = 500;
/// Bytes per second of a lane that make one more of them cheap: what a cut costs is sent again in seconds. Large buffers
/// below a slow link can pretend it; then all lanes are open, and no more.
const CHEAP: u64 = 2 << 20;
/// A PUT of no more bytes than this is light.
const LIGHT: u64 = 1 << 20;
/// Epochs without growth after which one more lane is tried: the link may have changed.
const TRY_AGAIN_EPOCHS: u32 = 15;

/// The number of lanes, led by what one more of them brought.
#[derive(Clone, Debug)]
pub struct Lanes {
    limit: u8,
    most: u8,
    /// Upload hosts that parts are spread over: lanes are added to each of them at once.
    hosts: u8,
    /// PUTs in flight on one of them, at most.
    each: u8,
    epoch_at: Option<u64>,
    epoch_bytes: u64,
    saturated: bool,
    /// The rate before the last lane was added, in bytes per second.
    before: Option<u64>,
    idle_epochs: u32,
    shrunk_at: Option<u64>,
}

impl Default for Lanes {
    fn default() -> Self {
        Self {
            limit: START,
            most: PER_HOST,
            hosts: 1,
            each: PER_HOST,
            epoch_at: None,
            epoch_bytes: 0,
            saturated: true,
            before: None,
            idle_epochs: 0,
            shrunk_at: None,
        }
    }
}

impl Lanes {
    /// PUTs that may be in flight now.
    pub fn limit(&self) -> u8 {
        self.limit
    }

    /// The same for a PUT of `bytes`. A light one has all the lanes there are from the beginning: its time is the
    /// round trip's, and nothing is lost with it. Once the limit was cut, it holds for all.
    pub fn limit_for(&self, bytes: u64) -> u8 {
        if bytes <= LIGHT && self.shrunk_at.is_none() { self.most } else { self.limit }
    }

    /// Parts are spread over `hosts` upload hosts, with at most `each` lanes to one of them.
    pub fn set_hosts(&mut self, hosts: u8, each: u8) {
        let (hosts, each) = (hosts.max(1), each.max(1));
        // Reported again with every view of the room: only the first news may raise the limit, and a cut holds.
        let begins = (hosts, each) != (self.hosts, self.each) && self.is_new();
        (self.hosts, self.each) = (hosts, each);
        self.most = hosts.saturating_mul(each).min(MOST);
        self.limit = if begins { self.start() } else { self.limit.min(self.most) };
    }

    fn start(&self) -> u8 {
        self.hosts.saturating_mul(START).min(self.most)
    }

    /// `bytes` were handed to the network.
    pub fn moved(&mut self, bytes: u64) {
        self.epoch_bytes += bytes;
    }

    /// After each event: `in_flight` PUTs are under way. Grows the limit when an epoch ends well.
    pub fn sample(&mut self, now: u64, in_flight: u8) {
        if in_flight > self.limit {
            // Light PUTs beyond the limit tell nothing about it.
            return self.next_epoch(now);
        }
        let is_full = in_flight >= self.limit;
        let began = *self.epoch_at.get_or_insert(now);
        let passed = now.saturating_sub(began);
        // Lanes that were idle or not full tell nothing about what one more would bring.
        if in_flight == 0 || passed > 10 * EPOCH_MS || (is_full && !self.saturated) {
            self.next_epoch(now);
        } else if passed >= self.epoch_ms() {
            let rate = self.epoch_bytes.saturating_mul(1000) / passed;
            if self.saturated && rate > 0 {
                self.judge(rate);
            }
            self.next_epoch(now);
        }
        self.saturated &= in_flight >= self.limit;
    }

    fn epoch_ms(&self) -> u64 {
        if self.is_new() { FIRST_EPOCH_MS } else { EPOCH_MS }
    }

    /// Nothing is known of the link yet.
    fn is_new(&self) -> bool {
        self.before.is_none() && self.shrunk_at.is_none()
    }

    fn next_epoch(&mut self, now: u64) {
        self.epoch_at = Some(now);
        self.epoch_bytes = 0;
        self.saturated = true;
    }

    fn judge(&mut self, rate: u64) {
        // Only at the start: a link that was cut is not taken for a quick one.
        if self.is_new() && rate / u64::from(self.limit) >= CHEAP {
            self.before = Some(rate);
            self.limit = self.most;
            return;
        }
        // One lane more than n should bring 1/n more; a third of that is worth going on for.
        let worth = |before: u64| before + before * u64::from(self.hosts) / (u64::from(self.limit) * 3);
        self.idle_epochs += 1;
        if self.before.is_none_or(|before| rate > worth(before)) || self.idle_epochs > TRY_AGAIN_EPOCHS {
            self.idle_epochs = 0;
            self.before = Some(rate);
            // One for each host, so that two hosts have all their lanes as soon as one would.
            self.limit = self.limit.saturating_add(self.hosts).min(self.most);
        }
    }

    /// Storage or the link asked for less: a 503, a time-out, a stall of a PUT that began at `started`.
    ///
    /// PUTs that began before the last cut tell nothing about the limit since.
    pub fn shrink(&mut self, now: u64, started: u64) {
        if self.shrunk_at.is_none_or(|at| started >= at) {
            self.limit = (self.limit / 2).max(1);
            self.shrunk_at = Some(now);
            self.before = None;
            self.idle_epochs = 0;
            self.next_epoch(now);
        }
    }

    /// The link is another one, maybe: after sleep, or back online.
    pub fn restart(&mut self) {
        *self = Self { most: self.most, hosts: self.hosts, each: self.each, limit: self.start(), ..Self::default() };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Seconds of full lanes, with a rate for each number of them.
    fn run(lanes: &mut Lanes, from: u64, seconds: u64, rate: impl Fn(u8) -> u64) -> u64 {
        for tenth in 1..=seconds * 10 {
            lanes.moved(rate(lanes.limit()) / 10);
            lanes.sample(from + tenth * 100, lanes.limit());
        }
        from + seconds * 1000
    }

    #[test]
    fn the_own_host_has_many_lanes_from_http_2_on() {
        assert!(["h2", "h3", "h3-29"].into_iter().all(|alpn| of_own_host(alpn) == MOST));
        assert!(["", "http/1.1", "http/1.0", "h2c-no"].into_iter().all(|alpn| of_own_host(alpn) == PER_OWN_HOST));
    }

    #[test]
    fn a_link_limited_by_its_round_trip_gets_all_six_within_four_seconds() {
        for per_lane in [1_500_000, 2_500_000] {
            let mut lanes = Lanes::default();
            lanes.sample(0, 4);
            run(&mut lanes, 0, 4, |n| u64::from(n) * per_lane);
            assert_eq!(lanes.limit(), 6);
        }
    }

    #[test]
    fn a_quick_link_gets_all_six_after_half_a_second() {
        for (per_lane, limit) in [(CHEAP - 1, 5), (CHEAP, 6)] {
            let mut lanes = Lanes::default();
            lanes.sample(0, 1);
            lanes.sample(300, 4);
            lanes.moved(2 * per_lane);
            lanes.sample(799, 4);
            assert_eq!(lanes.limit(), 4, "the lanes were not full for half a second yet");
            lanes.sample(800, 4);
            assert_eq!(lanes.limit(), limit);
        }
    }

    #[test]
    fn light_puts_have_all_lanes_until_one_is_cut() {
        let mut lanes = Lanes::default();
        assert_eq!([LIGHT, LIGHT + 1].map(|bytes| lanes.limit_for(bytes)), [6, 4]);
        lanes.set_hosts(2, PER_HOST);
        assert_eq!([0, u64::MAX].map(|bytes| lanes.limit_for(bytes)), [12, 8]);
        lanes.shrink(10, 0);
        assert_eq!([0, u64::MAX].map(|bytes| lanes.limit_for(bytes)), [4, 4]);
    }

    /// The limit after 60 samples, `every_ms` apart, with `in_flight` PUTs that moved `bytes` each time.
    fn sampled(every_ms: u64, in_flight: u8, bytes: u64) -> u8 {
        let mut lanes = Lanes::default();
        for sample in 0..60 {
            lanes.moved(bytes);
            lanes.sample(sample * every_ms, in_flight);
        }
        lanes.limit()
    }

    #[test]
    fn light_puts_beyond_the_limit_tell_nothing_about_it() {
        assert_eq!(sampled(100, 6, 10_000_000), 4);
    }

    #[test]
    fn a_link_that_was_cut_is_not_taken_for_a_quick_one() {
        let mut lanes = Lanes::default();
        lanes.sample(0, 4);
        lanes.shrink(10, 0);
        run(&mut lanes, 10, 2, |_| 100_000_000);
        assert_eq!(lanes.limit(), 3);
    }

    #[test]
    fn a_full_link_gets_no_more_than_one_lane_to_try() {
        let mut lanes = Lanes::default();
        lanes.sample(0, 4);
        run(&mut lanes, 0, 12, |_| 5_000_000);
        assert_eq!(lanes.limit(), 5);
    }

    #[test]
    fn the_limit_at_every_number_of_hosts() {
        let own = [(1, PER_OWN_HOST, 5), (1, MOST, 16), (1, 0, 1), (255, 255, 16)];
        let others = [(0, 6), (1, 6), (2, 12), (3, 16), (255, 16)].map(|(hosts, most)| (hosts, PER_HOST, most));
        for (hosts, each, most) in own.into_iter().chain(others) {
            let mut lanes = Lanes::default();
            lanes.set_hosts(hosts, each);
            lanes.sample(0, 4);
            run(&mut lanes, 0, 60, |n| u64::from(n) * 1_000_000);
            assert_eq!(lanes.limit(), most, "{hosts} hosts of {each}");
        }
    }

    #[test]
    fn what_is_told_at_every_look_at_a_room_changes_nothing() {
        let mut lanes = Lanes::default();
        lanes.sample(0, 4);
        let now = run(&mut lanes, 0, 10, |n| u64::from(n) * 1_000_000);
        lanes.set_hosts(1, PER_HOST);
        assert_eq!(lanes.limit(), 6);
        lanes.shrink(now, now);
        lanes.set_hosts(1, PER_HOST);
        assert_eq!(lanes.limit(), 3);
        lanes.set_hosts(1, MOST);
        assert_eq!(lanes.limit(), 3, "a cut holds");
        lanes.restart();
        run(&mut lanes, now, 60, |n| u64::from(n) * 1_000_000);
        lanes.set_hosts(1, PER_OWN_HOST);
        assert_eq!(lanes.limit(), 5);
    }

    #[test]
    fn two_hosts_have_all_their_lanes_as_soon_as_one_has() {
        let mut lanes = Lanes::default();
        lanes.set_hosts(2, PER_HOST);
        assert_eq!(lanes.limit(), 8);
        lanes.sample(0, 8);
        run(&mut lanes, 0, 4, |n| u64::from(n) * 2_500_000);
        assert_eq!(lanes.limit(), 12);
    }

    #[test]
    fn shrinking_halves_down_to_one_and_once_for_each_generation() {
        let mut lanes = Lanes::default();
        for (now, started, limit) in [(100, 0, 2), (101, 0, 2), (102, 99, 2), (300, 100, 1), (400, 301, 1)] {
            lanes.shrink(now, started);
            assert_eq!(lanes.limit(), limit, "at {now}");
        }
        lanes.restart();
        assert_eq!(lanes.limit(), START);
    }

    #[test]
    fn idle_lanes_are_no_reason_to_grow() {
        assert_eq!(sampled(1000, 2, 1_000_000), START);
    }

    #[test]
    fn after_a_cut_it_grows_back() {
        let mut lanes = Lanes::default();
        lanes.sample(0, 4);
        lanes.shrink(10, 0);
        run(&mut lanes, 10, 10, |n| u64::from(n) * 2_500_000);
        assert_eq!(lanes.limit(), 6);
    }
}
