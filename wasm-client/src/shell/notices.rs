//! Notices to the user that concern no single upload. The page has the text of each.

use std::cell::RefCell;
use std::rc::Rc;

/// How much a notice matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Information only.
    Info,
    /// A feature is missing or limited.
    Warning,
    /// Something does not work until it is fixed.
    Error,
}

/// One notice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Notice {
    /// The page was loaded by plain http from another machine, so the browser withholds some interfaces.
    InsecureContext,
    /// The browser has no Web Locks.
    NoLocks,
    /// No IndexedDB, as in some private windows.
    NoCheckpoint,
    /// The disk or the quota of the page is full.
    DiskFull,
    /// A write to the checkpoint failed for another reason.
    SaveFailed,
    /// No worker starts, or they keep dying.
    NoWorker,
    /// The picked file has the name and size of an unfinished upload, but other bytes.
    DifferentFile { name: String },
    /// The unfinished upload that the picked file belongs to ended meanwhile.
    UploadEnded { name: String },
    /// Storage answered a download with an error.
    DownloadRefused,
    /// Files of a folder that could not be read and were not added.
    LeftOut { files: Unread, folders: Unread },
    /// Storage answers, but refuses requests of this page's origin.
    StorageCors { storage: String, page: String },
    /// Storage does not answer. `None`: parts go to the page's own origin.
    StorageUnreachable { storage: Option<String> },
    /// Storage does not expose the ETag of stored parts.
    StorageEtagHidden,
}

/// Files or folders that could not be read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Unread {
    /// How many there are.
    pub count: u64,
    /// The path of the first; empty when there is none.
    pub first: String,
}

impl Notice {
    /// Stable name. A second notice with the same key replaces the first.
    pub fn key(&self) -> &'static str {
        match self {
            Self::InsecureContext => "insecure",
            Self::NoLocks => "no-locks",
            Self::NoCheckpoint => "no-resume",
            Self::DiskFull => "disk-full",
            Self::SaveFailed => "save-failed",
            Self::NoWorker => "no-worker",
            Self::DifferentFile { .. } => "not-the-file",
            Self::UploadEnded { .. } => "nothing-to-go-on-with",
            Self::DownloadRefused => "download",
            Self::LeftOut { .. } => "left-out",
            Self::StorageCors { .. } => "storage-cors",
            Self::StorageUnreachable { .. } => "storage-unreachable",
            Self::StorageEtagHidden => "storage-etag",
        }
    }

    /// How much it matters.
    pub fn level(&self) -> Level {
        match self {
            Self::NoLocks | Self::NoWorker | Self::DifferentFile { .. } | Self::UploadEnded { .. } => Level::Info,
            Self::InsecureContext
            | Self::NoCheckpoint
            | Self::DiskFull
            | Self::SaveFailed
            | Self::StorageUnreachable { .. }
            | Self::StorageEtagHidden => Level::Warning,
            Self::DownloadRefused | Self::LeftOut { .. } | Self::StorageCors { .. } => Level::Error,
        }
    }
}

/// The notices that are shown now. Bounded: at most one per key.
#[derive(Clone, Debug, Default)]
pub(crate) struct Board(Rc<RefCell<Vec<Notice>>>);

impl Board {
    /// Shows a notice. Returns whether anything changed.
    pub(crate) fn put(&self, notice: Notice) -> bool {
        let mut notices = self.0.borrow_mut();
        if notices.contains(&notice) {
            return false;
        }
        notices.retain(|shown| shown.key() != notice.key());
        // After those of its level, so that they stay in order of arrival.
        let index = notices.partition_point(|shown| shown.level() >= notice.level());
        notices.insert(index, notice);
        true
    }

    /// Removes a notice. Returns whether it was there.
    pub(crate) fn remove(&self, key: &str) -> bool {
        let mut notices = self.0.borrow_mut();
        let before = notices.len();
        notices.retain(|shown| shown.key() != key);
        notices.len() != before
    }

    /// Most important first.
    pub(crate) fn all(&self) -> Vec<Notice> {
        self.0.borrow().clone()
    }
}

#[cfg(test)]
mod tests {
    use wasm_bindgen_test::wasm_bindgen_test;

    use super::*;

    #[wasm_bindgen_test]
    fn one_for_each_key_most_important_first() {
        let board = Board::default();
        let ended = |name: &str| Notice::UploadEnded { name: name.into() };
        assert!(board.put(ended("a")));
        assert!(!board.put(ended("a")));
        assert!(board.put(Notice::DownloadRefused));
        assert!(board.put(ended("b")));
        assert_eq!(board.all(), [Notice::DownloadRefused, ended("b")]);
        assert!(board.remove("download") && !board.remove("download"));
    }
}
