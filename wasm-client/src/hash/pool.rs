//! The page's side of hashing: which worker gets a job, and what happens when a worker dies.

use std::cell::RefCell;
use std::collections::HashMap;
use std::fmt;
use std::rc::{Rc, Weak};

use gloo_timers::callback::Interval;
use slipway_protocol::wire::digest::Md5;
use web_sys::Blob;

use super::hasher::{Bounds, Hasher, Report};
use super::slot::{Event, Slot};
use super::wire::{Answer, Order, VERSION};
use super::{HashEvent, JobKey};

/// What trunk makes of the binary `hash-worker`, with `data-type="worker"` and `data-loader-shim`.
const SCRIPT: &str = "/hash-worker_loader.js";
/// A worker with so many jobs fills its SIMD lanes well; the next job may start another worker.
const WELL_FILLED: usize = 4;
/// Workers that may die at work and be replaced. After that the page hashes itself.
const REPLACEMENTS: u32 = 2;

/// How many workers suit so many logical processors. One, with several parts in step, reads and hashes half a GiB a
/// second and more; a second one pays where cores are left for it beside the browser's own work.
pub fn workers(cores: f64) -> u8 {
    if cores >= 8.0 { 2 } else { 1 }
}

/// Hashes parts of files in workers. Dropping it ends them.
///
/// Workers start with the first job, or one with [`Self::warm`] before it. A job lost with its worker is given to
/// another, or is hashed on the page: each job that is not dropped is answered, as long as the file can be read at all.
pub struct HashPool(Rc<Pool>);

struct Pool {
    script: String,
    most_workers: usize,
    on: Box<dyn Fn(HashEvent)>,
    state: RefCell<State>,
    this: Weak<Pool>,
}

#[derive(Default)]
struct State {
    slots: Vec<Slot>,
    jobs: HashMap<u32, Job>,
    numbers: HashMap<JobKey, u32>,
    /// The next number of a job, a worker or a clock.
    next: u32,
    died: u32,
    /// Where jobs go when there are no workers to be had.
    on_page: Option<Hasher>,
    clocks: Vec<Clock>,
}

#[derive(Clone)]
struct Job {
    key: JobKey,
    file: Blob,
    start: u64,
    len: u64,
    /// The worker that has it; none for the page itself.
    slot: Option<u32>,
}

struct Clock {
    number: u32,
    every_ms: u32,
    f: Rc<dyn Fn()>,
    /// The page's own timer, where no worker ticks.
    timer: Option<Interval>,
}

impl HashPool {
    /// At most so many workers, at least one, of the script that trunk makes. `on` may call back into the pool.
    pub fn new(workers: u8, on: impl Fn(HashEvent) + 'static) -> Self {
        Self::with_script(SCRIPT, workers, on)
    }

    /// The same with the URL of a module script that ends up in [`super::run_worker`].
    pub fn with_script(script: &str, workers: u8, on: impl Fn(HashEvent) + 'static) -> Self {
        Self(Rc::new_cyclic(|this| Pool {
            script: script.to_owned(),
            most_workers: workers.max(1).into(),
            on: Box::new(on),
            state: RefCell::default(),
            this: this.clone(),
        }))
    }

    /// Hashes `len` bytes of a file from `start` on. Answered by one `Done` or `Failed`; a job with the same key that is
    /// not answered yet is dropped.
    pub fn prepare(&self, key: JobKey, file: &Blob, start: u64, len: u64) {
        self.drop_job(key);
        let mut state = self.0.state.borrow_mut();
        let number = state.number();
        state.numbers.insert(key, number);
        state.jobs.insert(number, Job { key, file: file.clone(), start, len, slot: None });
        drop(state);
        self.0.place(number);
    }

    /// Drops a job: it is not answered any more. One that is over already is no error.
    pub fn drop_job(&self, key: JobKey) {
        let mut state = self.0.state.borrow_mut();
        let Some(number) = state.numbers.get(&key).copied() else { return };
        if let Some(slot) = state.end(number)
            && let Some(slot) = state.slot(slot)
        {
            slot.send(Order::Drop { job: number });
        } else if let Some(on_page) = &state.on_page {
            on_page.drop_job(number);
        }
    }

    /// Starts the first worker before its first job, which then has nothing to wait for. Costs an idle thread.
    pub fn warm(&self) {
        // One that could not start is left alone until there is a job.
        if self.0.state.borrow().died == 0 {
            self.0.warm();
        }
    }

    /// Calls `f` every so many milliseconds, in hidden tabs too where a worker ticks, until the pool is dropped.
    pub fn clock(&self, every_ms: u32, f: impl Fn() + 'static) {
        let mut state = self.0.state.borrow_mut();
        let number = state.number();
        state.clocks.push(Clock { number, every_ms, f: Rc::new(f), timer: None });
        drop(state);
        self.0.start_clock(number);
    }
}

impl fmt::Debug for HashPool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.0.state.borrow();
        write!(f, "HashPool {{ jobs: {}, workers: {} }}", state.jobs.len(), state.slots.len())
    }
}

