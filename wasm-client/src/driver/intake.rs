//! Files taken in: new ones for the machine, and those of restored uploads opened again.

use slipway_protocol::id::RoomId;
use slipway_protocol::machine::{Input, LocalId};

use super::Driver;
use crate::files::Picked;
use crate::rooms::random;
use crate::soon::breathe;
use crate::store;

/// Files are taken in so many at a time.
const ADD_AT_ONCE: usize = 32;

impl Driver {
    /// Gives files to the machine, a few at a time: the first of them are on their way while the others are looked at.
    pub(crate) async fn add(&self, room: RoomId, picked: Vec<Picked>) {
        if !picked.is_empty() && !self.0.persisted.replace(true) {
            store::persist();
            self.wind();
        }
        let mut picked = picked.into_iter().peekable();
        while picked.peek().is_some() {
            let files = picked.by_ref().take(ADD_AT_ONCE).map(|picked| self.hold(picked)).collect();
            self.feed(Input::Add { room, files });
            if picked.peek().is_some() {
                breathe().await;
            }
        }
    }

    /// Holds a new file open for the machine.
    pub(super) fn hold(&self, picked: Picked) -> (LocalId, slipway_protocol::machine::Source) {
        let id = LocalId(u64::from_le_bytes(random()) >> 11);
        let source = picked.source();
        self.0.files.borrow_mut().insert(id, picked.file);
        if let Some(handle) = picked.handle {
            self.0.handles.borrow_mut().insert(id, handle);
        }
        self.0.store.begin(id);
        self.0.locks.claim(id);
        (id, source)
    }

    /// The user picked the file of a restored upload again.
    pub(crate) fn reattach(&self, id: LocalId, picked: Picked) {
        if let Some(handle) = picked.handle.clone() {
            self.0.store.save_handle(id, handle);
        }
        self.opened(id, picked);
    }

    /// The file of an upload is open again, wherever it comes from: its folders are those it was added with.
    pub(super) fn opened(&self, id: LocalId, picked: Picked) {
        let path = self.view(id).map(|view| view.path).unwrap_or_default();
        let picked = Picked { path, ..picked };
        let source = picked.source();
        self.0.files.borrow_mut().insert(id, picked.file);
        self.feed(Input::Reopened { id, source });
    }
}
