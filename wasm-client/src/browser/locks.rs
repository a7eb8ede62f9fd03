//! A Web Lock per upload, held while this tab works on it, so that no two tabs do.
//!
//! A tab that finds the lock held queues for it, and gets it however the other tab ends: the browser frees the locks of a
//! tab that crashed. Without Web Locks (no secure context) every claim is granted, and the page says so.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::fmt;
use std::rc::{Rc, Weak};

use gloo_timers::future::TimeoutFuture;
use js_sys::{Function, Object, Promise};
use slipway_protocol::machine::LocalId;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::AbortController;

use crate::browser::bindings::{self, LockManager};

/// Delay before a refused request is sent again, in milliseconds.
const RETRY_MS: u32 = 1_000;

/// Events of a lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LockEvent {
    /// This tab holds it. `waited`: another tab held it before, so the checkpoint may have changed.
    Acquired { id: LocalId, waited: bool },
    /// Another tab holds it; this one is queued.
    HeldElsewhere(LocalId),
    /// Another tab stole it; this one is queued.
    Stolen(LocalId),
}

/// The locks of this tab. Cheap to clone; all clones are one.
#[derive(Clone)]
pub(crate) struct Locks(Rc<Inner>);

struct Inner {
    prefix: String,
    manager: Option<LockManager>,
    requests: RefCell<HashMap<LocalId, Rc<LockRequest>>>,
    on_event: Box<dyn Fn(LockEvent)>,
}

/// A lock that is held or queued for.
struct LockRequest {
    has_ended: Cell<bool>,
    /// Leaves the queue.
    queued: AbortController,
    /// Resolves the promise that holds the lock; `None` until the lock is granted.
    release: RefCell<Option<Function>>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Mode {
    IfAvailable,
    Queued,
    Steal,
}

impl Locks {
    /// Locks are named `{prefix}{id}`. `on_event` is called in tasks of its own.
    pub(crate) fn new(prefix: &str, on_event: impl Fn(LockEvent) + 'static) -> Self {
        let manager = bindings::lock_manager();
        Self(Rc::new(Inner {
            prefix: prefix.to_owned(),
            manager,
            requests: RefCell::default(),
            on_event: Box::new(on_event),
        }))
    }

    /// Whether the browser has Web Locks.
    pub(crate) fn is_supported(&self) -> bool {
        self.0.manager.is_some()
    }

    /// Requests the lock: `Acquired` now, or `HeldElsewhere` now and `Acquired` once it is free.
    pub(crate) fn claim(&self, id: LocalId) {
        self.request(id, Mode::IfAvailable);
    }

    /// Takes the lock from the tab that holds it. Ask that tab to release it first: it may be writing.
    pub(crate) fn steal(&self, id: LocalId) {
        self.request(id, Mode::Steal);
    }

    /// Releases the lock, or leaves the queue.
    pub(crate) fn release(&self, id: LocalId) {
        let request = self.0.requests.borrow_mut().remove(&id);
        if let Some(request) = request {
            request.end();
        }
    }

    /// Whether this tab holds it.
    pub(crate) fn holds(&self, id: LocalId) -> bool {
        self.0.requests.borrow().get(&id).is_some_and(|request| request.release.borrow().is_some())
    }

    fn request(&self, id: LocalId, mode: Mode) {
        self.release(id);
        let Some(manager) = &self.0.manager else {
            return self.emit_later(LockEvent::Acquired { id, waited: false });
        };
        let request = Rc::new(LockRequest::new());
        self.0.requests.borrow_mut().insert(id, request.clone());
        let granted = self.granted(id, mode, request.clone());
        let name = format!("{}{}", self.0.prefix, id.0);
        let outcome = manager.request_lock(&name, &mode.options(&request.queued), granted.unchecked_ref());
        let locks = Rc::downgrade(&self.0);
        spawn_local(watch_end(locks, id, request, outcome));
    }

    /// The callback of the request. The browser calls it with the lock, or with null when the lock is not free, and holds the
    /// lock until the returned promise settles.
    fn granted(&self, id: LocalId, mode: Mode, request: Rc<LockRequest>) -> JsValue {
        let locks = Rc::downgrade(&self.0);
        Closure::once_into_js(move |lock: JsValue| -> JsValue {
            let Some(locks) = locks.upgrade().map(Self).filter(|_| !request.has_ended.get()) else {
                return JsValue::UNDEFINED;
            };
            if lock.is_null() {
                (locks.0.on_event)(LockEvent::HeldElsewhere(id));
                locks.request(id, Mode::Queued);
                return JsValue::UNDEFINED;
            }
            let held = Promise::new(&mut |release, _| drop(request.release.replace(Some(release))));
            (locks.0.on_event)(LockEvent::Acquired { id, waited: mode != Mode::IfAvailable });
            held.into()
        })
    }