impl Pool {
    /// Gives a job to a worker, or to the page.
    fn place(&self, number: u32) {
        let slot = self.choose_slot();
        let mut state = self.state.borrow_mut();
        let Some(job) = state.jobs.get_mut(&number) else { return };
        job.slot = slot;
        let job = job.clone();
        if let Some(slot) = slot.and_then(|slot| state.slot(slot)) {
            slot.prepare(number, &job.file, job.start, job.len);
        } else {
            let on_page = state.on_page.as_ref().expect("no worker is chosen only once the page hashes");
            on_page.prepare(number, &job.file, job.start, job.len);
        }
    }

    /// The worker with the fewest jobs; a new one when all are well filled and there may be one more. None when the
    /// page hashes.
    fn choose_slot(&self) -> Option<u32> {
        let state = self.state.borrow();
        if state.on_page.is_some() {
            return None;
        }
        let load = |slot: &Slot| state.jobs.values().filter(|job| job.slot == Some(slot.number)).count();
        let idlest = state.slots.iter().map(|slot| (load(slot), slot.number)).min();
        match idlest {
            Some((jobs, slot)) if jobs < WELL_FILLED || state.slots.len() == self.most_workers => Some(slot),
            _ => {
                drop(state);
                self.start_slot()
            }
        }
    }

    fn warm(&self) {
        if self.state.borrow().slots.is_empty() {
            self.choose_slot();
        }
    }

    fn start_slot(&self) -> Option<u32> {
        let this = self.this.clone();
        let number = self.state.borrow_mut().number();
        let started = Slot::start(number, &self.script, move |slot, event| {
            if let Some(pool) = this.upgrade() {
                pool.on_slot(slot, event);
            }
        });
        match started {
            Ok(slot) => {
                self.state.borrow_mut().slots.push(slot);
                Some(number)
            }
            Err(_) => {
                self.go_home();
                None
            }
        }
    }

    fn on_slot(&self, slot: u32, event: Event) {
        match event {
            Event::Answer(Answer::Ready { version }) if version != VERSION => self.lost(slot),
            Event::Answer(Answer::Ready { .. }) => {
                if let Some(slot) = self.state.borrow_mut().slot(slot) {
                    slot.ready();
                }
            }
            Event::Answer(Answer::Report(report)) => self.on_report(report),
            Event::Answer(Answer::Tick { clock }) => self.on_tick(clock),
            Event::Lost => self.lost(slot),
        }
    }

    fn on_report(&self, report: Report) {
        let (job, over) = match report {
            Report::Progress { job, .. } => (job, false),
            Report::Done { job, .. } | Report::Failed { job, .. } => (job, true),
        };
        let mut state = self.state.borrow_mut();
        // It may have been dropped while the answer was on its way.
        let Some(key) = state.jobs.get(&job).map(|job| job.key) else { return };
        if over {
            state.end(job);
        }
        drop(state);
        (self.on)(match report {
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

    /// A worker is gone: its jobs begin again elsewhere.
    fn lost(&self, number: u32) {
        let mut state = self.state.borrow_mut();
        let Some(index) = state.slots.iter().position(|slot| slot.number == number) else { return };
        let was_first = index == 0;
        let slot = state.slots.remove(index);
        state.died += 1;
        let is_idle = state.clocks.is_empty() && state.jobs.is_empty();
        // One that was started for what may come is tried again when it has come.
        let hopeless = (!slot.is_ready() && !is_idle) || state.died > REPLACEMENTS;
        let mut jobs: Vec<u32> =
            state.jobs.iter().filter(|(_, job)| job.slot == Some(number)).map(|(&n, _)| n).collect();
        jobs.sort_unstable();
        let clocks: Vec<u32> = state.clocks.iter().map(|clock| clock.number).collect();
        drop(state);
        if hopeless {
            self.go_home();
        }
        jobs.into_iter().for_each(|job| self.place(job));
        if was_first {
            clocks.into_iter().for_each(|clock| self.start_clock(clock));
        }
    }

    /// From now on the page hashes. Workers that still run end their jobs.
    fn go_home(&self) {
        let this = self.this.clone();
        let mut state = self.state.borrow_mut();
        if state.on_page.is_some() {
            return;
        }
        state.on_page = Some(Hasher::new(Bounds::PAGE, move |report| {
            if let Some(pool) = this.upgrade() {
                pool.on_report(report);
            }
        }));
        drop(state);
        (self.on)(HashEvent::WorkerLost);
    }

    /// Lets a clock tick in the first worker, or on the page.
    fn start_clock(&self, number: u32) {
        self.warm();
        let this = self.this.clone();
        let mut state = self.state.borrow_mut();
        let State { slots, clocks, .. } = &mut *state;
        let Some(clock) = clocks.iter_mut().find(|clock| clock.number == number) else { return };
        if let Some(slot) = slots.first_mut() {
            slot.send(Order::Clock { clock: number, every_ms: clock.every_ms });
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
    fn number(&mut self) -> u32 {
        self.next += 1;
        self.next
    }

    fn slot(&mut self, number: u32) -> Option<&mut Slot> {
        self.slots.iter_mut().find(|slot| slot.number == number)
    }

    /// Forgets a job, and returns the worker that had it.
    fn end(&mut self, number: u32) -> Option<u32> {
        let job = self.jobs.remove(&number)?;
        self.numbers.remove(&job.key);
        let slot = job.slot?;
        self.slot(slot)?.job_over(&job.file);
        Some(slot)
    }
}
