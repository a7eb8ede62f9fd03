//! `Save`: a record of the checkpoint.

use slipway_protocol::machine::{Input, LocalId, Record};

use crate::browser::store::StoreEvent;
use crate::shell::driver::Driver;
use crate::shell::notices::Notice;

impl Driver {
    pub(in crate::shell) fn save(&self, id: LocalId, save: u64, record: Record) {
        let is_head = matches!(record, Record::Upload(_));
        self.0.store.save(id, save, record);
        if is_head {
            if let Some(handle) = self.0.files.take_handle(id) {
                self.0.store.save_handle(id, handle);
            }
            // Only for heads: other tabs list uploads by these.
            self.0.other_tabs.checkpoint_changed();
        }
    }

    pub(in crate::shell) fn store_event(&self, event: StoreEvent) {
        match event {
            StoreEvent::Saved { id, save } => self.feed_later(Input::Saved { id, save }),
            StoreEvent::Failed { id, save, full } => {
                self.show_notice(match (self.0.store.is_open(), full) {
                    (false, _) => Notice::NoCheckpoint,
                    (true, true) => Notice::DiskFull,
                    (true, false) => Notice::SaveFailed,
                });
                self.feed(Input::SaveFailed { id, save });
            }
        }
    }
}
