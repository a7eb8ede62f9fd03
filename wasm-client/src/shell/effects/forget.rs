//! `Forget`: removes everything of the upload from this device.

use slipway_protocol::machine::LocalId;
use wasm_bindgen_futures::spawn_local;

use crate::shell::driver::Driver;

impl Driver {
    pub(in crate::shell) fn forget(&self, id: LocalId) {
        self.0.uncleared.borrow_mut().remove(&id);
        self.0.files.remove(id);
        self.0.store.forget(id);
        let driver = self.clone();
        spawn_local(async move {
            // The tab that gets the lock next reads the checkpoint, so the deletion has to be done first.
            driver.0.store.flush().await;
            driver.0.locks.release(id);
        });
    }
}
