//! Reads and hashes several parts in step. It runs in the worker, and on the page where there is no worker.
//!
//! Reading overlaps hashing: each part has one chunk to read into while another waits. A step is hashed when every part
//! has a chunk, so that SIMD lanes are full, or when one could do nothing but wait.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::{Rc, Weak};

use js_sys::{ArrayBuffer, Date, Uint8Array};
use slipway_protocol::machine::ReadFault;
use wasm_bindgen_futures::spawn_local;
use web_sys::Blob;

use super::lane::{Job, Lane};
use super::ramp::Ramp;
use super::reader::{Reader, free};
use super::turn::Turn;

/// What of each chunk is copied into wasm memory at once, in bytes: eight of these stay in the second-level cache
/// between the copy and the hash.
const PIECE_BYTES: usize = 64 << 10;
/// Bounds of a hasher. It holds at most `lanes * 2 * chunk_bytes` of files in memory, four times that where the browser
/// has no byte streams, and nothing when it is idle.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bounds {
    /// Parts at once.
    pub(super) lanes: usize,
    /// What is read at once. One step hashes as much of each part before the event loop has its turn.
    pub(super) chunk_bytes: u32,
    /// Between two progress reports of one job, in milliseconds.
    pub(super) tell_every_ms: f64,
}

impl Bounds {
    /// For a thread that does nothing else.
    pub(super) const WORKER: Self = Self { lanes: 8, chunk_bytes: 1 << 20, tell_every_ms: 200.0 };
    /// For the page: a step takes a millisecond or so.
    pub(super) const PAGE: Self = Self { lanes: 4, chunk_bytes: 256 << 10, tell_every_ms: 200.0 };
}

/// What a hasher tells of a job, by the job's number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Report {
    Progress { job: u32, bytes: u64 },
    Done { job: u32, digest: [u8; 16] },
    Failed { job: u32, fault: ReadFault },
}

/// Hashes jobs in the order in which they come. Dropping it stops all of them.
pub(super) struct Hasher(Rc<Core>);

struct Core {
    bounds: Bounds,
    state: RefCell<State>,
    turn: Turn,
    report: Box<dyn Fn(Report)>,
}

struct State {
    queue: VecDeque<Job>,
    lanes: Vec<Lane>,
    /// Chunks to read into again.
    spare: Vec<ArrayBuffer>,
    /// A piece of each lane, in wasm memory.
    pieces: Vec<u8>,
    ramp: Ramp,
}

impl Hasher {
    /// Idle. `report` may call back into the hasher.
    pub(super) fn new(bounds: Bounds, report: impl Fn(Report) + 'static) -> Self {
        let state = State {
            queue: VecDeque::new(),
            lanes: Vec::new(),
            spare: Vec::new(),
            pieces: vec![0; bounds.lanes * PIECE_BYTES],
            ramp: Ramp::new(bounds.lanes),
        };
        Self(Rc::new_cyclic(|core: &Weak<Core>| {
            let core = core.clone();
            let turn = Turn::new(move || {
                if let Some(core) = core.upgrade() {
                    core.turn.taken();
                    core.go_on();
                }
            });
            Core { bounds, state: RefCell::new(state), turn, report: Box::new(report) }
        }))
    }

    /// Hashes `len` bytes of a file from `start` on. Answered by one `Done` or `Failed` with the number, which must not
    /// be in use.
    pub(super) fn prepare(&self, number: u32, file: &Blob, start: u64, len: u64) {
        self.0.state.borrow_mut().queue.push_back(Job { number, file: file.clone(), start, len });
        self.0.turn.ask();
    }

    /// Forgets a job. It is not answered any more.
    pub(super) fn drop_job(&self, number: u32) {
        let mut state = self.0.state.borrow_mut();
        state.queue.retain(|job| job.number != number);
        state.lanes.retain(|lane| lane.number != number);
        drop(state);
        self.0.turn.ask();
    }
}

impl Core {
    /// Begins, reads and hashes what can be, and tells what came of it.
    fn go_on(self: &Rc<Self>) {
        let now_ms = Date::now();
        let mut reports = Vec::new();
        {
            let mut state = self.state.borrow_mut();
            if !self.turn.is_asked() && state.is_step_due() {
                state.hash_step();
                state.tell(now_ms, self.bounds.tell_every_ms, &mut reports);
                self.turn.ask();
            }
            state.begin(now_ms, &mut reports);
            self.read(&mut state);
        }
        reports.into_iter().for_each(&self.report);
    }

