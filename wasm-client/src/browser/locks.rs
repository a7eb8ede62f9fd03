//! One upload in one tab: a Web Lock for each, held as long as this tab works on it.
//!
//! A tab that finds the lock taken queues for it, so it learns when the other one ends,
//! however that ends: the browser frees the locks of a tab that crashed. Where there are
//! no Web Locks (no secure context) every claim is granted, and the page says so.

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

use crate::browser::sys::{self, LockManager};

/// After so long a refused request is tried again.
const AGAIN_MS: u32 = 1_000;

/// What became of a lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LockEvent {
    /// This tab has it. `waited`: another tab had it before, so the checkpoint may have moved on.
    Mine { id: LocalId, waited: bool },
    /// Another tab has it; this one waits in line.
    Elsewhere(LocalId),
    /// Another tab took it away; this one waits in line.
    Stolen(LocalId),
}

/// The locks of this tab. Cheap to clone; all clones are one.
#[derive(Clone)]
pub(crate) struct Locks(Rc<Inner>);

struct Inner {
    prefix: String,
    manager: Option<LockManager>,
    holds: RefCell<HashMap<LocalId, Rc<Hold>>>,
    on: Box<dyn Fn(LockEvent)>,
}

/// A lock that is held or waited for.
struct Hold {
    over: Cell<bool>,
    /// Ends a wait in line.
    wait: AbortController,
    /// Settles the promise that holds the lock.
    release: RefCell<Option<Function>>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum How {
    IfFree,
    InLine,
    Steal,
}

impl Locks {
    /// Locks are named `{prefix}{id}`. `on` is called from tasks of its own.
    pub(crate) fn new(prefix: &str, on: impl Fn(LockEvent) + 'static) -> Self {
        let manager = sys::lock_manager();
        Self(Rc::new(Inner { prefix: prefix.to_owned(), manager, holds: RefCell::default(), on: Box::new(on) }))
    }

    /// Whether the browser has Web Locks.
    pub(crate) fn work(&self) -> bool {
        self.0.manager.is_some()
    }

    /// Asks for the lock: `Mine` now, or `Elsewhere` now and `Mine` when it becomes free.
    pub(crate) fn claim(&self, id: LocalId) {
        self.request(id, How::IfFree);
    }

    /// Takes the lock from whoever has it. Ask the other tab to let go first: it may be in the middle of a write.
    pub(crate) fn steal(&self, id: LocalId) {
        self.request(id, How::Steal);
    }

    /// Lets go of the lock, or leaves the line.
    pub(crate) fn release(&self, id: LocalId) {
        let hold = self.0.holds.borrow_mut().remove(&id);
        if let Some(hold) = hold {
            hold.end();
        }
    }

    /// Whether this tab holds it.
    pub(crate) fn holds(&self, id: LocalId) -> bool {
        self.0.holds.borrow().get(&id).is_some_and(|hold| hold.release.borrow().is_some())
    }

    fn request(&self, id: LocalId, how: How) {
        self.release(id);
        let Some(manager) = &self.0.manager else {
            return self.tell_later(LockEvent::Mine { id, waited: false });
        };
        let hold = Rc::new(Hold::new());
        self.0.holds.borrow_mut().insert(id, hold.clone());
        let granted = self.granted(id, how, hold.clone());
        let name = format!("{}{}", self.0.prefix, id.0);
        let outcome = manager.request_lock(&name, &how.options(&hold.wait), granted.unchecked_ref());
        let locks = Rc::downgrade(&self.0);
        spawn_local(until_over(locks, id, hold, outcome));
    }

    /// Called by the browser with the lock, or with null when it is not free. What it returns is how long the lock is held.
    fn granted(&self, id: LocalId, how: How, hold: Rc<Hold>) -> JsValue {
        let locks = Rc::downgrade(&self.0);
        Closure::once_into_js(move |lock: JsValue| -> JsValue {
            let Some(locks) = locks.upgrade().map(Self).filter(|_| !hold.over.get()) else {
                return JsValue::UNDEFINED;
            };
            if lock.is_null() {
                (locks.0.on)(LockEvent::Elsewhere(id));
                locks.request(id, How::InLine);
                return JsValue::UNDEFINED;
            }
            let held = Promise::new(&mut |release, _| drop(hold.release.replace(Some(release))));
            (locks.0.on)(LockEvent::Mine { id, waited: how != How::IfFree });
            held.into()
        })
    }

