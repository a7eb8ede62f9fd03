//! Every number of the machine, with its unit.

use crate::wire::plan::Planner;

/// How the machine behaves. The defaults are what the page uses.
#[derive(Clone, Debug, PartialEq)]
pub struct Config {
    /// Parts that are hashed at once, in step.
    pub hash_lanes: u8,
    /// Parts of large files hashed or being hashed but not sent yet, beyond the number of lanes.
    pub ahead_parts: u16,
    /// The same in bytes; two parts are allowed whatever their size.
    pub ahead_bytes: u64,
    /// Small files (one PUT) that are worked on at once.
    pub small_at_once: usize,
    /// Large files (many parts) that are worked on at once.
    pub large_at_once: usize,
    /// Status and abort calls under way at once: after a reload there can be thousands to make.
    pub chores_at_once: u32,
    /// Stored parts that are compared at once while others are still to be sent.
    pub proofs_beside: usize,
    /// A URL with less time left than this is signed again instead of used, in milliseconds.
    pub sign_margin_ms: u64,
    /// URLs in a row that may run out without costing an attempt.
    pub free_resigns: u8,
    /// The circuit opens after failures without progress for this long, in milliseconds.
    pub circuit_ms: u64,
    /// Failed reads in a row before the user is asked.
    pub read_tries: u8,
    /// How long each effect is waited for.
    pub timeouts: Timeouts,
    /// How long small files wait for others to go in one call with them, in milliseconds.
    pub linger_ms: u64,
    /// Views change no more often than this unless the stage does, in milliseconds.
    pub view_ms: u64,
    /// Time between two tries while the browser says offline, in milliseconds: it may be wrong.
    pub offline_probe_ms: u64,
    /// The first wait before the status of a completion is fetched again, in milliseconds; each one doubles.
    pub poll_ms: u64,
    /// The longest of these waits, in milliseconds.
    pub poll_most_ms: u64,
    /// Times that complete may find parts missing before it is an error.
    pub incomplete_rounds: u8,
    /// How files are cut. The functions plan in the same way, and what they answer counts.
    pub planner: Planner,
    /// The rate of earlier sessions, in bytes per second. Makes parts small on slow links.
    pub rate_hint: Option<u64>,
}

/// After these, in milliseconds, an effect without an answer counts as failed.
#[derive(Clone, Debug, PartialEq)]
pub struct Timeouts {
    /// A PUT that moves no byte, at the least: a slow lane has more.
    pub stall_ms: u64,
    /// A reading that moves no byte.
    pub prepare_ms: u64,
    pub initiate_ms: u64,
    pub sign_ms: u64,
    pub status_ms: u64,
    pub complete_ms: u64,
    pub adopt_ms: u64,
    pub abort_ms: u64,
    /// A record that is not on disk after this is not waited for any longer.
    pub save_ms: u64,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            // More than the 10 s after which the page probes the file of a PUT that has sent nothing.
            stall_ms: 30_000,
            prepare_ms: 60_000,
            // For calls: API Gateway ends a request at 30 s and the page gives up at 35 s, so these only end what
            // hangs beyond that.
            initiate_ms: 60_000,
            sign_ms: 45_000,
            status_ms: 60_000,
            complete_ms: 60_000,
            adopt_ms: 45_000,
            abort_ms: 45_000,
            save_ms: 15_000,
        }
    }
}

impl Default for Config {
    fn default() -> Self {
        Self {
            // Eight streams fill two SIMD vectors in turn: 3,330 MiB/s against 765 for one stream (decision 5).
            hash_lanes: 8,
            ahead_parts: 12,
            ahead_bytes: 1 << 30,
            small_at_once: 128,
            large_at_once: 4,
            chores_at_once: 4,
            proofs_beside: 2,
            sign_margin_ms: 30_000,
            // Bounded: where every URL comes expired, signing again for free would loop without a wait.
            free_resigns: 3,
            circuit_ms: 300_000,
            read_tries: 5,
            timeouts: Timeouts::default(),
            linger_ms: 100,
            view_ms: 250,
            offline_probe_ms: 30_000,
            poll_ms: 2_000,
            poll_most_ms: 15_000,
            // Bounded: parts that complete always misses would go round for ever.
            incomplete_rounds: 5,
            planner: Planner::S3,
            rate_hint: None,
        }
    }
}
