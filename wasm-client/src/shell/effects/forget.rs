//! `Forget`: nothing of the upload is kept on this device.

use slipway_protocol::machine::LocalId;
use wasm_bindgen_futures::spawn_local;

use crate::shell::driver::Driver;

impl Driver {
    pub(in crate::shell) fn forget(&self, id: LocalId) {
        self.0.uncleared.borrow_mut().remove(&id);
        self.0.files.borrow_mut().remove(&id);
        self.0.handles.borrow_mut().remove(&id);
        self.0.store.forget(id);
        let driver = self.clone();
        spawn_local(async move {
            // Whoever waits for the lock looks at the checkpoint next.
            driver.0.store.flush().await;
            driver.0.locks.release(id);
        });
    }
}
