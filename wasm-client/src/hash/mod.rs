//! MD5 of parts, off the main thread.
//!
//! [`HashPool`] runs on the page: it assigns jobs to workers and reassigns them when a worker dies. A worker reads and
//! hashes up to eight parts in step ([`hasher`]), each from a stream of its own slice ([`reader`]). Where no worker can
//! run, the page hashes the same way in shorter steps.

mod hasher;
mod lane;
mod pool;
mod ramp;
mod reader;
mod step_task;
#[cfg(test)]
mod tests;
mod wire;
mod worker;
mod worker_handle;

use slipway_protocol::machine::ReadFault;
use slipway_protocol::wire::digest::Md5;

pub use pool::{HashPool, worker_count};
pub use worker::run_worker;

/// Identifies a job: the upload on this device, its part, and the attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct JobKey {
    /// The upload's `LocalId`.
    pub id: u64,
    /// The number of the part.
    pub part: u16,
    /// The `Attempt`.
    pub attempt: u32,
}

/// Events of a [`HashPool`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HashEvent {
    /// Bytes of the part hashed so far. At most a few times a second.
    Progress { key: JobKey, bytes: u64 },
    /// The part's digest. The job has ended.
    Done { key: JobKey, digest: Md5 },
    /// The part could not be read. The job has ended.
    Failed { key: JobKey, fault: ReadFault },
    /// No worker is available: from now on the page itself hashes, more slowly. Sent once; no job is lost.
    WorkerLost,
}
