//! The page's side of hashing: assigns jobs to workers, and replaces workers that die.

use std::cell::RefCell;
use std::collections::HashMap;
use std::fmt;
use std::rc::{Rc, Weak};

use gloo_timers::callback::Interval;
use slipway_protocol::wire::digest::Md5;
use web_sys::Blob;

use super::hasher::{Bounds, Hasher, Report};
use super::wire::{FromWorker, ToWorker, VERSION};
use super::worker_handle::{Event, WorkerHandle};
use super::{HashEvent, JobKey};

/// The script that trunk makes of the binary `hash-worker`, with `data-type="worker"` and `data-loader-shim`.
const SCRIPT: &str = "/hash-worker_loader.js";
/// A worker with this many jobs fills its SIMD lanes well; the next job may start another worker.
const BUSY_JOBS: usize = 4;
/// Most workers that are replaced after they died. After that the page itself hashes.
const MAX_REPLACED: u32 = 2;

/// Workers to run on this many logical processors. One worker, with several parts in step, reads and hashes more than half
/// a GiB a second; a second one is faster only where the browser's own work leaves cores for it.
pub fn worker_count(cores: f64) -> u8 {
    // On fewer cores a second worker takes them from what reads and sends. What it brings on eight was not measured,
    // since there was no such machine (decision 5).
    if cores >= 8.0 { 2 } else { 1 }
}

/// Hashes parts of files in workers. Dropping it ends them.
///
/// Workers start with the first job; [`Self::warm_up`] starts one earlier. When a worker dies, its jobs go to another or to
/// the page: every job that is not dropped is answered.
pub struct HashPool(Rc<Pool>);

struct Pool {
    script: String,
    max_workers: usize,
    on_event: Box<dyn Fn(HashEvent)>,
    state: RefCell<State>,
    this: Weak<Pool>,
}

#[derive(Default)]
struct State {
    workers: Vec<WorkerHandle>,
    jobs: HashMap<u32, Job>,
    numbers: HashMap<JobKey, u32>,
    /// Last number given to a job, a worker or a clock.
    last_number: u32,
    /// Workers that died or did not start.
    lost_workers: u32,
    /// Hashes on the page, once no worker is available.
    page_hasher: Option<Hasher>,
    clocks: Vec<Clock>,
}

#[derive(Clone)]
struct Job {
    key: JobKey,
    file: Blob,
    start: u64,
    len: u64,
    /// The number of its worker; `None` on the page.
    worker: Option<u32>,
}

struct Clock {
    number: u32,
    every_ms: u32,
    f: Rc<dyn Fn()>,
    /// The page's own timer, where there is no worker.
    timer: Option<Interval>,
}

impl HashPool {
    /// A pool of at most `max_workers` workers, at least one, that run the script that trunk makes. `on_event` may call the
    /// pool.
    pub fn new(max_workers: u8, on_event: impl Fn(HashEvent) + 'static) -> Self {
        Self::with_script(SCRIPT, max_workers, on_event)
    }

    /// The same with the URL of a module script that calls [`super::run_worker`].
    pub fn with_script(script: &str, max_workers: u8, on_event: impl Fn(HashEvent) + 'static) -> Self {
        Self(Rc::new_cyclic(|this| Pool {
            script: script.to_owned(),
            max_workers: max_workers.max(1).into(),
            on_event: Box::new(on_event),
            state: RefCell::default(),
            this: this.clone(),
        }))
    }

    /// Hashes `len` bytes of a file from `start`. Answered by one `Done` or `Failed`. A job with the same key that has not
    /// ended is dropped.
    pub fn prepare(&self, key: JobKey, file: &Blob, start: u64, len: u64) {
        self.drop_job(key);
        let mut state = self.0.state.borrow_mut();
        let number = state.next_number();
        state.numbers.insert(key, number);
        state.jobs.insert(number, Job { key, file: file.clone(), start, len, worker: None });
        drop(state);
        self.0.assign(number);
    }

