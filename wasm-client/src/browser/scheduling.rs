//! Small pieces of time: "in a moment, after the browser has breathed", "after so many
//! milliseconds, unless dropped", and a deadline for a promise that may never settle.

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

/// A task that takes in files ends after so many milliseconds and the step that it is in: the browser takes up to 1 to look
/// at a file. No task should be longer than 8.
pub(crate) const INTAKE_MS: f64 = 4.0;
/// The same of one that does what the machine asks for: the browser takes up to 6 to begin a PUT.
pub(crate) const DRIVER_MS: f64 = 2.0;
/// One part in so many of the time is for what draws. The browser's own drawing takes as much again.
const SHARE: u64 = 40;
/// What is drawn is never older than this, in milliseconds.
const SLOWEST_MS: u32 = 1_000;

/// Runs a closure in a task of its own. Unlike a timer it is not slowed in a hidden tab.
pub(crate) struct Soon {
    channel: MessageChannel,
    _heard: Closure<dyn FnMut()>,
}

impl Soon {
    /// Each [`Self::ask`] runs `f` once, in a later task.
    pub(crate) fn new(f: impl FnMut() + 'static) -> Self {
        let channel = MessageChannel::new().expect("every browser has MessageChannel");
        let heard = Closure::<dyn FnMut()>::new(f);
        channel.port1().set_onmessage(Some(heard.as_ref().unchecked_ref::<Function>()));
        Self { channel, _heard: heard }
    }

    /// Asks for one run.
    pub(crate) fn ask(&self) {
        let _ = self.channel.port2().post_message(&JsValue::NULL);
    }
}

impl Drop for Soon {
    fn drop(&mut self) {
        self.channel.port1().set_onmessage(None);
        self.channel.port1().close();
        self.channel.port2().close();
    }
}

impl fmt::Debug for Soon {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Soon")
    }
}

/// Calls a listener at most once in so many milliseconds, however often it is asked to.
#[derive(Clone)]
pub(crate) struct Coalesce(Rc<CoalesceInner>);

struct CoalesceInner {
    every_ms: u32,
    /// The next call, and when it is, on the page's clock.
    waiting: RefCell<Option<(u64, Timeout)>>,
    f: Box<dyn Fn()>,
    /// Measures what a call takes, where that matters.
    pace: Option<Pace>,
}

struct Pace {
    began: Cell<u64>,
    /// The next call is not before this, on the page's clock.
    next_at: Cell<u64>,
    /// Heard when all that the call caused is done, too.
    done: Soon,
}

impl Coalesce {
    /// `f` runs `every_ms` after the first ask, and serves all asks until then.
    pub(crate) fn new(every_ms: u32, f: impl Fn() + 'static) -> Self {
        Self(Rc::new(CoalesceInner { every_ms, waiting: RefCell::default(), f: Box::new(f), pace: None }))
    }

    /// The same for what draws: `f`, and the tasks that it leaves, have a fortieth of the time. After one that took long
    /// the next waits, for [`SLOWEST_MS`] at most; after a rest it comes as soon as ever.
    pub(crate) fn paced(every_ms: u32, f: impl Fn() + 'static) -> Self {
        Self(Rc::new_cyclic(|weak: &Weak<CoalesceInner>| {
            let inner = weak.clone();
            let done = Soon::new(move || {
                if let Some(pace) = inner.upgrade().as_ref().and_then(|inner| inner.pace.as_ref()) {
                    pace.measured();
                }
            });
            let pace = Some(Pace { began: Cell::new(0), next_at: Cell::new(0), done });
            CoalesceInner { every_ms, waiting: RefCell::default(), f: Box::new(f), pace }
        }))
    }

    /// Asks for a call.
    pub(crate) fn ask(&self) {
        if self.0.waiting.borrow().is_some() {
            return;
        }
        self.plan(self.0.wait_ms());
    }

    fn plan(&self, wait: u32) {
        let inner = Rc::downgrade(&self.0);
        let timer = Timeout::new(wait, move || {
            if let Some(inner) = inner.upgrade() {
                inner.waiting.take();
                inner.call();
            }
        });
        self.0.waiting.replace(Some((clock::mono() + u64::from(wait), timer)));
    }

    /// The call that was asked for comes now, in a task of its own, and the next as soon as ever: somebody waits for it.
    pub(crate) fn hurry(&self) {
        if let Some(pace) = &self.0.pace {
            pace.next_at.set(0);
        }
        let now = clock::mono();
        let is_late = self.0.waiting.borrow().as_ref().is_some_and(|(at, _)| *at > now);
        if is_late {
            self.plan(0);
        }
    }
}

impl CoalesceInner {
    fn wait_ms(&self) -> u32 {
        let rest = self.pace.as_ref().map_or(0, |pace| pace.next_at.get().saturating_sub(clock::mono()));
        u32::try_from(rest).unwrap_or(SLOWEST_MS).max(self.every_ms)
    }

    fn call(&self) {
        if let Some(pace) = &self.pace {
            pace.began.set(clock::mono());
            pace.done.ask();
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

impl fmt::Debug for Coalesce {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Coalesce")
    }
}

/// The time that one task may take.
pub(crate) struct Budget {
    clock: Option<Performance>,
    end: f64,
}

impl Budget {
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
pub(crate) async fn within<T>(ms: u32, future: impl Future<Output = T>) -> Option<T> {
    match select(std::pin::pin!(future), TimeoutFuture::new(ms)).await {
        Either::Left((value, _)) => Some(value),
        Either::Right(_) => None,
    }
}

/// Lets the browser do other things first. Not slowed in a hidden tab.
pub(crate) async fn breathe() {
    let (done, wait) = futures::channel::oneshot::channel();
    let mut done = Some(done);
    let soon = Soon::new(move || {
        if let Some(done) = done.take() {
            let _ = done.send(());
        }
    });
    soon.ask();
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
        let paced = Coalesce::paced(10, move || {
            let began = clock::mono();
            while clock::mono() < began + busy.get() {}
            ear(());
        });
        let next = async |count: usize| {
            paced.ask();
            calls.wait_for(count).await;
            until("it is measured", || paced.0.wait_ms() > 10).await;
        };
        next(1).await;
        sleep(SLOWEST_MS).await;
        assert_eq!(paced.0.wait_ms(), 10, "after a rest it comes at once");
        busy_ms.set(100);
        next(2).await;
        let rest = paced.0.wait_ms();
        assert!((11..=SLOWEST_MS).contains(&rest), "what is drawn is never older than a second: {rest}");
        paced.ask();
        paced.hurry();
        let at = paced.0.waiting.borrow().as_ref().map(|(at, _)| *at);
        assert!(at.is_some_and(|at| at <= clock::mono()), "somebody waits");
        calls.wait_for(3).await;
    }
}
