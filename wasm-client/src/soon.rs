//! Small pieces of time: "in a moment, after the browser has breathed", "after so many
//! milliseconds, unless dropped", and a deadline for a promise that may never settle.

use std::cell::RefCell;
use std::fmt;
use std::future::Future;
use std::rc::Rc;

use futures::future::{Either, select};
use gloo_timers::callback::Timeout;
use gloo_timers::future::TimeoutFuture;
use js_sys::Function;
use wasm_bindgen::prelude::*;
use web_sys::MessageChannel;

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
    waiting: RefCell<Option<Timeout>>,
    f: Box<dyn Fn()>,
}

impl Coalesce {
    /// `f` runs `every_ms` after the first ask, and serves all asks until then.
    pub(crate) fn new(every_ms: u32, f: impl Fn() + 'static) -> Self {
        Self(Rc::new(CoalesceInner { every_ms, waiting: RefCell::default(), f: Box::new(f) }))
    }

    /// Asks for a call.
    pub(crate) fn ask(&self) {
        if self.0.waiting.borrow().is_some() {
            return;
        }
        let inner = Rc::downgrade(&self.0);
        let timer = Timeout::new(self.0.every_ms, move || {
            if let Some(inner) = inner.upgrade() {
                inner.waiting.take();
                (inner.f)();
            }
        });
        self.0.waiting.replace(Some(timer));
    }
}

impl fmt::Debug for Coalesce {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Coalesce")
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
