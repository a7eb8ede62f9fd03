//! An event listener as a value.

use wasm_bindgen::prelude::*;
use web_sys::{Event, EventTarget};

/// Listens until it is dropped. Its callback may drop it.
#[derive(Debug)]
pub(crate) struct Listener {
    target: EventTarget,
    name: &'static str,
    f: Closure<dyn FnMut(Event)>,
}

impl Listener {
    /// Calls `f` for each event of this name on `target`.
    pub(crate) fn new(target: &EventTarget, name: &'static str, f: impl FnMut(Event) + 'static) -> Self {
        let f = Closure::<dyn FnMut(Event)>::new(f);
        let _ = target.add_event_listener_with_callback(name, f.as_ref().unchecked_ref());
        Self { target: target.clone(), name, f }
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        let _ = self.target.remove_event_listener_with_callback(self.name, self.f.as_ref().unchecked_ref());
    }
}