    /// Drops a job: no event of it follows. Dropping one that has ended is no error.
    pub fn drop_job(&self, key: JobKey) {
        let mut state = self.0.state.borrow_mut();
        let Some(number) = state.numbers.get(&key).copied() else { return };
        if let Some(worker) = state.end_job(number)
            && let Some(worker) = state.worker(worker)
        {
            worker.send(ToWorker::Drop { job: number });
        } else if let Some(page_hasher) = &state.page_hasher {
            page_hasher.drop_job(number);
        }
    }

    /// Starts the first worker before its first job, which then need not wait for it. Costs an idle thread.
    pub fn warm_up(&self) {
        // A worker that could not start is started again by the next job only.
        if self.0.state.borrow().lost_workers == 0 {
            self.0.warm_up();
        }
    }

    /// Calls `f` every `every_ms` milliseconds until the pool is dropped. Where a worker ticks, hidden tabs are not throttled.
    pub fn clock(&self, every_ms: u32, f: impl Fn() + 'static) {
        let mut state = self.0.state.borrow_mut();
        let number = state.next_number();
        state.clocks.push(Clock { number, every_ms, f: Rc::new(f), timer: None });
        drop(state);
        self.0.start_clock(number);
    }
}

impl fmt::Debug for HashPool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.0.state.borrow();
        write!(f, "HashPool {{ jobs: {}, workers: {} }}", state.jobs.len(), state.workers.len())
    }
}

impl Pool {
    /// Assigns a job to a worker, or to the page.
    fn assign(&self, number: u32) {
        let worker = self.choose_worker();
        let mut state = self.state.borrow_mut();
        let Some(job) = state.jobs.get_mut(&number) else { return };
        job.worker = worker;
        let job = job.clone();
        if let Some(worker) = worker.and_then(|worker| state.worker(worker)) {
            worker.prepare(number, &job.file, job.start, job.len);
        } else {
            let page_hasher = state.page_hasher.as_ref().expect("the page hashes once there is no worker");
            page_hasher.prepare(number, &job.file, job.start, job.len);
        }
    }

    /// The worker with the fewest jobs; a new one when all are busy and the limit allows it. `None` when the page hashes.
    fn choose_worker(&self) -> Option<u32> {
        let state = self.state.borrow();
        if state.page_hasher.is_some() {
            return None;
        }
        let load = |worker: &WorkerHandle| state.jobs.values().filter(|job| job.worker == Some(worker.number)).count();
        let least_busy = state.workers.iter().map(|worker| (load(worker), worker.number)).min();
        match least_busy {
            Some((jobs, worker)) if jobs < BUSY_JOBS || state.workers.len() == self.max_workers => Some(worker),
            _ => {
                drop(state);
                self.start_worker()
            }
        }
    }

    fn warm_up(&self) {
        if self.state.borrow().workers.is_empty() {
            self.choose_worker();
        }
    }

    fn start_worker(&self) -> Option<u32> {
        let this = self.this.clone();
        let number = self.state.borrow_mut().next_number();
        let started = WorkerHandle::start(number, &self.script, move |worker, event| {
            if let Some(pool) = this.upgrade() {
                pool.on_worker_event(worker, event);
            }
        });
        match started {
            Ok(worker) => {
                self.state.borrow_mut().workers.push(worker);
                Some(number)
            }
            Err(_) => {
                self.fall_back_to_page();
                None
            }
        }
    }

    fn on_worker_event(&self, worker: u32, event: Event) {
        match event {
            Event::Message(FromWorker::Ready { version }) if version != VERSION => self.worker_lost(worker),
            Event::Message(FromWorker::Ready { .. }) => {
                if let Some(worker) = self.state.borrow_mut().worker(worker) {
                    worker.ready();
                }
            }
            Event::Message(FromWorker::Report(report)) => self.on_report(report),
            Event::Message(FromWorker::Tick { clock }) => self.on_tick(clock),
            Event::Lost => self.worker_lost(worker),
        }
    }