    /// Starts a read in each lane that has room for it.
    fn read(self: &Rc<Self>, state: &mut State) {
        let State { lanes, spare, .. } = state;
        for lane in lanes {
            if let Some((reader, want)) = lane.next_read(self.bounds.chunk_bytes) {
                let fresh = || ArrayBuffer::new(self.bounds.chunk_bytes);
                let buffer = lane.reuses_buffers.then(|| spare.pop().unwrap_or_else(fresh));
                spawn_local(read(Rc::downgrade(self), lane.number, reader, want, buffer));
            }
        }
    }

    /// Takes what was read into its lane, if that is still there.
    fn taken(self: &Rc<Self>, job: u32, reader: Reader, read: Result<Uint8Array, ReadFault>) {
        let mut state = self.state.borrow_mut();
        let Some(index) = state.lanes.iter().position(|lane| lane.number == job) else { return };
        match read {
            Ok(chunk) => {
                state.lanes[index].ready.push_back(chunk);
                state.lanes[index].reader = Some(reader);
                drop(state);
            }
            Err(fault) => {
                state.lanes.remove(index);
                drop(state);
                (self.report)(Report::Failed { job, fault });
            }
        }
        self.go_on();
    }
}

async fn read(core: Weak<Core>, job: u32, mut reader: Reader, want: u32, buffer: Option<ArrayBuffer>) {
    let read = reader.read(want, buffer).await;
    if let Some(core) = core.upgrade() {
        core.taken(job, reader, read);
    }
}

impl State {
    /// Moves jobs into free lanes. Empty ones are done at once.
    fn begin(&mut self, now_ms: f64, reports: &mut Vec<Report>) {
        if self.queue.is_empty() && self.lanes.is_empty() {
            self.spare.clear();
            return;
        }
        let limit = self.ramp.limit();
        while self.lanes.len() < limit {
            let Some(job) = self.queue.pop_front() else { return };
            if job.len == 0 {
                reports.push(Report::Done { job: job.number, digest: multi_md5::md5(&[]) });
            } else {
                self.lanes.push(Lane::begin(job, now_ms));
            }
        }
    }

    fn is_step_due(&self) -> bool {
        let all_have = !self.lanes.is_empty() && self.lanes.iter().all(|lane| !lane.ready.is_empty());
        all_have || self.lanes.iter().any(Lane::waits)
    }

    /// Hashes the oldest chunk of each lane that has one, in step.
    fn hash_step(&mut self) {
        let Self { lanes, spare, pieces, .. } = self;
        let mut fronts: Vec<_> =
            lanes.iter_mut().filter_map(|lane| lane.ready.pop_front().map(|chunk| (lane, chunk))).collect();
        let longest = fronts.iter().map(|(_, chunk)| chunk.length()).max().unwrap_or(0);
        for from in (0..longest).step_by(PIECE_BYTES) {
            let mut feeds = Vec::with_capacity(fronts.len());
            for ((lane, chunk), piece) in fronts.iter_mut().zip(pieces.chunks_mut(PIECE_BYTES)) {
                let len = chunk.length().saturating_sub(from).min(PIECE_BYTES as u32);
                let piece = &mut piece[..len as usize];
                chunk.subarray(from, from + len).copy_to(piece);
                feeds.push((&mut lane.md5, &*piece));
            }
            multi_md5::update_many(&mut feeds);
        }
        for (lane, chunk) in fronts {
            lane.unhashed -= u64::from(chunk.length());
            if lane.reuses_buffers {
                spare.push(chunk.buffer());
            } else {
                free(&chunk.buffer());
            }
        }
    }

    /// Ends the lanes that are hashed to the end; of the others tells how far they are, now and then.
    fn tell(&mut self, now_ms: f64, every_ms: f64, reports: &mut Vec<Report>) {
        for lane in self.lanes.extract_if(.., |lane| lane.unhashed == 0) {
            reports.push(Report::Done { job: lane.number, digest: lane.md5.finalize() });
            self.ramp.warm();
        }
        for lane in self.lanes.iter_mut().filter(|lane| now_ms - lane.told_ms >= every_ms) {
            lane.told_ms = now_ms;
            reports.push(Report::Progress { job: lane.number, bytes: lane.hashed() });
        }
    }
}
