//! Tasks, throttled callbacks, time budgets, and deadlines for promises that may never settle.

use std::cell::{Cell, RefCell};
use std::fmt;
use std::future::Future;
use std::rc::{Rc, Weak};

use futures::future::{Either, select};
use gloo_timers::callback::Timeout;
use gloo_timers::future::TimeoutFuture;
use js_sys::Function;
use wasm_bindgen::prelude::*;
use web_sys::{MessageChannel, Performance};

use crate::browser::{bindings, clock};

/// Budget of a task that adds files, in milliseconds. No task should exceed 8 ms, and the first access to a file takes the
/// browser up to 1 ms.
pub(crate) const INTAKE_MS: f64 = 4.0;
/// Budget of a task that runs effects, in milliseconds: the browser needs up to 6 ms to start a PUT.
pub(crate) const DRIVER_MS: f64 = 2.0;
/// Divisor: drawing gets 1/40 of the time. The browser's layout and paint take as much again.
const DRAW_SHARE: u64 = 40;
/// Longest delay of a callback that draws, in milliseconds.
const MAX_DELAY_MS: u32 = 1_000;

/// Runs a closure in a task of its own. Browsers throttle timers in a hidden tab, but not messages.
pub(crate) struct Macrotask {
    channel: MessageChannel,
    _on_message: Closure<dyn FnMut()>,
}

impl Macrotask {
    /// Each [`Self::schedule`] runs `f` once, in a later task.
    pub(crate) fn new(f: impl FnMut() + 'static) -> Self {
        let channel = MessageChannel::new().expect("every browser has MessageChannel");
        let on_message = Closure::<dyn FnMut()>::new(f);
        channel.port1().set_onmessage(Some(on_message.as_ref().unchecked_ref::<Function>()));
        Self { channel, _on_message: on_message }
    }

    /// Queues one run.
    pub(crate) fn schedule(&self) {
        let _ = self.channel.port2().post_message(&JsValue::NULL);
    }
}

impl Drop for Macrotask {
    fn drop(&mut self) {
        self.channel.port1().set_onmessage(None);
        self.channel.port1().close();
        self.channel.port2().close();
    }
}

impl fmt::Debug for Macrotask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Macrotask")
    }
}

/// Calls a listener at most once per interval, however often it is scheduled.
#[derive(Clone)]
pub(crate) struct Throttle(Rc<ThrottleInner>);

struct ThrottleInner {
    every_ms: u32,
    /// Time of the scheduled call on the monotonic clock, in milliseconds, and its timer.
    scheduled: RefCell<Option<(u64, Timeout)>>,
    f: Box<dyn Fn()>,
    /// Set for callbacks that draw.
    pace: Option<Pace>,
}

struct Pace {
    /// Start of the last call, on the monotonic clock, in milliseconds.
    started: Cell<u64>,
    /// Earliest time of the next call, on the monotonic clock, in milliseconds.
    next_at: Cell<u64>,
    /// Runs after the tasks that the call queued.
    measure: Macrotask,
}

impl Throttle {
    /// `f` runs `every_ms` after the first [`Self::schedule`], once for all of them.
    pub(crate) fn new(every_ms: u32, f: impl Fn() + 'static) -> Self {
        Self(Rc::new(ThrottleInner { every_ms, scheduled: RefCell::default(), f: Box::new(f), pace: None }))
    }

    /// For callbacks that draw: `f`, with the tasks that it queues, gets 1/40 of the time. A slow call delays the next one, by
    /// at most [`MAX_DELAY_MS`].
    pub(crate) fn adaptive(every_ms: u32, f: impl Fn() + 'static) -> Self {
        Self(Rc::new_cyclic(|weak: &Weak<ThrottleInner>| {
            let inner = weak.clone();
            let measure = Macrotask::new(move || {
                if let Some(pace) = inner.upgrade().as_ref().and_then(|inner| inner.pace.as_ref()) {
                    pace.call_ended();
                }
            });
            let pace = Some(Pace { started: Cell::new(0), next_at: Cell::new(0), measure });
            ThrottleInner { every_ms, scheduled: RefCell::default(), f: Box::new(f), pace }
        }))
    }

    /// Requests a call.
    pub(crate) fn schedule(&self) {
        if self.0.scheduled.borrow().is_some() {
            return;
        }
        self.arm(self.0.wait_ms());
    }

