//! Which tab works on which upload, and what the tabs tell each other.

use slipway_protocol::machine::{Input, LocalId, Which};
use wasm_bindgen_futures::spawn_local;

use super::driver::Driver;
use crate::browser::files::Picked;
use crate::browser::locks::LockEvent;
use crate::browser::tabs::TabMessage;
use crate::shell::changes::Change;

/// A tab that was asked to let go of an upload has so long to end its writes, in milliseconds.
const LET_GO_MS: u32 = 2_000;

impl Driver {
    /// Takes an upload over from another tab: asks it to let go, and takes it when it does not.
    pub(crate) fn take_over(&self, id: LocalId) {
        self.0.taking_over.borrow_mut().insert(id);
        self.0.tabs.broadcast(TabMessage::LetGo { id });
        let driver = self.clone();
        spawn_local(async move {
            gloo_timers::future::TimeoutFuture::new(LET_GO_MS).await;
            if !driver.0.locks.holds(id) {
                driver.0.locks.steal(id);
            }
        });
    }

    pub(super) fn lock_changed(&self, event: LockEvent) {
        match event {
            LockEvent::Mine { id, waited } => {
                let driver = self.clone();
                spawn_local(async move { driver.lock_acquired(id, waited).await });
            }
            LockEvent::Elsewhere(id) | LockEvent::Stolen(id) => self.feed(Input::OwnedElsewhere(id)),
        }
    }

    /// The lock is ours. If another tab had it, that tab's records are newer than what this one knows.
    async fn lock_acquired(&self, id: LocalId, waited: bool) {
        // The handle first: between the records and the file nothing waits, else the row would ask for the file.
        let open = match self.file(id).filter(|_| waited) {
            Some(file) => Some(Picked { file, handle: self.0.store.handle(id).await, path: String::new() }),
            None => None,
        };
        let gone = waited && !self.reload(id).await;
        if waited && self.has_locks() && !self.0.locks.holds(id) {
            // Taken again while the records were read.
            self.0.taking_over.borrow_mut().remove(&id);
            return self.feed(Input::OwnedElsewhere(id));
        }
        self.feed(Input::Owned(id));
        match open {
            Some(picked) => self.opened(id, picked),
            // It ended in the other tab before the functions knew of it.
            None if gone && self.view(id).is_some_and(|view| view.file.is_none()) => {
                self.feed(Input::Cancel(Which::One(id)));
                self.feed(Input::Dismiss(id));
            }
            None => {}
        }
        // Who took it over wants it to go on.
        if self.0.taking_over.borrow_mut().remove(&id) {
            self.feed(Input::Resume(Which::One(id)));
        }
    }

    /// Whether there are records of it.
    async fn reload(&self, id: LocalId) -> bool {
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
            TabMessage::LetGo { id } if self.0.locks.holds(id) => spawn_local(async move { driver.let_go(id).await }),
            TabMessage::LetGo { .. } => {}
        }
    }

    /// Another tab wants it: stop, end the writes, and go to the end of the line.
    async fn let_go(&self, id: LocalId) {
        self.feed(Input::OwnedElsewhere(id));
        self.0.store.flush().await;
        self.0.locks.claim(id);
    }

    /// Another tab began or ended uploads: show those that are new here.
    async fn show_new_uploads(&self) {
        // What is said while one look is under way is seen by it or by the next word.
        if self.0.reading_checkpoint.replace(true) {
            return;
        }
        for id in self.0.store.ids().await {
            if self.view(id).is_none() && self.reload(id).await {
                self.0.locks.claim(id);
            }
        }
        self.0.reading_checkpoint.set(false);
    }

    pub(super) fn broadcast(&self, message: TabMessage) {
        let driver = self.clone();
        spawn_local(async move {
            driver.0.store.flush().await;
            driver.0.tabs.broadcast(message);
        });
    }
}
