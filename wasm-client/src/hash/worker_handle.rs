//! One worker, as the page holds it. Dropping the handle ends the worker.

use gloo_timers::callback::Timeout;
use js_sys::Object;
use wasm_bindgen::prelude::*;
use web_sys::{Blob, MessageEvent, Worker, WorkerOptions, WorkerType};

use super::wire::{FromWorker, ToWorker};
use crate::browser::listener::Listener;

/// A worker that is not ready within this is lost. Its wasm has some ten kilobytes. In milliseconds.
const START_TIMEOUT_MS: u32 = 20_000;
/// Most files without jobs that a worker keeps: the next part of one needs no new clone.
const MAX_IDLE_FILES: usize = 32;

/// Events of a worker.
#[derive(Clone, Copy, Debug)]
pub(super) enum Event {
    Message(FromWorker),
    /// It could not start, or it died.
    Lost,
}

/// A worker that runs or starts.
#[derive(Debug)]
pub(super) struct WorkerHandle {
    pub(super) number: u32,
    worker: Worker,
    /// Messages queued until the worker's `Ready`; `None` after it.
    queued: Option<Vec<ToWorker>>,
    files: Vec<KeptFile>,
    next_file: u32,
    start_timeout: Option<Timeout>,
    _listeners: [Listener; 3],
}

/// A file that the worker keeps under a number.
#[derive(Debug)]
struct KeptFile {
    number: u32,
    blob: Blob,
    jobs: u32,
}

impl WorkerHandle {
    /// Starts a worker. `on_event` gets the worker's number, and may drop the handle.
    ///
    /// # Errors
    /// The browser is too old for module workers, or its content-security-policy forbids this one.
    pub(super) fn start(
        number: u32,
        script: &str,
        on_event: impl Fn(u32, Event) + Clone + 'static,
    ) -> Result<Self, JsValue> {
        let options = WorkerOptions::new();
        options.set_type(WorkerType::Module);
        let worker = Worker::new_with_options(script, &options)?;
        let (on_message, on_error, on_bad_message, on_timeout) =
            (on_event.clone(), on_event.clone(), on_event.clone(), on_event);
        let listeners = [
            Listener::new(&worker, "message", move |event| {
                let event: MessageEvent = event.unchecked_into();
                if let Some(message) = FromWorker::from_js(&event.data()) {
                    on_message(number, Event::Message(message));
                }
            }),
            Listener::new(&worker, "error", move |event| {
                event.prevent_default();
                on_error(number, Event::Lost);
            }),
            Listener::new(&worker, "messageerror", move |_| on_bad_message(number, Event::Lost)),
        ];
        let start_timeout = Some(Timeout::new(START_TIMEOUT_MS, move || on_timeout(number, Event::Lost)));
        let queued = Some(Vec::new());
        Ok(Self { number, worker, queued, files: Vec::new(), next_file: 0, start_timeout, _listeners: listeners })
    }

    /// Whether its `Ready` has come.
    pub(super) fn is_ready(&self) -> bool {
        self.queued.is_none()
    }

    /// Its `Ready` has come: sends what is queued.
    pub(super) fn ready(&mut self) {
        self.start_timeout = None;
        for message in self.queued.take().unwrap_or_default() {
            self.send(message);
        }
    }

    /// Sends a message, after `Ready`.
    pub(super) fn send(&mut self, message: ToWorker) {
        match &mut self.queued {
            Some(queued) => queued.push(message),
            // It fails only for values that can't be cloned.
            None => drop(self.worker.post_message(&message.to_js())),
        }
    }

    /// Assigns a job to it, and sends the file if it does not have it.
    pub(super) fn prepare(&mut self, job: u32, blob: &Blob, start: u64, len: u64) {
        if start == 0 && blob.size() == len as f64 {
            // One message instead of two, which counts for thousands of small files.
            return self.send(ToWorker::PrepareWhole { job, blob: blob.clone(), len });
        }
        let file = self.keep_file(blob);
        self.send(ToWorker::Prepare { job, file, start, len });
    }

    /// A job of this file has ended or was dropped.
    pub(super) fn job_ended(&mut self, blob: &Blob) {
        if let Some(kept) = self.files.iter_mut().find(|kept| Object::is(&kept.blob, blob)) {
            kept.jobs -= 1;
        }
        let idle = self.files.iter().filter(|kept| kept.jobs == 0).count();
        if idle > MAX_IDLE_FILES
            && let Some(oldest) = self.files.iter().position(|kept| kept.jobs == 0)
        {
            let file = self.files.remove(oldest).number;
            self.send(ToWorker::ForgetFile { file });
        }
    }

    fn keep_file(&mut self, blob: &Blob) -> u32 {
        if let Some(kept) = self.files.iter_mut().find(|kept| Object::is(&kept.blob, blob)) {
            kept.jobs += 1;
            return kept.number;
        }
        let number = self.next_file;
        self.next_file += 1;
        self.files.push(KeptFile { number, blob: blob.clone(), jobs: 1 });
        self.send(ToWorker::KeepFile { file: number, blob: blob.clone() });
        number
    }
}

impl Drop for WorkerHandle {
    fn drop(&mut self) {
        self.worker.terminate();
    }
}
