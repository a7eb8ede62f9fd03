//! The worker's side: takes orders, answers them, and keeps time, which a hidden tab's own timers do not.

use std::cell::RefCell;

use wasm_bindgen::prelude::*;
use web_sys::{Blob, DedicatedWorkerGlobalScope, MessageEvent};

use super::hasher::{Bounds, Hasher};
use super::wire::{Answer, Order, VERSION};

/// Turns this thread into a hash worker. To be called once, in a dedicated worker.
pub fn run_worker() {
    let hasher = Hasher::new(Bounds::WORKER, |report| answer(Answer::Report(report)));
    let desk = RefCell::new(Desk { hasher, files: Vec::new() });
    let on_message = Closure::<dyn Fn(MessageEvent)>::new(move |event: MessageEvent| {
        if let Some(order) = Order::from_js(&event.data()) {
            desk.borrow_mut().take(order);
        }
    });
    scope().set_onmessage(Some(on_message.as_ref().unchecked_ref()));
    on_message.forget();
    answer(Answer::Ready { version: VERSION });
}

struct Desk {
    hasher: Hasher,
    /// Few: the page lets go of files that have no jobs.
    files: Vec<(u32, Blob)>,
}

impl Desk {
    fn take(&mut self, order: Order) {
        match order {
            Order::Keep { file, blob } => self.files.push((file, blob)),
            Order::Forget { file } => self.files.retain(|(number, _)| *number != file),
            Order::Prepare { job, file, start, len } => {
                let kept = self.files.iter().find(|(number, _)| *number == file);
                let (_, blob) = kept.expect("the page sends a file before its jobs");
                self.hasher.prepare(job, blob, start, len);
            }
            Order::PrepareWhole { job, blob, len } => self.hasher.prepare(job, &blob, 0, len),
            Order::Drop { job } => self.hasher.drop_job(job),
            Order::Clock { clock, every_ms } => tick(clock, every_ms),
        }
    }
}

fn tick(clock: u32, every_ms: u32) {
    let on_tick = Closure::<dyn Fn()>::new(move || answer(Answer::Tick { clock }));
    // It can't fail: the function is one.
    let _ = scope().set_interval_with_callback_and_timeout_and_arguments_0(
        on_tick.as_ref().unchecked_ref(),
        every_ms.try_into().unwrap_or(i32::MAX),
    );
    on_tick.forget();
}

fn answer(answer: Answer) {
    // It fails for values that can't be cloned only.
    let _ = scope().post_message(&answer.to_js());
}

fn scope() -> DedicatedWorkerGlobalScope {
    js_sys::global().unchecked_into()
}
