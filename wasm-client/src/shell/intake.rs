//! Adds picked files to the machine, and attaches reopened files to restored uploads.

use slipway_protocol::machine::{Input, LocalId, Source};
use slipway_protocol::wire::id::RoomId;

use super::driver::Driver;
use crate::browser::files::Picked;
use crate::browser::scheduling::{INTAKE_MS, TimeBudget, yield_to_browser};
use crate::browser::store;
use crate::shell::rooms::random;

/// Most files added in one task.
const MAX_BATCH: usize = 32;

impl Driver {
    /// Adds files in small batches, so that the first are sent while the browser still opens the others.
    pub(crate) async fn add(&self, room: RoomId, picked: Vec<Picked>) {
        let mut picked = picked.into_iter().peekable();
        // The user waits to see that it starts, but not for each of thousands of rows.
        if picked.peek().is_some() {
            self.0.unread.expect_by_user();
        }
        while picked.peek().is_some() {
            let files = self.register_some(&mut picked);
            // In a task of its own: both together would exceed 8 ms.
            self.feed_later(Input::Add { room, files });
            // Before the rest, which can wait, so that the page shows the new rows first.
            yield_to_browser().await;
            if !self.0.persisted.replace(true) {
                store::request_persistence();
                self.start_worker_clock();
            }
        }
    }

    /// As many as the budget allows: the first access to a file takes the browser up to a millisecond.
    fn register_some(&self, picked: &mut impl Iterator<Item = Picked>) -> Vec<(LocalId, Source)> {
        let (budget, mut files) = (TimeBudget::start(INTAKE_MS), Vec::new());
        for picked in picked {
            files.push(self.register(picked));
            if files.len() >= MAX_BATCH || budget.is_spent() {
                break;
            }
        }
        files
    }

    /// Keeps a new file open under a new id, and claims its lock.
    pub(super) fn register(&self, picked: Picked) -> (LocalId, Source) {
        // 53 bits: an IndexedDB key is a double.
        let id = LocalId(u64::from_le_bytes(random()) >> 11);
        let source = picked.source();
        self.0.files.insert(id, picked.file);
        if let Some(handle) = picked.handle {
            self.0.files.keep_handle(id, handle);
        }
        self.0.store.track_new(id);
        self.0.locks.claim(id);
        (id, source)
    }

    /// The user picked the file of a restored upload again.
    pub(crate) fn reattach(&self, id: LocalId, picked: Picked) {
        if let Some(handle) = picked.handle.clone() {
            self.0.store.save_handle(id, handle);
        }
        self.attach_file(id, picked);
    }

    /// Attaches a reopened or picked file to its upload.
    pub(super) fn attach_file(&self, id: LocalId, picked: Picked) {
        let source = picked.source();
        self.0.files.insert(id, picked.file);
        self.feed(Input::Reopened { id, source });
    }
}
