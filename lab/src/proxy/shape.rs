//! Rates of a link.

use std::sync::Mutex;
use std::time::Duration;

use tokio::time::Instant;

const MAX_STEP_BYTES: usize = 64 * 1024;

/// What the link between the browser and the server is like.
#[derive(Clone, Copy, Debug, Default)]
pub struct Link {
    /// Upward, all connections together, in bytes per second.
    pub up_total: Option<u64>,
    /// Upward, each connection, in bytes per second.
    pub up_each: Option<u64>,
    /// Downward, all connections together, in bytes per second.
    pub down_total: Option<u64>,
    /// The time there and back, for connections begun after it is set.
    pub round_trip: Duration,
    /// Bytes that a connection may have under way, where there is a round trip. 256 KiB if not set.
    pub window: Option<usize>,
}

/// A link with the state of its rates.
#[derive(Debug)]
pub(crate) struct Shape {
    pub(super) link: Link,
    up: Pace,
    down: Pace,
}

impl Shape {
    pub(super) fn new(link: Link) -> Self {
        Self { link, up: Pace::default(), down: Pace::default() }
    }

    /// The most bytes to send upward at once.
    pub(super) fn up_step(&self) -> usize {
        step([self.link.up_total, self.link.up_each].into_iter().flatten().min())
    }

    pub(super) fn down_step(&self) -> usize {
        step(self.link.down_total)
    }

    /// Waits until `bytes` may go up; `each` is the connection's own pace.
    pub(super) async fn pass_up(&self, bytes: usize, each: &Pace) {
        if let Some(rate) = self.link.up_total {
            self.up.pass(bytes, rate).await;
        }
        if let Some(rate) = self.link.up_each {
            each.pass(bytes, rate).await;
        }
    }

    pub(super) async fn pass_down(&self, bytes: usize) {
        if let Some(rate) = self.link.down_total {
            self.down.pass(bytes, rate).await;
        }
    }
}

/// Lets bytes pass at a rate, without bursts.
#[derive(Debug, Default)]
pub(super) struct Pace {
    free_at: Mutex<Option<Instant>>,
}

impl Pace {
    pub(super) async fn pass(&self, bytes: usize, bytes_per_second: u64) {
        let until = {
            let mut free_at = self.free_at.lock().unwrap();
            // Time without traffic is not saved up: it would come out as a burst.
            let from = free_at.map_or_else(Instant::now, |at| at.max(Instant::now()));
            let until = from + Duration::from_secs_f64(bytes as f64 / bytes_per_second.max(1) as f64);
            *free_at = Some(until);
            until
        };
        tokio::time::sleep_until(until).await;
    }
}

/// A fiftieth of a second's worth, within reason.
pub(super) fn step(bytes_per_second: Option<u64>) -> usize {
    bytes_per_second.map_or(usize::MAX, |rate| (rate / 50).clamp(512, MAX_STEP_BYTES as u64) as usize)
}
