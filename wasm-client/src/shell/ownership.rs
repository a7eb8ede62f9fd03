//! Assigns each upload to one tab, and handles the messages of other tabs.

use slipway_protocol::machine::{Input, LocalId, Which};
use wasm_bindgen_futures::spawn_local;

use super::driver::Driver;
use crate::browser::files::Picked;
use crate::browser::locks::LockEvent;
use crate::browser::tabs::TabMessage;
use crate::shell::changes::Change;

/// Time for another tab to end its writes and release an upload, in milliseconds.
const RELEASE_TIMEOUT_MS: u32 = 2_000;

impl Driver {
    /// Takes an upload over from another tab: asks that tab to release it, and steals the lock if it does not.
    pub(crate) fn take_over(&self, id: LocalId) {
        self.0.other_tabs.start_take_over(id);
        self.0.other_tabs.broadcast(TabMessage::Release { id });
        let driver = self.clone();
        spawn_local(async move {
            gloo_timers::future::TimeoutFuture::new(RELEASE_TIMEOUT_MS).await;
            if !driver.0.locks.holds(id) {
                driver.0.locks.steal(id);
            }
        });
    }

    pub(super) fn lock_changed(&self, event: LockEvent) {
        match event {
            LockEvent::Acquired { id, waited } => {
                let driver = self.clone();
                spawn_local(async move { driver.lock_acquired(id, waited).await });
            }
            LockEvent::HeldElsewhere(id) | LockEvent::Stolen(id) => self.feed(Input::OwnedElsewhere(id)),
        }
    }

    /// This tab has the lock. If another tab had it before, that tab's records are newer than this one's state.
    async fn lock_acquired(&self, id: LocalId, waited: bool) {
        // The handle is read first, so that nothing is awaited between the records and the file: the row would show that it
        // needs the file.
        let reopened = match self.file(id).filter(|_| waited) {
            Some(file) => Some(Picked { file, handle: self.0.store.handle(id).await, path: String::new() }),
            None => None,
        };
        let is_gone = waited && !self.restore_one(id).await;
        if waited && self.has_locks() && !self.0.locks.holds(id) {
            // Stolen while the records were read.
            self.0.other_tabs.end_take_over(id);
            return self.feed(Input::OwnedElsewhere(id));
        }
        self.feed(Input::Owned(id));
        match reopened {
            Some(picked) => self.attach_file(id, picked),
            // It ended in the other tab before the functions knew it.
            None if is_gone && self.view(id).is_some_and(|view| view.file.is_none()) => {
                self.feed(Input::Cancel(Which::One(id)));
                self.feed(Input::Dismiss(id));
            }
            None => {}
        }
        // The user took it over to continue it.
        if self.0.other_tabs.end_take_over(id) {
            self.feed(Input::Resume(Which::One(id)));
        }
    }

    /// Restores the upload from its records. Returns whether there are any.
    async fn restore_one(&self, id: LocalId) -> bool {
        let checkpoint = self.0.store.load_one(id).await;
        let found = checkpoint.is_some();
        self.feed(Input::Restore { uploads: checkpoint.into_iter().collect() });
        found
    }

    pub(super) fn tab_message(&self, message: TabMessage) {
        let driver = self.clone();
        match message {
            TabMessage::Uploads => spawn_local(async move { driver.show_new_uploads().await }),
            TabMessage::Rooms => spawn_local(async move {
                driver.0.rooms.reload().await;
                driver.0.changes.notify(Change::Rooms);
            }),
            TabMessage::Release { id } if self.0.locks.holds(id) => {
                spawn_local(async move { driver.release(id).await });
            }
            TabMessage::Release { .. } => {}
        }
    }

    /// Another tab takes the upload over: stops, waits for its writes, and queues for the lock again.
    async fn release(&self, id: LocalId) {
        self.feed(Input::OwnedElsewhere(id));
        self.0.store.flush().await;
        self.0.locks.claim(id);
    }

    /// Another tab started or ended uploads: shows those that are new here.
    async fn show_new_uploads(&self) {
        // One pass at a time. The one under way, or the one after the next message, sees later changes.
        if !self.0.other_tabs.start_reading() {
            return;
        }
        for id in self.0.store.ids().await {
            if self.view(id).is_none() && self.restore_one(id).await {
                self.0.locks.claim(id);
            }
        }
        self.0.other_tabs.end_reading();
    }

    pub(super) fn broadcast(&self, message: TabMessage) {
        let driver = self.clone();
        spawn_local(async move {
            driver.0.store.flush().await;
            driver.0.other_tabs.broadcast(message);
        });
    }
}
