//! While something is sent: keep the screen awake, and warn before the page is left.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::BeforeUnloadEvent;

use crate::browser::clock;
use crate::browser::listener::Listener;
use crate::browser::sys::{self, WakeSentinel};

/// Keeps the device awake and the page open while it is set. Dropping it lets both go.
#[derive(Clone, Debug)]
pub(crate) struct KeepAwake(Rc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    wanted: Cell<bool>,
    sentinel: RefCell<Option<WakeSentinel>>,
    /// Asks before the page is left. Only while it is wanted: the mere listener keeps a page out of the back cache.
    leave: RefCell<Option<Listener>>,
    visible: RefCell<Option<Listener>>,
}

impl KeepAwake {
    /// Holds nothing yet.
    pub(crate) fn new() -> Self {
        let inner = Rc::new(Inner::default());
        if let Some(document) = sys::window().document() {
            let weak = Rc::downgrade(&inner);
            // The browser lets the lock go whenever the page is hidden.
            let again = Listener::new(&document, "visibilitychange", move |_| {
                if let Some(inner) = weak.upgrade() {
                    acquire(&inner);
                }
            });
            inner.visible.replace(Some(again));
        }
        Self(inner)
    }

    /// Sets whether uploads are running now. Returns whether that is a change.
    pub(crate) fn set(&self, running: bool) -> bool {
        if self.0.wanted.replace(running) == running {
            return false;
        }
        self.0.leave.replace(running.then(warn_before_leaving));
        if running {
            acquire(&self.0);
        } else if let Some(sentinel) = self.0.sentinel.take() {
            let _ = sentinel.release();
        }
        true
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        if let Some(sentinel) = self.sentinel.take() {
            let _ = sentinel.release();
        }
    }
}

fn warn_before_leaving() -> Listener {
    Listener::new(&sys::window(), "beforeunload", |event| {
        event.prevent_default();
        // Older browsers ask only when this is set; what it says is shown by none.
        event.unchecked_ref::<BeforeUnloadEvent>().set_return_value("uploading");
    })
}

/// Requests the lock when it is wanted, not held, and the page is visible. A refusal (low battery) is ignored: uploads
/// work without it.
fn acquire(inner: &Rc<Inner>) {
    let held = inner.sentinel.borrow().as_ref().is_some_and(|sentinel| !sentinel.released());
    if !inner.wanted.get() || held || !clock::visible() {
        return;
    }
    let Some(promise) = sys::wake_lock().and_then(|lock| lock.request_wake("screen").ok()) else { return };
    let inner = Rc::downgrade(inner);
    spawn_local(async move {
        let Ok(sentinel) = JsFuture::from(promise).await else { return };
        let sentinel: WakeSentinel = sentinel.unchecked_into();
        match inner.upgrade().filter(|inner| inner.wanted.get()) {
            Some(inner) => drop(inner.sentinel.replace(Some(sentinel))),
            None => drop(sentinel.release()),
        }
    });
}

#[cfg(test)]
mod tests {
    use wasm_bindgen_test::wasm_bindgen_test;
    use web_sys::{Event, EventInit};

    use super::*;

    fn asks_before_leaving() -> bool {
        let init = EventInit::new();
        init.set_cancelable(true);
        let event = Event::new_with_event_init_dict("beforeunload", &init).unwrap();
        sys::window().dispatch_event(&event).unwrap();
        event.default_prevented()
    }

    #[wasm_bindgen_test]
    fn leaving_asks_only_while_uploads_run() {
        let awake = KeepAwake::new();
        assert!(!asks_before_leaving());
        awake.set(true);
        assert!(asks_before_leaving());
        awake.set(false);
        assert!(!asks_before_leaving());
        awake.set(true);
        drop(awake);
        assert!(!asks_before_leaving());
    }
}
