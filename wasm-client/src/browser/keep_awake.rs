//! Keeps the screen awake while uploads run, and warns before the page is left.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::BeforeUnloadEvent;

use crate::browser::bindings::{self, WakeSentinel};
use crate::browser::clock;
use crate::browser::listener::Listener;

/// Holds the wake lock and the warning while it is set. Dropping it releases both.
#[derive(Clone, Debug)]
pub(crate) struct KeepAwake(Rc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    wanted: Cell<bool>,
    request: Cell<Request>,
    sentinel: RefCell<Option<WakeSentinel>>,
    /// Warns before the page is left. Removed when not wanted: its mere presence keeps a page out of the back/forward cache.
    leave: RefCell<Option<Listener>>,
    visible: RefCell<Option<Listener>>,
}

/// At most one request is pending. Two would be granted two locks, and only one of them could be released later.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Request {
    #[default]
    None,
    Pending,
    /// The lock was requested again meanwhile. The browser may refuse the pending request because the page was hidden.
    PendingAgain,
}

impl KeepAwake {
    /// Not set.
    pub(crate) fn new() -> Self {
        let inner = Rc::new(Inner::default());
        if let Some(document) = bindings::window().document() {
            let weak = Rc::downgrade(&inner);
            // The browser releases the lock whenever the page is hidden.
            let on_visible = Listener::new(&document, "visibilitychange", move |_| {
                if let Some(inner) = weak.upgrade() {
                    acquire(&inner);
                }
            });
            inner.visible.replace(Some(on_visible));
        }
        Self(inner)
    }

    /// Sets whether uploads run. Returns whether that changed.
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
    Listener::new(&bindings::window(), "beforeunload", |event| {
        event.prevent_default();
        // Older browsers warn only if this is set. None shows its text.
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
    if inner.request.get() != Request::None {
        return inner.request.set(Request::PendingAgain);
    }
    let Some(promise) = bindings::wake_lock().and_then(|lock| lock.request_wake("screen").ok()) else { return };
    inner.request.set(Request::Pending);
    let inner = Rc::downgrade(inner);
    spawn_local(async move {
        let sentinel = JsFuture::from(promise).await.ok().map(JsCast::unchecked_into::<WakeSentinel>);
        let inner = inner.upgrade();
        match (sentinel, inner.as_ref().filter(|inner| inner.wanted.get())) {
            (Some(sentinel), Some(inner)) => drop(inner.sentinel.replace(Some(sentinel))),
            (Some(sentinel), None) => drop(sentinel.release()),
            (None, _) => {}
        }
        if let Some(inner) = inner
            && inner.request.take() == Request::PendingAgain
        {
            acquire(&inner);
        }
    });
}

#[cfg(test)]
mod tests {
    use js_sys::{Array, Function, Reflect};
    use wasm_bindgen_test::wasm_bindgen_test;
    use web_sys::{Event, EventInit};

    use super::*;
    use crate::testing::{sleep, until};

    /// Stands in for `navigator.wakeLock`. Requests stay pending until they are settled. Dropping it restores the browser's.
    struct FakeWakeLock {
        requests: Array,
        settle: Function,
    }

    impl FakeWakeLock {
        fn install() -> Self {
            let requests = Array::new();
            let make = Function::new_with_args(
                "navigator, requests",
                "const request = () => new Promise((grant, refuse) => requests.push({ grant, refuse }));
                 Object.defineProperty(navigator, 'wakeLock', { value: { request }, configurable: true });
                 return (index, isGranted) => {
                     const it = requests[index];
                     if (!isGranted) return it.refuse(new DOMException('', 'NotAllowedError'));
                     it.sentinel = { released: false, release() { this.released = true; return Promise.resolve(); } };
                     it.grant(it.sentinel);
                 };",
            );
            let settle =
                make.call2(&JsValue::NULL, &bindings::window().navigator(), &requests).unwrap().unchecked_into();
            Self { requests, settle }
        }

        fn pending(&self) -> u32 {
            self.requests.length()
        }

        async fn settle(&self, index: u32, is_granted: bool) {
            self.settle.call2(&JsValue::NULL, &index.into(), &is_granted.into()).unwrap();
            // The promise's callbacks run first.
            sleep(1).await;
        }

        /// Locks that were granted and not released.
        fn held(&self) -> usize {
            let sentinels = self.requests.iter().filter_map(|request| bindings::get(&request, "sentinel"));
            sentinels.filter(|sentinel| !sentinel.unchecked_ref::<WakeSentinel>().released()).count()
        }
    }

    impl Drop for FakeWakeLock {
        fn drop(&mut self) {
            Reflect::delete_property(&bindings::window().navigator().into(), &"wakeLock".into()).unwrap();
        }
    }

    fn page_becomes_visible() {
        let event = Event::new("visibilitychange").unwrap();
        bindings::window().document().unwrap().dispatch_event(&event).unwrap();
    }

    #[wasm_bindgen_test]
    async fn a_second_request_while_one_is_pending_loses_no_lock() {
        let lock = FakeWakeLock::install();
        let awake = KeepAwake::new();
        awake.set(true);
        page_becomes_visible();
        awake.set(false);
        awake.set(true);
        for index in 0..lock.pending() {
            lock.settle(index, true).await;
        }
        assert_eq!(lock.held(), 1);
        awake.set(false);
        assert_eq!(lock.held(), 0);
    }

    #[wasm_bindgen_test]
    async fn a_lock_granted_after_the_uploads_ended_is_released() {
        let lock = FakeWakeLock::install();
        let awake = KeepAwake::new();
        awake.set(true);
        awake.set(false);
        lock.settle(0, true).await;
        assert_eq!((lock.pending(), lock.held()), (1, 0));
    }

    /// The page was hidden while the request was pending: the browser refuses it, but the page is visible again.
    #[wasm_bindgen_test]
    async fn a_lock_wanted_again_while_a_request_was_refused_is_requested_again() {
        let lock = FakeWakeLock::install();
        let awake = KeepAwake::new();
        awake.set(true);
        page_becomes_visible();
        lock.settle(0, false).await;
        until("the second request", || lock.pending() == 2).await;
        lock.settle(1, true).await;
        assert_eq!(lock.held(), 1);
        drop(awake);
        assert_eq!(lock.held(), 0);
    }

    fn asks_before_leaving() -> bool {
        let init = EventInit::new();
        init.set_cancelable(true);
        let event = Event::new_with_event_init_dict("beforeunload", &init).unwrap();
        bindings::window().dispatch_event(&event).unwrap();
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