    fn emit_later(&self, event: LockEvent) {
        let locks = self.clone();
        spawn_local(async move { (locks.0.on_event)(event) });
    }
}

/// Waits for the end of a request. A promise that is rejected without a release means that the lock was stolen (Web Locks
/// API, 4.1, "request a lock").
async fn watch_end(locks: Weak<Inner>, id: LocalId, request: Rc<LockRequest>, outcome: Result<Promise, JsValue>) {
    let fault = match outcome {
        Ok(promise) => JsFuture::from(promise).await.err(),
        Err(fault) => Some(fault),
    };
    let Some(fault) = fault.map(|fault| bindings::error_name(&fault)) else { return };
    let Some(strong) = locks.upgrade().map(Locks).filter(|_| !request.has_ended.get()) else { return };
    // A late call of the request's callback must not count as a grant.
    request.has_ended.set(true);
    if request.release.borrow().is_some() {
        (strong.0.on_event)(LockEvent::Stolen(id));
        return strong.request(id, Mode::Queued);
    }
    match fault.as_str() {
        // The page is being left, and every request is refused at once. Requesting again without a delay would keep the page
        // from ever unloading (WebKit). Timers do not run there; if the page comes back, it queues again.
        "AbortError" | "InvalidStateError" => {
            drop(strong);
            TimeoutFuture::new(RETRY_MS).await;
            let Some(strong) = locks.upgrade().map(Locks) else { return };
            let is_wanted = strong.0.requests.borrow().get(&id).is_some_and(|now| Rc::ptr_eq(now, &request));
            if is_wanted {
                strong.request(id, Mode::Queued);
            }
        }
        // This browser refuses locks here (`SecurityError`): as if it had none.
        _ => (strong.0.on_event)(LockEvent::Acquired { id, waited: false }),
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.requests.get_mut().values().for_each(|request| request.end());
    }
}

impl fmt::Debug for Locks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Locks({}…)", self.0.prefix)
    }
}

impl LockRequest {
    fn new() -> Self {
        let queued = AbortController::new().expect("every browser has AbortController");
        Self { has_ended: Cell::new(false), queued, release: RefCell::default() }
    }

    fn end(&self) {
        self.has_ended.set(true);
        match self.release.take() {
            Some(release) => drop(release.call0(&JsValue::NULL)),
            None => self.queued.abort(),
        }
    }
}

impl Mode {
    // The browser refuses a signal beside `ifAvailable` or `steal` (Web Locks API, `LockManager.request`).
    fn options(self, queued: &AbortController) -> Object {
        match self {
            Self::IfAvailable => bindings::object(&[("ifAvailable", true.into())]),
            Self::Queued => bindings::object(&[("signal", queued.signal().into())]),
            Self::Steal => bindings::object(&[("steal", true.into())]),
        }
    }
}

#[cfg(test)]
mod tests {
    use wasm_bindgen_test::wasm_bindgen_test;
    use web_sys::HtmlIFrameElement;

    use super::*;
    use crate::testing::{Recorder, sleep, unique};

    const ID: LocalId = LocalId(5);

    /// Two tabs. The lock manager treats two requests of one page as it does those of two pages.
    fn two() -> ((Locks, Recorder<LockEvent>), (Locks, Recorder<LockEvent>)) {
        let prefix = unique("lock");
        let tab = || {
            let recorder = Recorder::new();
            (Locks::new(&prefix, recorder.callback()), recorder)
        };
        (tab(), tab())
    }

    #[wasm_bindgen_test]
    async fn the_second_tab_waits_until_the_first_releases() {
        let ((one, one_heard), (two, two_heard)) = two();
        assert!(one.is_supported());
        one.claim(ID);
        assert_eq!(one_heard.wait_for(1).await, [LockEvent::Acquired { id: ID, waited: false }]);
        two.claim(ID);
        assert_eq!(two_heard.wait_for(1).await, [LockEvent::HeldElsewhere(ID)]);
        sleep(50).await;
        assert!(one.holds(ID) && !two.holds(ID));
        one.release(ID);
        assert_eq!(two_heard.wait_for(2).await[1], LockEvent::Acquired { id: ID, waited: true });
        assert!(two.holds(ID) && !one.holds(ID));
        two.release(ID);
    }

