//! Time: the two clocks of an input, the one wake-up that the machine asks for, and the
//! signs that the computer slept or that the network came and went.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use gloo_timers::callback::{Interval, Timeout};
use slipway_protocol::machine::network::sleep::SleepWatch;
use slipway_protocol::machine::{Input, Now};
use web_sys::VisibilityState;

use crate::browser::listener::Listener;
use crate::browser::sys;

/// How often the clocks are compared, in milliseconds.
const BEAT_MS: u32 = 5_000;
/// A longer wait is cut in pieces: a timer counts in 32 bits.
const LONGEST_WAIT_MS: u64 = 3_600_000;

/// Milliseconds since the page began, on a clock that never jumps.
pub(crate) fn mono() -> u64 {
    sys::window().performance().map_or(0.0, |clock| clock.now()) as u64
}

/// Both clocks.
pub(crate) fn now() -> Now {
    Now { mono: mono(), wall: js_sys::Date::now() as u64 }
}

/// The alarm clock of the machine: `WakeAt`. Dropping it cancels.
pub(crate) struct Alarm(Rc<AlarmInner>);

struct AlarmInner {
    /// When the machine wants its tick; none when it has had it.
    wanted: Cell<Option<u64>>,
    /// The running timer and when it fires.
    timer: RefCell<Option<(u64, Timeout)>>,
    on_due: Box<dyn Fn()>,
}

impl Alarm {
    /// Calls `on_due` each time an asked-for time has come.
    pub(crate) fn new(on_due: impl Fn() + 'static) -> Self {
        Self(Rc::new(AlarmInner { wanted: Cell::default(), timer: RefCell::default(), on_due: Box::new(on_due) }))
    }

    /// Replaces the time asked for before, in milliseconds of [`mono`].
    pub(crate) fn set(&self, at: u64) {
        self.0.wanted.set(Some(at));
        // A timer that fires earlier serves as well: it looks again then. This spares a
        // timer for every event of the machine.
        let early = self.0.timer.borrow().as_ref().is_some_and(|(fires, _)| *fires <= at);
        if !early {
            arm(&self.0, at);
        }
    }

    /// Fires if the time has come: for those who have a better clock than a hidden tab's timers.
    pub(crate) fn fire_if_due(&self) {
        fire_if_due(&self.0);
    }
}

impl std::fmt::Debug for Alarm {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Alarm({:?})", self.0.wanted.get())
    }
}

fn arm(inner: &Rc<AlarmInner>, at: u64) {
    let now = mono();
    let wait = at.saturating_sub(now).min(LONGEST_WAIT_MS);
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
    match inner.wanted.get() {
        Some(at) if at <= mono() => {
            inner.wanted.set(None);
            (inner.on_due)();
        }
        Some(at) if inner.timer.borrow().is_none() => arm(inner, at),
        _ => {}
    }
}

/// What the browser tells of the world around the uploads. Dropping it stops it.
#[derive(Debug)]
pub(crate) struct World {
    _listeners: Vec<Listener>,
    _beat: Interval,
}

impl World {
    /// Tells sleep, network changes and that the page is looked at again, as inputs of the machine.
    pub(crate) fn watch(on: impl Fn(Input) + 'static) -> Self {
        let on = Rc::new(on);
        let watch = Rc::new(Cell::new(SleepWatch::new(now())));
        let beat = {
            let (on, watch) = (on.clone(), watch.clone());
            Interval::new(BEAT_MS, move || compare(&watch, &*on))
        };
        Self { _listeners: listeners(&on, &watch), _beat: beat }
    }
}

/// Whether the browser believes that there is a network.
pub(crate) fn online() -> bool {
    sys::window().navigator().on_line()
}

/// Whether somebody can see the page.
pub(crate) fn visible() -> bool {
    sys::window().document().is_none_or(|document| document.visibility_state() == VisibilityState::Visible)
}

fn compare(watch: &Cell<SleepWatch>, on: &dyn Fn(Input)) {
    let mut seen = watch.get();
    let slept = seen.slept(now());
    watch.set(seen);
    if slept {
        on(Input::Slept);
    }
}

fn listeners<F: Fn(Input) + 'static>(on: &Rc<F>, watch: &Rc<Cell<SleepWatch>>) -> Vec<Listener> {
    let window = sys::window();
    let on_event = |name, input: Input| {
        let on = on.clone();
        Listener::new(&window, name, move |_| on(input.clone()))
    };
    let mut listeners = vec![on_event("online", Input::Online), on_event("offline", Input::Offline)];
    let on_return = |target: &web_sys::EventTarget, name| {
        let (on, watch) = (on.clone(), watch.clone());
        Listener::new(target, name, move |_| {
            compare(&watch, &*on);
            on(Input::Tick);
        })
    };
    listeners.push(on_return(&window, "pageshow"));
    if let Some(document) = window.document() {
        listeners.push(on_return(&document, "visibilitychange"));
        // Chromium freezes pages that were hidden for long.
        listeners.push(on_return(&document, "resume"));
    }
    listeners
}

#[cfg(test)]
mod tests {
    use wasm_bindgen_test::wasm_bindgen_test;

    use super::*;
    use crate::testing::{Heard, sleep};

    #[wasm_bindgen_test]
    async fn the_alarm_rings_once_at_the_time_asked_for_last() {
        let heard = Heard::new();
        let ear = heard.ear();
        let alarm = Alarm::new(move || ear(mono()));
        let start = mono();
        alarm.set(start + 20);
        alarm.set(start + 150);
        sleep(80).await;
        assert!(heard.all().is_empty());
        let rang = heard.wait_for(1).await[0];
        assert!(rang >= start + 150, "{rang} {start}");
        alarm.set(mono() + 10_000);
        alarm.set(mono() + 10);
        assert!(heard.wait_for(2).await[1] < start + 5_000);
        sleep(50).await;
        assert_eq!(heard.all().len(), 2);
    }

    #[wasm_bindgen_test]
    async fn a_dropped_alarm_is_silent() {
        let heard = Heard::new();
        let ear = heard.ear();
        let alarm = Alarm::new(move || ear(()));
        alarm.set(mono() + 10);
        drop(alarm);
        sleep(60).await;
        assert_eq!(heard.all(), []);
    }

    #[wasm_bindgen_test]
    async fn the_network_and_a_look_at_the_page_are_told() {
        let heard = Heard::new();
        let world = World::watch(heard.ear());
        let window = sys::window();
        for name in ["offline", "online", "pageshow"] {
            window.dispatch_event(&web_sys::Event::new(name).unwrap()).unwrap();
        }
        assert_eq!(heard.all(), [Input::Offline, Input::Online, Input::Tick]);
        drop(world);
        window.dispatch_event(&web_sys::Event::new("online").unwrap()).unwrap();
        assert_eq!(heard.all().len(), 3);
    }
}
