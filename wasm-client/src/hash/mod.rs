//! MD5 of parts, off the main thread.
//!
//! [`HashPool`] is the page's side: it gives jobs to workers and takes them back when a worker dies. A worker reads and
//! hashes up to eight parts in step ([`hasher`]), each from a stream of its own slice ([`reader`]). Where no worker can
//! run, the page hashes the same way in small bites.

mod hasher;
mod lane;
mod pool;
mod ramp;
mod reader;
mod slot;
#[cfg(test)]
mod tests;
mod turn;
mod wire;
mod worker;

use slipway_protocol::machine::ReadFault;
use slipway_protocol::wire::digest::Md5;

pub use pool::{HashPool, workers};
pub use worker::run_worker;

/// What a job is known by: the upload on this device, its part, and which try of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct JobKey {
    /// The upload's `LocalId`.
    pub id: u64,
    /// The number of the part.
    pub part: u16,
    /// The `Attempt`.
    pub attempt: u32,
}

/// What a [`HashPool`] tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HashEvent {
    /// So many bytes of the part are hashed. A few times a second at most.
    Progress { key: JobKey, bytes: u64 },
    /// The part's digest. The job is over.
    Done { key: JobKey, digest: Md5 },
    /// The part could not be read. The job is over.
    Failed { key: JobKey, fault: ReadFault },
    /// No worker can be had: from now on the page itself hashes, slower. Told once; no job is lost by it.
    WorkerLost,
}
