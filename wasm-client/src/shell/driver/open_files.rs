//! The open files of uploads.

use std::cell::RefCell;
use std::collections::HashMap;

use slipway_protocol::machine::LocalId;
use web_sys::File;

use crate::browser::bindings::FileHandle;

#[derive(Default)]
pub(in crate::shell) struct OpenFiles {
    files: RefCell<HashMap<LocalId, File>>,
    /// Handles of files whose first record is not written yet.
    unsaved_handles: RefCell<HashMap<LocalId, FileHandle>>,
}

impl OpenFiles {
    pub(in crate::shell) fn get(&self, id: LocalId) -> Option<File> {
        self.files.borrow().get(&id).cloned()
    }

    pub(in crate::shell) fn insert(&self, id: LocalId, file: File) {
        self.files.borrow_mut().insert(id, file);
    }

    /// Gives the file of `from`, if it is open, to `to`.
    pub(in crate::shell) fn rename(&self, from: LocalId, to: LocalId) {
        let file = self.files.borrow_mut().remove(&from);
        if let Some(file) = file {
            self.insert(to, file);
        }
    }

    /// Keeps the handle until the upload's first record is written.
    pub(in crate::shell) fn keep_handle(&self, id: LocalId, handle: FileHandle) {
        self.unsaved_handles.borrow_mut().insert(id, handle);
    }

    pub(in crate::shell) fn take_handle(&self, id: LocalId) -> Option<FileHandle> {
        self.unsaved_handles.borrow_mut().remove(&id)
    }

    /// Closes the file.
    pub(in crate::shell) fn remove(&self, id: LocalId) {
        self.files.borrow_mut().remove(&id);
        self.unsaved_handles.borrow_mut().remove(&id);
    }
}
