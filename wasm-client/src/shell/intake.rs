//! Files taken in: new ones for the machine, and those of restored uploads opened again.

use slipway_protocol::machine::{Input, LocalId, Source};
use slipway_protocol::wire::id::RoomId;

use super::driver::Driver;
use crate::browser::files::Picked;
use crate::browser::scheduling::{INTAKE_MS, TimeBudget, yield_to_browser};
use crate::browser::store;
use crate::shell::rooms::random;

/// Files are taken in so many at a time at most.
const ADD_AT_ONCE: usize = 32;

impl Driver {
    /// Gives files to the machine, a few at a time: the first of them are on their way while the others are looked at.
    pub(crate) async fn add(&self, room: RoomId, picked: Vec<Picked>) {
        let mut picked = picked.into_iter().peekable();
        // Somebody waits to see that it begins, and nobody for each of thousands.
        self.0.user_waits.set(self.0.user_waits.get() || picked.peek().is_some());
        while picked.peek().is_some() {
            let files = self.hold_some(&mut picked);
            // In a task of its own: together they would be too long.
            self.feed_later(Input::Add { room, files });
            // Also before what can wait: nothing keeps the page from showing them.
            yield_to_browser().await;
            if !self.0.persisted.replace(true) {
                store::persist();
                self.start_worker_clock();
            }
        }
    }

    /// As many as a task has time for: a file that is looked at for the first time costs the browser up to a millisecond.
    fn hold_some(&self, picked: &mut impl Iterator<Item = Picked>) -> Vec<(LocalId, Source)> {
        let (budget, mut files) = (TimeBudget::begin(INTAKE_MS), Vec::new());
        for picked in picked {
            files.push(self.hold(picked));
            if files.len() >= ADD_AT_ONCE || budget.is_spent() {
                break;
            }
        }
        files
    }

    /// Holds a new file open for the machine.
    pub(super) fn hold(&self, picked: Picked) -> (LocalId, Source) {
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