    fn tell_later(&self, event: LockEvent) {
        let locks = self.clone();
        spawn_local(async move { (locks.0.on)(event) });
    }
}

/// A lock ends by being let go, which is no news, or unasked: it was stolen (Web Locks API, 4.1, "request a lock").
async fn until_over(locks: Weak<Inner>, id: LocalId, hold: Rc<Hold>, outcome: Result<Promise, JsValue>) {
    let fault = match outcome {
        Ok(promise) => JsFuture::from(promise).await.err(),
        Err(fault) => Some(fault),
    };
    let Some(fault) = fault.map(|fault| sys::error_name(&fault)) else { return };
    let Some(strong) = locks.upgrade().map(Locks).filter(|_| !hold.over.get()) else { return };
    // Whatever the browser does with it later: it is not ours.
    hold.over.set(true);
    if hold.release.borrow().is_some() {
        (strong.0.on)(LockEvent::Stolen(id));
        return strong.request(id, How::InLine);
    }
    match fault.as_str() {
        // The page is being left: each request is refused at once, and a page that asks again at once never goes.
        // Timers stand still there; should it come back, it stands in line again.
        "AbortError" | "InvalidStateError" => {
            drop(strong);
            TimeoutFuture::new(AGAIN_MS).await;
            let Some(strong) = locks.upgrade().map(Locks) else { return };
            let is_wanted = strong.0.holds.borrow().get(&id).is_some_and(|now| Rc::ptr_eq(now, &hold));
            if is_wanted {
                strong.request(id, How::InLine);
            }
        }
        // This browser gives no locks here (`SecurityError`): as where there are none.
        _ => (strong.0.on)(LockEvent::Mine { id, waited: false }),
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.holds.get_mut().values().for_each(|hold| hold.end());
    }
}

impl fmt::Debug for Locks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Locks({}…)", self.0.prefix)
    }
}

impl Hold {
    fn new() -> Self {
        let wait = AbortController::new().expect("every browser has AbortController");
        Self { over: Cell::new(false), wait, release: RefCell::default() }
    }

    fn end(&self) {
        self.over.set(true);
        match self.release.take() {
            Some(release) => drop(release.call0(&JsValue::NULL)),
            None => self.wait.abort(),
        }
    }
}

impl How {
    fn options(self, wait: &AbortController) -> Object {
        match self {
            Self::IfFree => sys::object(&[("ifAvailable", true.into())]),
            Self::InLine => sys::object(&[("signal", wait.signal().into())]),
            Self::Steal => sys::object(&[("steal", true.into())]),
        }
    }
}

#[cfg(test)]
mod tests {
    use wasm_bindgen_test::wasm_bindgen_test;
    use web_sys::HtmlIFrameElement;

    use super::*;
    use crate::testing::{Heard, sleep, unique};

    const ID: LocalId = LocalId(5);

    /// Two tabs: to the browser's locks one page's requests are as foreign to each other as two pages'.
    fn two() -> ((Locks, Heard<LockEvent>), (Locks, Heard<LockEvent>)) {
        let prefix = unique("lock");
        let tab = || {
            let heard = Heard::new();
            (Locks::new(&prefix, heard.ear()), heard)
        };
        (tab(), tab())
    }

    #[wasm_bindgen_test]
    async fn the_second_tab_waits_until_the_first_lets_go() {
        let ((one, one_heard), (two, two_heard)) = two();
        assert!(one.work());
        one.claim(ID);
        assert_eq!(one_heard.wait_for(1).await, [LockEvent::Mine { id: ID, waited: false }]);
        two.claim(ID);
        assert_eq!(two_heard.wait_for(1).await, [LockEvent::Elsewhere(ID)]);
        sleep(50).await;
        assert!(one.holds(ID) && !two.holds(ID));
        one.release(ID);
        assert_eq!(two_heard.wait_for(2).await[1], LockEvent::Mine { id: ID, waited: true });
        assert!(two.holds(ID) && !one.holds(ID));
        two.release(ID);
    }

    #[wasm_bindgen_test]
    async fn a_stolen_lock_is_told_and_waited_for() {
        let ((one, one_heard), (two, two_heard)) = two();
        one.claim(ID);
        one_heard.wait_for(1).await;
        two.steal(ID);
        assert_eq!(two_heard.wait_for(1).await, [LockEvent::Mine { id: ID, waited: true }]);
        assert_eq!(one_heard.wait_for(2).await[1], LockEvent::Stolen(ID));
        two.release(ID);
        assert_eq!(one_heard.wait_for(3).await[2], LockEvent::Mine { id: ID, waited: true });
        one.release(ID);
    }

