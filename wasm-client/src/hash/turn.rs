//! A turn of the event loop: what waits in it, messages and paint, goes first. Unlike a timer it is not throttled.

use std::cell::Cell;

use wasm_bindgen::prelude::*;
use web_sys::MessageChannel;

/// Calls a function in the next turn, as often as it is asked to.
#[derive(Debug)]
pub(super) struct Turn {
    channel: MessageChannel,
    asked: Cell<bool>,
    _f: Closure<dyn FnMut()>,
}

impl Turn {
    /// Will call `f`, which is to call [`Turn::taken`].
    pub(super) fn new(f: impl FnMut() + 'static) -> Self {
        let channel = MessageChannel::new().expect("every browser with WebAssembly has message channels");
        let f = Closure::<dyn FnMut()>::new(f);
        channel.port1().set_onmessage(Some(f.as_ref().unchecked_ref()));
        Self { channel, asked: Cell::new(false), _f: f }
    }

    /// Asks for a turn; twice is once.
    pub(super) fn ask(&self) {
        if !self.asked.replace(true) {
            // It fails for values that can't be cloned only.
            let _ = self.channel.port2().post_message(&JsValue::NULL);
        }
    }

    /// Whether a turn is asked for and has not come.
    pub(super) fn is_asked(&self) -> bool {
        self.asked.get()
    }

    /// The turn has come.
    pub(super) fn taken(&self) {
        self.asked.set(false);
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.channel.port1().set_onmessage(None);
        self.channel.port1().close();
    }
}
