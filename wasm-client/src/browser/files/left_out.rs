//! What of a folder could not be read, counted, so that nobody takes a part for the whole.

use super::Picked;
use crate::shell::notices::{Level, Notice};

/// A file that was found, or what could not be read.
pub(crate) type Found = Result<Picked, LeftOut>;

/// What could not be read: its path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum LeftOut {
    /// One file.
    File(String),
    /// A folder, or the rest of it: how many files that is, nobody knows.
    Folder(String),
}

/// How much was left out. Bounded: the first path of each kind is kept.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tally {
    files: Kind,
    folders: Kind,
}

#[derive(Clone, Debug, Default)]
struct Kind {
    count: u64,
    first: String,
}

impl Tally {
    /// Counts one more.
    pub(crate) fn note(&mut self, what: LeftOut) {
        let (kind, path) = match what {
            LeftOut::File(path) => (&mut self.files, path),
            LeftOut::Folder(path) => (&mut self.folders, path),
        };
        if kind.count == 0 {
            kind.first = path;
        }
        kind.count += 1;
    }

    /// What to tell; nothing where nothing was left out.
    pub(crate) fn notice(&self) -> Option<Notice> {
        let files =
            self.files.text("file could not be read and was not added", "files could not be read and were not added");
        let folders = self.folders.text(
            "folder could not be read to its end, so files in it may be missing",
            "folders could not be read to their end, so files in them may be missing",
        );
        let texts: Vec<_> = files.into_iter().chain(folders).collect();
        (!texts.is_empty()).then(|| Notice {
            key: "left-out",
            level: Level::Error,
            text: format!(
                "{} Check on this device that they can be opened, then add them again. All else was added.",
                texts.join(" ")
            ),
        })
    }
}

impl Kind {
    fn text(&self, one: &str, many: &str) -> Option<String> {
        let first = &self.first;
        match self.count {
            0 => None,
            1 => Some(format!("1 {one}: {first}.")),
            count => Some(format!("{count} {many}: {first} and {} more.", count - 1)),
        }
    }
}

#[cfg(test)]
mod tests {
    use wasm_bindgen_test::wasm_bindgen_test;

    use super::*;

    #[wasm_bindgen_test]
    fn nothing_left_out_is_nothing_to_tell() {
        assert_eq!(Tally::default().notice(), None);
    }

    #[wasm_bindgen_test]
    fn what_was_left_out_is_counted_and_named() {
        let mut tally = Tally::default();
        for name in ["b.txt", "c.txt", "d.txt"] {
            tally.note(LeftOut::File(format!("a/{name}")));
        }
        tally.note(LeftOut::Folder("a/shut".into()));
        let notice = tally.notice().unwrap();
        let begins = "3 files could not be read and were not added: a/b.txt and 2 more. \
                      1 folder could not be read to its end, so files in it may be missing: a/shut. Check";
        assert!(notice.text.starts_with(begins), "{}", notice.text);
    }
}