    #[wasm_bindgen_test]
    async fn a_stolen_lock_is_reported_and_queued_for() {
        let ((one, one_heard), (two, two_heard)) = two();
        one.claim(ID);
        one_heard.wait_for(1).await;
        two.steal(ID);
        assert_eq!(two_heard.wait_for(1).await, [LockEvent::Acquired { id: ID, waited: true }]);
        assert_eq!(one_heard.wait_for(2).await[1], LockEvent::Stolen(ID));
        two.release(ID);
        assert_eq!(one_heard.wait_for(3).await[2], LockEvent::Acquired { id: ID, waited: true });
        one.release(ID);
    }

    #[wasm_bindgen_test]
    async fn a_tab_that_ends_releases_its_locks() {
        let ((one, one_heard), (two, two_heard)) = two();
        one.claim(ID);
        one_heard.wait_for(1).await;
        two.claim(ID);
        two_heard.wait_for(1).await;
        drop(one);
        assert_eq!(two_heard.wait_for(2).await[1], LockEvent::Acquired { id: ID, waited: true });
        drop(two);
    }

    /// WebKit could not leave the page: each refused request was sent again at once, without end.
    #[wasm_bindgen_test]
    async fn a_page_that_is_left_requests_no_lock_again() {
        let document = bindings::window().document().unwrap();
        let frame: HtmlIFrameElement = document.create_element("iframe").unwrap().unchecked_into();
        document.body().unwrap().append_child(&frame).unwrap();
        let manager = bindings::locks_of(&frame.content_window().unwrap().navigator());
        let recorder = Recorder::new();
        let callback = Box::new(recorder.callback());
        let locks =
            Locks(Rc::new(Inner { prefix: unique("lock"), manager, requests: RefCell::default(), on_event: callback }));
        locks.claim(ID);
        assert_eq!(recorder.wait_for(1).await, [LockEvent::Acquired { id: ID, waited: false }]);
        frame.remove();
        locks.claim(LocalId(6));
        sleep(100).await;
        assert_eq!(recorder.all().len(), 1, "neither granted nor stolen");
    }

    /// A lock manager that grants the first request; the returned function ends it with this error.
    fn scripted(error: &str) -> (LockManager, Function, js_sys::Array) {
        let (asked, made) = (js_sys::Array::new(), Object::new());
        let body = "let reject_held; const end = () => reject_held(new DOMException('', error));
            const request = (name, options, held) => {
                asked.push(JSON.stringify(options));
                if (asked.length > 1) return new Promise(() => {});
                held({});
                return new Promise((_, reject) => { reject_held = reject; });
            };
            Object.assign(made, { request, end });";
        let make = Function::new_with_args("made, asked, error", body);
        make.call3(&JsValue::NULL, &made, &asked, &error.into()).unwrap();
        let end = bindings::get(&made, "end").unwrap().unchecked_into();
        (made.unchecked_into(), end, asked)
    }

    /// Browsers name this error differently.
    #[wasm_bindgen_test]
    async fn a_held_lock_that_ends_unasked_is_lost() {
        for error in ["AbortError", "InvalidStateError", "UnknownError"] {
            let (manager, end, asked) = scripted(error);
            let recorder = Recorder::new();
            let (requests, callback) = (RefCell::default(), Box::new(recorder.callback()));
            let locks =
                Locks(Rc::new(Inner { prefix: unique("lock"), manager: Some(manager), requests, on_event: callback }));
            locks.claim(ID);
            assert!(locks.holds(ID));
            end.call0(&JsValue::NULL).unwrap();
            assert_eq!(
                recorder.wait_for(2).await,
                [LockEvent::Acquired { id: ID, waited: false }, LockEvent::Stolen(ID)]
            );
            assert!(!locks.holds(ID), "{error}");
            assert_eq!(asked.length(), 2, "it queues, once");
        }
    }

    #[wasm_bindgen_test]
    async fn where_the_browser_refuses_locks_every_claim_is_granted() {
        let recorder = Recorder::new();
        // The API refuses names that begin with a dash.
        let locks = Locks::new("-refused", recorder.callback());
        locks.claim(ID);
        assert_eq!(recorder.wait_for(1).await, [LockEvent::Acquired { id: ID, waited: false }]);
    }

    #[wasm_bindgen_test]
    async fn a_tab_that_left_the_queue_never_gets_the_lock() {
        let ((one, one_heard), (two, two_heard)) = two();
        one.claim(ID);
        one_heard.wait_for(1).await;
        two.claim(ID);
        two_heard.wait_for(1).await;
        two.release(ID);
        one.release(ID);
        sleep(100).await;
        assert_eq!(two_heard.all(), [LockEvent::HeldElsewhere(ID)]);
        // ... and the lock is free.
        one.claim(ID);
        assert_eq!(one_heard.wait_for(2).await[1], LockEvent::Acquired { id: ID, waited: false });
        one.release(ID);
    }
}
