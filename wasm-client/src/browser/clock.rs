//! Time: the two clocks of an input, the machine's timer, and events of sleep and of the network.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use gloo_timers::callback::{Interval, Timeout};
use slipway_protocol::machine::network::sleep::SleepWatch;
use slipway_protocol::machine::{Input, Now};
use web_sys::VisibilityState;

use crate::browser::bindings;
use crate::browser::listener::Listener;

/// Interval between two comparisons of the clocks, in milliseconds.
const COMPARE_MS: u32 = 5_000;
/// Longest single timer, in milliseconds: timers count in 32 bits, so longer waits take several.
const MAX_TIMER_MS: u64 = 3_600_000;

/// Milliseconds since the page was loaded, on a monotonic clock.
pub(crate) fn mono() -> u64 {
    bindings::window().performance().map_or(0.0, |clock| clock.now()) as u64
}

/// Both clocks.
pub(crate) fn now() -> Now {
    Now { mono: mono(), wall: js_sys::Date::now() as u64 }
}

/// The machine's one timer, for `WakeAt`. Dropping it cancels it.
pub(crate) struct Alarm(Rc<AlarmInner>);

struct AlarmInner {
    /// When to fire, in milliseconds of [`mono`]; `None` after it fired.
    due: Cell<Option<u64>>,
    /// The running timer, and when it fires.
    timer: RefCell<Option<(u64, Timeout)>>,
    on_due: Box<dyn Fn()>,
}

impl Alarm {
    /// Calls `on_due` when a set time is reached.
    pub(crate) fn new(on_due: impl Fn() + 'static) -> Self {
        Self(Rc::new(AlarmInner { due: Cell::default(), timer: RefCell::default(), on_due: Box::new(on_due) }))
    }

    /// Replaces the time set before, in milliseconds of [`mono`].
    pub(crate) fn set(&self, at: u64) {
        self.0.due.set(Some(at));
        // An earlier timer is kept, and sets the next one when it fires: the machine sets the alarm after every event, and
        // most of these times are later.
        let is_early = self.0.timer.borrow().as_ref().is_some_and(|(fires, _)| *fires <= at);
        if !is_early {
            arm(&self.0, at);
        }
    }

    /// Fires if it is due. A worker's tick calls this, since browsers throttle a hidden tab's own timers.
    pub(crate) fn fire_if_due(&self) {
        fire_if_due(&self.0);
    }
}

impl std::fmt::Debug for Alarm {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Alarm({:?})", self.0.due.get())
    }
}

fn arm(inner: &Rc<AlarmInner>, at: u64) {
    let now = mono();
    let wait = at.saturating_sub(now).min(MAX_TIMER_MS);
    let weak = Rc::downgrade(inner);
    let timer = Timeout::new(wait as u32, move || {
        if let Some(inner) = weak.upgrade() {
            inner.timer.take();
            fire_if_due(&inner);
        }
    });
    inner.timer.replace(Some((now + wait, timer)));
}

fn fire_if_due(inner: &Rc<AlarmInner>) {
    match inner.due.get() {
        Some(at) if at <= mono() => {
            inner.due.set(None);
            (inner.on_due)();
        }
        // Browser timers fire a little early at times, and a long wait takes several of them.
        Some(at) if inner.timer.borrow().is_none() => arm(inner, at),
        _ => {}
    }
}

/// Events of the browser that concern all uploads. Dropping it stops them.
#[derive(Debug)]
pub(crate) struct Environment {
    _listeners: Vec<Listener>,
    _compare: Interval,
}

impl Environment {
    /// Reports sleep, network changes and the return to the page as inputs of the machine.
    pub(crate) fn watch(on: impl Fn(Input) + 'static) -> Self {
        let on = Rc::new(on);
        let watch = Rc::new(Cell::new(SleepWatch::new(now())));
        let compare_clocks = {
            let (on, watch) = (on.clone(), watch.clone());
            Interval::new(COMPARE_MS, move || compare(&watch, &*on))
        };
        Self { _listeners: listeners(&on, &watch), _compare: compare_clocks }
    }
}

/// Whether the browser believes that there is a network.
pub(crate) fn online() -> bool {
    bindings::window().navigator().on_line()
}

/// Whether the page is visible.
pub(crate) fn visible() -> bool {
    bindings::window().document().is_none_or(|document| document.visibility_state() == VisibilityState::Visible)
}

fn compare(watch: &Cell<SleepWatch>, on: &dyn Fn(Input)) {
    let mut clocks = watch.get();
    let slept = clocks.slept(now());
    watch.set(clocks);
    if slept {
        on(Input::Slept);
    }
}

fn listeners<F: Fn(Input) + 'static>(on: &Rc<F>, watch: &Rc<Cell<SleepWatch>>) -> Vec<Listener> {
    let window = bindings::window();
    let on_event = |name, input: Input| {
        let on = on.clone();
        Listener::new(&window, name, move |_| on(input.clone()))
    };
    let mut listeners = vec![on_event("online", Input::Online), on_event("offline", Input::Offline)];
    let on_return = |target: &web_sys::EventTarget, name| {
        let (on, watch) = (on.clone(), watch.clone());
        Listener::new(target, name, move |_| {
            compare(&watch, &*on);
            // The timers of a hidden page are throttled, so what is due may not have fired.
            on(Input::Tick);
        })
    };
    // A page that returns from the back/forward cache ran no timers meanwhile.
    listeners.push(on_return(&window, "pageshow"));
    if let Some(document) = window.document() {
        listeners.push(on_return(&document, "visibilitychange"));
        // Chromium freezes pages that are hidden for minutes.
        listeners.push(on_return(&document, "resume"));
    }
    listeners
}

#[cfg(test)]
mod tests {
    use wasm_bindgen_test::wasm_bindgen_test;

    use super::*;
    use crate::testing::{Recorder, sleep};

    #[wasm_bindgen_test]
    async fn the_alarm_fires_once_at_the_time_set_last() {
        let recorder = Recorder::new();
        let callback = recorder.callback();
        let alarm = Alarm::new(move || callback(mono()));
        let start = mono();
        alarm.set(start + 20);
        alarm.set(start + 150);
        sleep(80).await;
        assert!(recorder.all().is_empty());
        let fired = recorder.wait_for(1).await[0];
        assert!(fired >= start + 150, "{fired} {start}");
        alarm.set(mono() + 10_000);
        alarm.set(mono() + 10);
        assert!(recorder.wait_for(2).await[1] < start + 5_000);
        sleep(50).await;
        assert_eq!(recorder.all().len(), 2);
    }

    #[wasm_bindgen_test]
    async fn a_dropped_alarm_is_silent() {
        let recorder = Recorder::new();
        let callback = recorder.callback();
        let alarm = Alarm::new(move || callback(()));
        alarm.set(mono() + 10);
        drop(alarm);
        sleep(60).await;
        assert_eq!(recorder.all(), []);
    }

    #[wasm_bindgen_test]
    async fn network_changes_and_the_return_to_the_page_are_reported() {
        let recorder = Recorder::new();
        let environment = Environment::watch(recorder.callback());
        let window = bindings::window();
        for name in ["offline", "online", "pageshow"] {
            window.dispatch_event(&web_sys::Event::new(name).unwrap()).unwrap();
        }
        assert_eq!(recorder.all(), [Input::Offline, Input::Online, Input::Tick]);
        drop(environment);
        window.dispatch_event(&web_sys::Event::new("online").unwrap()).unwrap();
        assert_eq!(recorder.all().len(), 3);
    }
}
