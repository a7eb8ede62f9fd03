//! `Attach` and `ReportNotAdopted`: the outcome for a picked file that matches an unfinished upload.

use slipway_protocol::machine::{Input, LocalId, NotAdopted};
use slipway_protocol::wire::id::{RoomId, UploadId};

use crate::browser::files::Picked;
use crate::browser::store;
use crate::shell::driver::Driver;
use crate::shell::notices::Notice;

impl Driver {
    /// The picked file continues an upload of the room.
    pub(crate) fn adopt(&self, room: RoomId, upload: UploadId, picked: Picked) {
        store::request_persistence();
        self.start_worker_clock();
        let (id, source) = self.register(picked);
        self.feed(Input::Adopt { id, room, source, upload });
    }

    /// Moves the picked file to the upload that it continues.
    pub(in crate::shell) fn attach(&self, id: LocalId, picked: LocalId) {
        self.0.files.rename(picked, id);
        if let Some(handle) = self.0.files.take_handle(picked) {
            self.0.store.save_handle(id, handle);
        }
        self.forget(picked);
    }

    pub(in crate::shell) fn report_not_adopted(&self, id: LocalId, why: NotAdopted) {
        let Some(view) = self.view(id) else { return };
        self.show_notice(match why {
            NotAdopted::NotTheFile => Notice::DifferentFile { name: view.name },
            NotAdopted::Ended => Notice::UploadEnded { name: view.name },
        });
    }
}
