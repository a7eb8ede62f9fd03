//! The worker's side: runs jobs, reports on them, and ticks, since browsers throttle a hidden tab's own timers.

use std::cell::RefCell;

use wasm_bindgen::prelude::*;
use web_sys::{Blob, DedicatedWorkerGlobalScope, MessageEvent};

use super::hasher::{Bounds, Hasher};
use super::wire::{FromWorker, ToWorker, VERSION};

/// Turns this thread into a hash worker. Call it once, in a dedicated worker.
pub fn run_worker() {
    let hasher = Hasher::new(Bounds::WORKER, |report| send(FromWorker::Report(report)));
    let state = RefCell::new(State { hasher, files: Vec::new() });
    let on_message = Closure::<dyn Fn(MessageEvent)>::new(move |event: MessageEvent| {
        if let Some(message) = ToWorker::from_js(&event.data()) {
            state.borrow_mut().handle(message);
        }
    });
    scope().set_onmessage(Some(on_message.as_ref().unchecked_ref()));
    // It lives as long as the worker.
    on_message.forget();
    send(FromWorker::Ready { version: VERSION });
}

struct State {
    hasher: Hasher,
    /// A list, since there are few: the page forgets files that have no jobs.
    files: Vec<(u32, Blob)>,
}

impl State {
    fn handle(&mut self, message: ToWorker) {
        match message {
            ToWorker::KeepFile { file, blob } => self.files.push((file, blob)),
            ToWorker::ForgetFile { file } => self.files.retain(|(number, _)| *number != file),
            ToWorker::Prepare { job, file, start, len } => {
                let kept = self.files.iter().find(|(number, _)| *number == file);
                let (_, blob) = kept.expect("the page sends a file before its jobs");
                self.hasher.prepare(job, blob, start, len);
            }
            ToWorker::PrepareWhole { job, blob, len } => self.hasher.prepare(job, &blob, 0, len),
            ToWorker::Drop { job } => self.hasher.drop_job(job),
            ToWorker::StartClock { clock, every_ms } => start_clock(clock, every_ms),
        }
    }
}

fn start_clock(clock: u32, every_ms: u32) {
    let on_tick = Closure::<dyn Fn()>::new(move || send(FromWorker::Tick { clock }));
    // It can't fail: the argument is a function.
    let _ = scope().set_interval_with_callback_and_timeout_and_arguments_0(
        on_tick.as_ref().unchecked_ref(),
        every_ms.try_into().unwrap_or(i32::MAX),
    );
    on_tick.forget();
}

fn send(message: FromWorker) {
    // It fails only for values that can't be cloned.
    let _ = scope().post_message(&message.to_js());
}

fn scope() -> DedicatedWorkerGlobalScope {
    js_sys::global().unchecked_into()
}