    #[wasm_bindgen_test]
    async fn a_tab_that_ends_lets_go() {
        let ((one, one_heard), (two, two_heard)) = two();
        one.claim(ID);
        one_heard.wait_for(1).await;
        two.claim(ID);
        two_heard.wait_for(1).await;
        drop(one);
        assert_eq!(two_heard.wait_for(2).await[1], LockEvent::Mine { id: ID, waited: true });
        drop(two);
    }

    /// WebKit once could not leave the page: refused at once, this tab asked again at once, for ever.
    #[wasm_bindgen_test]
    async fn a_page_that_is_left_asks_for_no_lock_again() {
        let document = sys::window().document().unwrap();
        let frame: HtmlIFrameElement = document.create_element("iframe").unwrap().unchecked_into();
        document.body().unwrap().append_child(&frame).unwrap();
        let manager = sys::locks_of(&frame.content_window().unwrap().navigator());
        let heard = Heard::new();
        let ear = Box::new(heard.ear());
        let locks = Locks(Rc::new(Inner { prefix: unique("lock"), manager, holds: RefCell::default(), on: ear }));
        locks.claim(ID);
        assert_eq!(heard.wait_for(1).await, [LockEvent::Mine { id: ID, waited: false }]);
        frame.remove();
        locks.claim(LocalId(6));
        sleep(100).await;
        assert_eq!(heard.all().len(), 1, "neither granted nor stolen");
    }

    /// A lock manager that grants the first request, and ends it with this error when it is told to.
    fn scripted(error: &str) -> (LockManager, Function, js_sys::Array) {
        let (asked, made) = (js_sys::Array::new(), Object::new());
        let body = "let end; const give = () => end(new DOMException('', error));
            const request = (name, options, held) => {
                asked.push(JSON.stringify(options));
                if (asked.length > 1) return new Promise(() => {});
                held({});
                return new Promise((_, reject) => { end = reject; });
            };
            Object.assign(made, { request, give });";
        let make = Function::new_with_args("made, asked, error", body);
        make.call3(&JsValue::NULL, &made, &asked, &error.into()).unwrap();
        let give = sys::get(&made, "give").unwrap().unchecked_into();
        (made.unchecked_into(), give, asked)
    }

    /// Whatever the browser calls it, a lock that ends unasked is lost, and is waited for.
    #[wasm_bindgen_test]
    async fn a_held_lock_that_ends_unasked_is_lost() {
        for error in ["AbortError", "InvalidStateError", "UnknownError"] {
            let (manager, give, asked) = scripted(error);
            let heard = Heard::new();
            let (holds, ear) = (RefCell::default(), Box::new(heard.ear()));
            let locks = Locks(Rc::new(Inner { prefix: unique("lock"), manager: Some(manager), holds, on: ear }));
            locks.claim(ID);
            assert!(locks.holds(ID));
            give.call0(&JsValue::NULL).unwrap();
            assert_eq!(heard.wait_for(2).await, [LockEvent::Mine { id: ID, waited: false }, LockEvent::Stolen(ID)]);
            assert!(!locks.holds(ID), "{error}");
            assert_eq!(asked.length(), 2, "it stands in line, once");
        }
    }

    #[wasm_bindgen_test]
    async fn where_the_browser_refuses_locks_every_claim_is_granted() {
        let heard = Heard::new();
        // The API refuses names that begin with a dash.
        let locks = Locks::new("-refused", heard.ear());
        locks.claim(ID);
        assert_eq!(heard.wait_for(1).await, [LockEvent::Mine { id: ID, waited: false }]);
    }

    #[wasm_bindgen_test]
    async fn who_leaves_the_line_never_gets_the_lock() {
        let ((one, one_heard), (two, two_heard)) = two();
        one.claim(ID);
        one_heard.wait_for(1).await;
        two.claim(ID);
        two_heard.wait_for(1).await;
        two.release(ID);
        one.release(ID);
        sleep(100).await;
        assert_eq!(two_heard.all(), [LockEvent::Elsewhere(ID)]);
        // ... and the lock is free.
        one.claim(ID);
        assert_eq!(one_heard.wait_for(2).await[1], LockEvent::Mine { id: ID, waited: false });
        one.release(ID);
    }
}
