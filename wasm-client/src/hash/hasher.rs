//! Reads and hashes several parts in step, in the worker, or on the page where there is no worker.
//!
//! Reading overlaps hashing: each part reads one chunk while another waits to be hashed. A step is due when every part has
//! a chunk, so that all SIMD lanes are full, or when one part can't read on before it is hashed.

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
use super::step_task::StepTask;

/// Bytes of each chunk copied into wasm memory at once: eight of these stay in the second-level cache between the copy and
/// the hash.
const COPY_BYTES: usize = 64 << 10;

/// Bounds of a hasher. It holds at most `lanes * 2 * chunk_bytes` of files in memory, four times that where the browser
/// has no byte streams, and nothing when it is idle.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bounds {
    /// Parts at once.
    pub(super) lanes: usize,
    /// Bytes per read. One step hashes one read of each part, then the event loop runs.
    pub(super) chunk_bytes: u32,
    /// Least time between two progress reports of one job, in milliseconds.
    pub(super) report_every_ms: f64,
}

impl Bounds {
    /// For a thread that does nothing else.
    pub(super) const WORKER: Self = Self { lanes: 8, chunk_bytes: 1 << 20, report_every_ms: 200.0 };
    /// For the page: a step takes about a millisecond.
    pub(super) const PAGE: Self = Self { lanes: 4, chunk_bytes: 256 << 10, report_every_ms: 200.0 };
}

/// Progress or result of a job, by its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Report {
    Progress { job: u32, bytes: u64 },
    Done { job: u32, digest: [u8; 16] },
    Failed { job: u32, fault: ReadFault },
}

/// Hashes jobs in the order of their arrival. Dropping it stops all of them.
pub(super) struct Hasher(Rc<Core>);

struct Core {
    bounds: Bounds,
    state: RefCell<State>,
    step_task: StepTask,
    report: Box<dyn Fn(Report)>,
}

struct State {
    queue: VecDeque<Job>,
    lanes: Vec<Lane>,
    /// Buffers of hashed chunks, to read into again.
    free_buffers: Vec<ArrayBuffer>,
    /// [`COPY_BYTES`] of wasm memory for each lane.
    copies: Vec<u8>,
    ramp: Ramp,
}

impl Hasher {
    /// Without jobs. `report` may call the hasher.
    pub(super) fn new(bounds: Bounds, report: impl Fn(Report) + 'static) -> Self {
        let state = State {
            queue: VecDeque::new(),
            lanes: Vec::new(),
            free_buffers: Vec::new(),
            copies: vec![0; bounds.lanes * COPY_BYTES],
            ramp: Ramp::new(bounds.lanes),
        };
        Self(Rc::new_cyclic(|core: &Weak<Core>| {
            let core = core.clone();
            let step_task = StepTask::new(move || {
                if let Some(core) = core.upgrade() {
                    core.step_task.started();
                    core.step();
                }
            });
            Core { bounds, state: RefCell::new(state), step_task, report: Box::new(report) }
        }))
    }

    /// Hashes `len` bytes of a file from `start`. Answered by one `Done` or `Failed` with the number, which must not be in
    /// use.
    pub(super) fn prepare(&self, number: u32, file: &Blob, start: u64, len: u64) {
        self.0.state.borrow_mut().queue.push_back(Job { number, file: file.clone(), start, len });
        self.0.step_task.schedule();
    }

    /// Drops a job: no report of it follows.
    pub(super) fn drop_job(&self, number: u32) {
        let mut state = self.0.state.borrow_mut();
        state.queue.retain(|job| job.number != number);
        state.lanes.retain(|lane| lane.number != number);
        drop(state);
        self.0.step_task.schedule();
    }
}

impl Core {
    /// Hashes one step if it is due, starts jobs and reads, and reports.
    fn step(self: &Rc<Self>) {
        let now_ms = Date::now();
        let mut reports = Vec::new();
        {
            let mut state = self.state.borrow_mut();
            if !self.step_task.is_scheduled() && state.is_step_due() {
                state.hash_step();
                state.finish_lanes(&mut reports);
                state.report_progress(now_ms, self.bounds.report_every_ms, &mut reports);
                self.step_task.schedule();
            }
            state.start_jobs(now_ms, &mut reports);
            self.start_reads(&mut state);
        }
        reports.into_iter().for_each(&self.report);
    }