    fn on_report(&self, report: Report) {
        let (job, has_ended) = match report {
            Report::Progress { job, .. } => (job, false),
            Report::Done { job, .. } | Report::Failed { job, .. } => (job, true),
        };
        let mut state = self.state.borrow_mut();
        // It may have been dropped while the report was in transit.
        let Some(key) = state.jobs.get(&job).map(|job| job.key) else { return };
        if has_ended {
            state.end_job(job);
        }
        drop(state);
        (self.on_event)(match report {
            Report::Progress { bytes, .. } => HashEvent::Progress { key, bytes },
            Report::Done { digest, .. } => HashEvent::Done { key, digest: Md5::from_bytes(digest) },
            Report::Failed { fault, .. } => HashEvent::Failed { key, fault },
        });
    }

    fn on_tick(&self, clock: u32) {
        let f = self.state.borrow().clocks.iter().find(|other| other.number == clock).map(|clock| clock.f.clone());
        if let Some(f) = f {
            f();
        }
    }

    /// A worker is lost: its jobs start again elsewhere.
    fn worker_lost(&self, number: u32) {
        let mut state = self.state.borrow_mut();
        let Some(index) = state.workers.iter().position(|worker| worker.number == number) else { return };
        let was_first = index == 0;
        let worker = state.workers.remove(index);
        state.lost_workers += 1;
        let is_idle = state.clocks.is_empty() && state.jobs.is_empty();
        // A worker that was only warmed up is started again by the first job.
        let is_hopeless = (!worker.is_ready() && !is_idle) || state.lost_workers > MAX_REPLACED;
        let mut jobs: Vec<u32> =
            state.jobs.iter().filter(|(_, job)| job.worker == Some(number)).map(|(&n, _)| n).collect();
        // In the order in which they were asked for, which the map does not keep.
        jobs.sort_unstable();
        let clocks: Vec<u32> = state.clocks.iter().map(|clock| clock.number).collect();
        drop(state);
        if is_hopeless {
            self.fall_back_to_page();
        }
        jobs.into_iter().for_each(|job| self.assign(job));
        // Clocks tick in the first worker.
        if was_first {
            clocks.into_iter().for_each(|clock| self.start_clock(clock));
        }
    }

    /// From now on the page hashes. Workers that still run finish their jobs.
    fn fall_back_to_page(&self) {
        let this = self.this.clone();
        let mut state = self.state.borrow_mut();
        if state.page_hasher.is_some() {
            return;
        }
        state.page_hasher = Some(Hasher::new(Bounds::PAGE, move |report| {
            if let Some(pool) = this.upgrade() {
                pool.on_report(report);
            }
        }));
        drop(state);
        (self.on_event)(HashEvent::WorkerLost);
    }

    /// Starts a clock in the first worker, or on the page.
    fn start_clock(&self, number: u32) {
        self.warm_up();
        let this = self.this.clone();
        let mut state = self.state.borrow_mut();
        let State { workers, clocks, .. } = &mut *state;
        let Some(clock) = clocks.iter_mut().find(|clock| clock.number == number) else { return };
        if let Some(worker) = workers.first_mut() {
            worker.send(ToWorker::StartClock { clock: number, every_ms: clock.every_ms });
        } else {
            clock.timer = Some(Interval::new(clock.every_ms, move || {
                if let Some(pool) = this.upgrade() {
                    pool.on_tick(number);
                }
            }));
        }
    }
}

impl State {
    fn next_number(&mut self) -> u32 {
        self.last_number += 1;
        self.last_number
    }

    fn worker(&mut self, number: u32) -> Option<&mut WorkerHandle> {
        self.workers.iter_mut().find(|worker| worker.number == number)
    }

    /// Removes a job, and returns its worker.
    fn end_job(&mut self, number: u32) -> Option<u32> {
        let job = self.jobs.remove(&number)?;
        self.numbers.remove(&job.key);
        let worker = job.worker?;
        self.worker(worker)?.job_ended(&job.file);
        Some(worker)
    }
}
