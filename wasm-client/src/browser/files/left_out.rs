//! Counts what could not be read of a folder, so that the user knows that the folder is incomplete.

use super::Picked;
use crate::shell::notices::{Notice, Unread};

/// A file, or the path of what could not be read.
pub(crate) type Found = Result<Picked, LeftOut>;

/// The path of what could not be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum LeftOut {
    /// One file.
    File(String),
    /// A folder, or the rest of it: an unknown number of files.
    Folder(String),
}

/// What was left out. Bounded: only the first path of each kind is kept.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tally {
    files: Unread,
    folders: Unread,
}

impl Tally {
    /// Counts one more.
    pub(crate) fn add(&mut self, left_out: LeftOut) {
        let (unread, path) = match left_out {
            LeftOut::File(path) => (&mut self.files, path),
            LeftOut::Folder(path) => (&mut self.folders, path),
        };
        if unread.count == 0 {
            unread.first = path;
        }
        unread.count += 1;
    }

    /// The notice. `None`: nothing was left out.
    pub(crate) fn notice(self) -> Option<Notice> {
        let Self { files, folders } = self;
        (files.count + folders.count > 0).then_some(Notice::LeftOut { files, folders })
    }
}

#[cfg(test)]
mod tests {
    use wasm_bindgen_test::wasm_bindgen_test;

    use super::*;

    #[wasm_bindgen_test]
    fn there_is_no_notice_when_nothing_was_left_out() {
        assert_eq!(Tally::default().notice(), None);
    }

    #[wasm_bindgen_test]
    fn what_was_left_out_is_counted_and_named() {
        let mut tally = Tally::default();
        for name in ["b.txt", "c.txt", "d.txt"] {
            tally.add(LeftOut::File(format!("a/{name}")));
        }
        tally.add(LeftOut::Folder("a/shut".into()));
        let unread = |count, first: &str| Unread { count, first: first.into() };
        let notice = Notice::LeftOut { files: unread(3, "a/b.txt"), folders: unread(1, "a/shut") };
        assert_eq!(tally.notice(), Some(notice));
    }
}
