//! One worker as the page sees it. Dropping it ends the worker.

use gloo_timers::callback::Timeout;
use js_sys::Object;
use wasm_bindgen::prelude::*;
use web_sys::{Blob, MessageEvent, Worker, WorkerOptions, WorkerType};

use super::wire::{Answer, Order};
use crate::browser::listener::Listener;

/// A worker that is not ready by then, in milliseconds, never will be. Its wasm is some ten kilobytes.
const START_WITHIN_MS: u32 = 20_000;
/// Files without jobs that a worker may keep: the next part of one spares a clone.
const IDLE_FILES: usize = 32;

/// What happens to a worker.
#[derive(Clone, Copy, Debug)]
pub(super) enum Event {
    Answer(Answer),
    /// It could not start, or it died.
    Lost,
}

/// A worker that runs or starts.
#[derive(Debug)]
pub(super) struct Slot {
    pub(super) number: u32,
    worker: Worker,
    /// Orders that wait for the worker's `Ready`; none once it came.
    waiting: Option<Vec<Order>>,
    files: Vec<KeptFile>,
    next_file: u32,
    start: Option<Timeout>,
    _listeners: [Listener; 3],
}

#[derive(Debug)]
struct KeptFile {
    number: u32,
    blob: Blob,
    jobs: u32,
}

impl Slot {
    /// Starts a worker. `on` gets the slot's number and may drop it.
    ///
    /// # Errors
    /// The browser refuses: too old, or by its content-security-policy.
    pub(super) fn start(number: u32, script: &str, on: impl Fn(u32, Event) + Clone + 'static) -> Result<Self, JsValue> {
        let options = WorkerOptions::new();
        options.set_type(WorkerType::Module);
        let worker = Worker::new_with_options(script, &options)?;
        let (answered, failed, garbled, late) = (on.clone(), on.clone(), on.clone(), on);
        let listeners = [
            Listener::new(&worker, "message", move |event| {
                let event: MessageEvent = event.unchecked_into();
                if let Some(answer) = Answer::from_js(&event.data()) {
                    answered(number, Event::Answer(answer));
                }
            }),
            Listener::new(&worker, "error", move |event| {
                event.prevent_default();
                failed(number, Event::Lost);
            }),
            Listener::new(&worker, "messageerror", move |_| garbled(number, Event::Lost)),
        ];
        let start = Some(Timeout::new(START_WITHIN_MS, move || late(number, Event::Lost)));
        let waiting = Some(Vec::new());
        Ok(Self { number, worker, waiting, files: Vec::new(), next_file: 0, start, _listeners: listeners })
    }

    /// Whether it ever got to work.
    pub(super) fn is_ready(&self) -> bool {
        self.waiting.is_none()
    }

    /// It is ready: sends what waited.
    pub(super) fn ready(&mut self) {
        self.start = None;
        for order in self.waiting.take().unwrap_or_default() {
            self.send(order);
        }
    }

    /// Sends an order, as soon as the worker takes any.
    pub(super) fn send(&mut self, order: Order) {
        match &mut self.waiting {
            Some(waiting) => waiting.push(order),
            // It fails for values that can't be cloned only.
            None => drop(self.worker.post_message(&order.to_js())),
        }
    }

    /// Gives it a job, with the file if it has not got it.
    pub(super) fn prepare(&mut self, job: u32, blob: &Blob, start: u64, len: u64) {
        if start == 0 && blob.size() == len as f64 {
            return self.send(Order::PrepareWhole { job, blob: blob.clone(), len });
        }
        let file = self.keep(blob);
        self.send(Order::Prepare { job, file, start, len });
    }

    /// A job of this file is over or dropped.
    pub(super) fn job_over(&mut self, blob: &Blob) {
        if let Some(kept) = self.files.iter_mut().find(|kept| Object::is(&kept.blob, blob)) {
            kept.jobs -= 1;
        }
        let idle = self.files.iter().filter(|kept| kept.jobs == 0).count();
        if idle > IDLE_FILES
            && let Some(oldest) = self.files.iter().position(|kept| kept.jobs == 0)
        {
            let file = self.files.remove(oldest).number;
            self.send(Order::Forget { file });
        }
    }

    fn keep(&mut self, blob: &Blob) -> u32 {
        if let Some(kept) = self.files.iter_mut().find(|kept| Object::is(&kept.blob, blob)) {
            kept.jobs += 1;
            return kept.number;
        }
        let number = self.next_file;
        self.next_file += 1;
        self.files.push(KeptFile { number, blob: blob.clone(), jobs: 1 });
        self.send(Order::Keep { file: number, blob: blob.clone() });
        number
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.worker.terminate();
    }
}