    fn arm(&self, wait: u32) {
        let inner = Rc::downgrade(&self.0);
        let timer = Timeout::new(wait, move || {
            if let Some(inner) = inner.upgrade() {
                inner.scheduled.take();
                inner.call();
            }
        });
        self.0.scheduled.replace(Some((clock::mono() + u64::from(wait), timer)));
    }

    /// Runs a scheduled call now, in a task of its own, without the delay that a slow call caused: the user waits for it.
    pub(crate) fn expedite(&self) {
        if let Some(pace) = &self.0.pace {
            pace.next_at.set(0);
        }
        let now = clock::mono();
        let is_late = self.0.scheduled.borrow().as_ref().is_some_and(|(at, _)| *at > now);
        if is_late {
            self.arm(0);
        }
    }
}

impl ThrottleInner {
    fn wait_ms(&self) -> u32 {
        let rest = self.pace.as_ref().map_or(0, |pace| pace.next_at.get().saturating_sub(clock::mono()));
        u32::try_from(rest).unwrap_or(MAX_DELAY_MS).max(self.every_ms)
    }

    fn call(&self) {
        if let Some(pace) = &self.pace {
            pace.started.set(clock::mono());
            pace.measure.schedule();
        }
        (self.f)();
    }
}

impl Pace {
    fn call_ended(&self) {
        let now = clock::mono();
        let took = now.saturating_sub(self.started.get());
        self.next_at.set(now + (took * DRAW_SHARE).min(MAX_DELAY_MS.into()));
    }
}

impl fmt::Debug for Throttle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Throttle")
    }
}

/// Limits the time of one task.
pub(crate) struct TimeBudget {
    clock: Option<Performance>,
    end: f64,
}

impl TimeBudget {
    /// A budget of `ms` milliseconds from now.
    pub(crate) fn start(ms: f64) -> Self {
        let mut budget = Self { clock: bindings::window().performance(), end: 0.0 };
        budget.end = budget.now() + ms;
        budget
    }

    /// Whether the rest has to run in another task.
    pub(crate) fn is_spent(&self) -> bool {
        self.now() >= self.end
    }

    fn now(&self) -> f64 {
        self.clock.as_ref().map_or(0.0, Performance::now)
    }
}

/// The future's value, or `None` after `ms` milliseconds.
pub(crate) async fn timeout<T>(ms: u32, future: impl Future<Output = T>) -> Option<T> {
    match select(std::pin::pin!(future), TimeoutFuture::new(ms)).await {
        Either::Left((value, _)) => Some(value),
        Either::Right(_) => None,
    }
}

/// Waits for a later task, so that the browser can handle input and paint. Not throttled in a hidden tab.
pub(crate) async fn yield_to_browser() {
    let (done, wait) = futures::channel::oneshot::channel();
    let mut done = Some(done);
    let task = Macrotask::new(move || {
        if let Some(done) = done.take() {
            let _ = done.send(());
        }
    });
    task.schedule();
    let _ = wait.await;
}

#[cfg(test)]
mod tests {
    use wasm_bindgen_test::wasm_bindgen_test;

    use super::*;
    use crate::testing::{Recorder, sleep, until};

    #[wasm_bindgen_test]
    async fn a_callback_that_draws_slowly_is_called_less_often() {
        let (calls, busy_ms) = (Recorder::new(), Rc::new(Cell::new(20)));
        let (callback, busy) = (calls.callback(), busy_ms.clone());
        let adaptive = Throttle::adaptive(10, move || {
            let start = clock::mono();
            while clock::mono() < start + busy.get() {}
            callback(());
        });
        let next = async |count: usize| {
            adaptive.schedule();
            calls.wait_for(count).await;
            until("the call is measured", || adaptive.0.wait_ms() > 10).await;
        };
        next(1).await;
        sleep(MAX_DELAY_MS).await;
        assert_eq!(adaptive.0.wait_ms(), 10, "after an idle time it runs at once");
        busy_ms.set(100);
        next(2).await;
        let rest = adaptive.0.wait_ms();
        assert!((11..=MAX_DELAY_MS).contains(&rest), "what is drawn is at most a second old: {rest}");
        adaptive.schedule();
        adaptive.expedite();
        let at = adaptive.0.scheduled.borrow().as_ref().map(|(at, _)| *at);
        assert!(at.is_some_and(|at| at <= clock::mono()), "the user waits");
        calls.wait_for(3).await;
    }
}
