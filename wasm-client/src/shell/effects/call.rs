//! Calls of the functions: `Initiate`, `Sign`, `FetchStatus`, `Complete`, `AbortUpload`.

use std::future::Future;

use slipway_protocol::machine::Input;
use wasm_bindgen_futures::spawn_local;

use crate::shell::driver::Driver;
use crate::shell::rooms::Rooms;

impl Driver {
    /// Makes a call of the functions; its answer is a fact.
    pub(in crate::shell) fn call<F: Future<Output = Input> + 'static>(&self, request: impl FnOnce(Rooms) -> F) {
        let (driver, answer) = (self.clone(), request(self.0.rooms.clone()));
        spawn_local(async move { driver.feed(answer.await) });
    }
}
