//! `Reopen`: opens the file of a restored upload with its saved handle.

use slipway_protocol::machine::{Input, LocalId, ReadFault};
use wasm_bindgen_futures::spawn_local;

use crate::browser::files::{self, Picked};
use crate::shell::driver::Driver;

impl Driver {
    pub(in crate::shell) fn reopen(&self, id: LocalId) {
        let driver = self.clone();
        spawn_local(async move {
            let opened = match driver.0.store.handle(id).await {
                Some(handle) => files::reopen(&handle).await.map(|file| (file, handle)),
                None => Err(ReadFault::Gone),
            };
            match opened {
                Ok((file, handle)) => {
                    // The machine keeps the folders that it knows. A handle has none.
                    driver.attach_file(id, Picked { file, handle: Some(handle), path: String::new() });
                }
                Err(fault) => driver.feed(Input::ReopenFailed { id, fault }),
            }
        });
    }
}
