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

use crate::browser::{clock, sys};

/// Budget of a task that takes in files, in milliseconds. No task should exceed 8 ms, and the browser needs up to 1 ms for
/// the first look at a file.
pub(crate) const INTAKE_MS: f64 = 4.0;
/// Budget of a task that runs effects, in milliseconds: the browser needs up to 6 ms to start a PUT.
pub(crate) const DRIVER_MS: f64 = 2.0;
/// Drawing gets one part in 40 of the time. The browser's own layout and paint take as much again.
const SHARE: u64 = 40;
/// Longest delay of a callback that draws, in milliseconds.
const SLOWEST_MS: u32 = 1_000;

/// Runs a closure in a task of its own. Unlike a timer it is not slowed in a hidden tab.
pub(crate) struct Macrotask {
    channel: MessageChannel,
    _heard: Closure<dyn FnMut()>,
}

impl Macrotask {
    /// Each [`Self::schedule`] runs `f` once, in a later task.
    pub(crate) fn new(f: impl FnMut() + 'static) -> Self {
        let channel = MessageChannel::new().expect("every browser has MessageChannel");
        let heard = Closure::<dyn FnMut()>::new(f);
        channel.port1().set_onmessage(Some(heard.as_ref().unchecked_ref::<Function>()));
        Self { channel, _heard: heard }
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
    /// Time of the next call on the monotonic clock, and its timer.
    waiting: RefCell<Option<(u64, Timeout)>>,
    f: Box<dyn Fn()>,
    /// Set for callbacks that draw.
    pace: Option<Pace>,
}

struct Pace {
    began: Cell<u64>,
    /// Earliest time of the next call, on the monotonic clock.
    next_at: Cell<u64>,
    /// Runs behind the tasks that the call queued.
    done: Macrotask,
}

impl Throttle {
    /// `f` runs `every_ms` after the first [`Self::schedule`], once for all of them.
    pub(crate) fn new(every_ms: u32, f: impl Fn() + 'static) -> Self {
        Self(Rc::new(ThrottleInner { every_ms, waiting: RefCell::default(), f: Box::new(f), pace: None }))
    }

    /// For callbacks that draw: `f`, with the tasks that it queues, gets a fortieth of the time. A slow call delays the next
    /// one, by [`SLOWEST_MS`] at most.
    pub(crate) fn adaptive(every_ms: u32, f: impl Fn() + 'static) -> Self {
        Self(Rc::new_cyclic(|weak: &Weak<ThrottleInner>| {
            let inner = weak.clone();
            let done = Macrotask::new(move || {
                if let Some(pace) = inner.upgrade().as_ref().and_then(|inner| inner.pace.as_ref()) {
                    pace.measured();
                }
            });
            let pace = Some(Pace { began: Cell::new(0), next_at: Cell::new(0), done });
            ThrottleInner { every_ms, waiting: RefCell::default(), f: Box::new(f), pace }
        }))
    }

    /// Requests a call.
    pub(crate) fn schedule(&self) {
        if self.0.waiting.borrow().is_some() {
            return;
        }
        self.arm(self.0.wait_ms());
    }

    fn arm(&self, wait: u32) {
        let inner = Rc::downgrade(&self.0);
        let timer = Timeout::new(wait, move || {
            if let Some(inner) = inner.upgrade() {
                inner.waiting.take();
                inner.call();
            }
        });
        self.0.waiting.replace(Some((clock::mono() + u64::from(wait), timer)));
    }

    /// Runs a scheduled call now, in a task of its own, and forgets the delay that a slow call caused: the user waits.
    pub(crate) fn expedite(&self) {
        if let Some(pace) = &self.0.pace {
            pace.next_at.set(0);
        }
        let now = clock::mono();
        let is_late = self.0.waiting.borrow().as_ref().is_some_and(|(at, _)| *at > now);
        if is_late {
            self.arm(0);
        }
    }
}

impl ThrottleInner {
    fn wait_ms(&self) -> u32 {
        let rest = self.pace.as_ref().map_or(0, |pace| pace.next_at.get().saturating_sub(clock::mono()));
        u32::try_from(rest).unwrap_or(SLOWEST_MS).max(self.every_ms)
    }

    fn call(&self) {
        if let Some(pace) = &self.pace {
            pace.began.set(clock::mono());
            pace.done.schedule();
        }
        (self.f)();
    }
}

impl Pace {
    fn measured(&self) {
        let now = clock::mono();
        let took = now.saturating_sub(self.began.get());
        self.next_at.set(now + (took * SHARE).min(SLOWEST_MS.into()));
    }
}

impl fmt::Debug for Throttle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Throttle")
    }
}

/// How long one task may run.
pub(crate) struct TimeBudget {
    clock: Option<Performance>,
    end: f64,
}

impl TimeBudget {
    pub(crate) fn begin(ms: f64) -> Self {
        let mut budget = Self { clock: sys::window().performance(), end: 0.0 };
        budget.end = budget.now() + ms;
        budget
    }

    /// Whether the rest has to wait for another task.
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

/// Lets the browser do other things first. Not slowed in a hidden tab.
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
    use crate::testing::{Heard, sleep, until};

    #[wasm_bindgen_test]
    async fn what_draws_slowly_is_asked_less_often() {
        let (calls, busy_ms) = (Heard::new(), Rc::new(Cell::new(20)));
        let (ear, busy) = (calls.ear(), busy_ms.clone());
        let adaptive = Throttle::adaptive(10, move || {
            let began = clock::mono();
            while clock::mono() < began + busy.get() {}
            ear(());
        });
        let next = async |count: usize| {
            adaptive.schedule();
            calls.wait_for(count).await;
            until("it is measured", || adaptive.0.wait_ms() > 10).await;
        };
        next(1).await;
        sleep(SLOWEST_MS).await;
        assert_eq!(adaptive.0.wait_ms(), 10, "after a rest it comes at once");
        busy_ms.set(100);
        next(2).await;
        let rest = adaptive.0.wait_ms();
        assert!((11..=SLOWEST_MS).contains(&rest), "what is drawn is never older than a second: {rest}");
        adaptive.schedule();
        adaptive.expedite();
        let at = adaptive.0.waiting.borrow().as_ref().map(|(at, _)| *at);
        assert!(at.is_some_and(|at| at <= clock::mono()), "somebody waits");
        calls.wait_for(3).await;
    }
}