    fn start_reads(self: &Rc<Self>, state: &mut State) {
        let State { lanes, free_buffers, .. } = state;
        for lane in lanes {
            if let Some((reader, want)) = lane.next_read(self.bounds.chunk_bytes) {
                // Buffers are used again: fresh memory for each chunk is what the other ways of reading pay for
                // (decision 5).
                let new_buffer = || ArrayBuffer::new(self.bounds.chunk_bytes);
                let buffer = lane.reuses_buffers.then(|| free_buffers.pop().unwrap_or_else(new_buffer));
                spawn_local(read(Rc::downgrade(self), lane.number, reader, want, buffer));
            }
        }
    }

    /// A read has ended. Its job may have been dropped meanwhile.
    fn read_ended(self: &Rc<Self>, job: u32, reader: Reader, read: Result<Uint8Array, ReadFault>) {
        let mut state = self.state.borrow_mut();
        let Some(index) = state.lanes.iter().position(|lane| lane.number == job) else { return };
        match read {
            Ok(chunk) => {
                state.lanes[index].chunks.push_back(chunk);
                state.lanes[index].reader = Some(reader);
                drop(state);
            }
            Err(fault) => {
                state.lanes.remove(index);
                drop(state);
                (self.report)(Report::Failed { job, fault });
            }
        }
        self.step();
    }
}

async fn read(core: Weak<Core>, job: u32, mut reader: Reader, want: u32, buffer: Option<ArrayBuffer>) {
    let read = reader.read(want, buffer).await;
    if let Some(core) = core.upgrade() {
        core.read_ended(job, reader, read);
    }
}

impl State {
    /// Moves jobs into free lanes. Jobs without bytes are done at once.
    fn start_jobs(&mut self, now_ms: f64, reports: &mut Vec<Report>) {
        if self.queue.is_empty() && self.lanes.is_empty() {
            // An idle hasher holds no memory.
            self.free_buffers.clear();
            return;
        }
        let limit = self.ramp.limit();
        while self.lanes.len() < limit {
            let Some(job) = self.queue.pop_front() else { return };
            if job.len == 0 {
                reports.push(Report::Done { job: job.number, digest: multi_md5::md5(&[]) });
            } else {
                self.lanes.push(Lane::start(job, now_ms));
            }
        }
    }

    fn is_step_due(&self) -> bool {
        let all_have_chunks = !self.lanes.is_empty() && self.lanes.iter().all(|lane| !lane.chunks.is_empty());
        all_have_chunks || self.lanes.iter().any(Lane::is_blocked)
    }

    /// Hashes the oldest chunk of each lane that has one, in step.
    fn hash_step(&mut self) {
        let Self { lanes, free_buffers, copies, .. } = self;
        let mut oldest: Vec<_> =
            lanes.iter_mut().filter_map(|lane| lane.chunks.pop_front().map(|chunk| (lane, chunk))).collect();
        let longest = oldest.iter().map(|(_, chunk)| chunk.length()).max().unwrap_or(0);
        for from in (0..longest).step_by(COPY_BYTES) {
            let mut streams = Vec::with_capacity(oldest.len());
            for ((lane, chunk), copy) in oldest.iter_mut().zip(copies.chunks_mut(COPY_BYTES)) {
                let len = chunk.length().saturating_sub(from).min(COPY_BYTES as u32);
                let copy = &mut copy[..len as usize];
                chunk.subarray(from, from + len).copy_to(copy);
                streams.push((&mut lane.md5, &*copy));
            }
            multi_md5::update_many(&mut streams);
        }
        for (lane, chunk) in oldest {
            lane.unhashed -= u64::from(chunk.length());
            if lane.reuses_buffers {
                free_buffers.push(chunk.buffer());
            } else {
                free(&chunk.buffer());
            }
        }
    }

    fn finish_lanes(&mut self, reports: &mut Vec<Report>) {
        for lane in self.lanes.extract_if(.., |lane| lane.unhashed == 0) {
            reports.push(Report::Done { job: lane.number, digest: lane.md5.finalize() });
            self.ramp.job_done();
        }
    }

    fn report_progress(&mut self, now_ms: f64, every_ms: f64, reports: &mut Vec<Report>) {
        for lane in self.lanes.iter_mut().filter(|lane| now_ms - lane.reported_ms >= every_ms) {
            lane.reported_ms = now_ms;
            reports.push(Report::Progress { job: lane.number, bytes: lane.hashed() });
        }
    }
}
