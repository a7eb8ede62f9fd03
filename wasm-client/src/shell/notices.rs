//! What the page tells besides its uploads.

use std::cell::RefCell;
use std::rc::Rc;

/// How much a notice matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Good to know.
    Info,
    /// Something is done without.
    Warning,
    /// Something does not work until it is put right.
    Error,
}

/// One thing to tell, in plain words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// Tells it from the others; a second one with the same key replaces the first.
    pub key: &'static str,
    /// How much it matters.
    pub level: Level,
    /// A sentence or two.
    pub text: String,
}

/// The notices that are shown now. Bounded: there is one for each key.
#[derive(Clone, Debug, Default)]
pub(crate) struct Board(Rc<RefCell<Vec<Notice>>>);

impl Board {
    /// Shows a notice. Tells whether anything changed.
    pub(crate) fn put(&self, notice: Notice) -> bool {
        let mut notices = self.0.borrow_mut();
        if notices.contains(&notice) {
            return false;
        }
        notices.retain(|shown| shown.key != notice.key);
        notices.push(notice);
        // Stable, so that those of one level stay in the order they came in.
        slipway_protocol::compact::sort::by_number(&mut notices, |notice| u64::MAX - notice.level as u64);
        true
    }

    /// Takes one off. Tells whether it was there.
    pub(crate) fn remove(&self, key: &str) -> bool {
        let mut notices = self.0.borrow_mut();
        let before = notices.len();
        notices.retain(|shown| shown.key != key);
        notices.len() != before
    }

    /// Most important first.
    pub(crate) fn all(&self) -> Vec<Notice> {
        self.0.borrow().clone()
    }
}

/// Notices about what this browser or this page's address lacks.
pub(crate) mod lack {
    use super::{Level, Notice};

    /// Plain http on a foreign address.
    pub(crate) fn secure_context() -> Notice {
        Notice {
            key: "insecure",
            level: Level::Warning,
            text: "This page was opened over plain http, so the browser holds back some of its features. Uploads work, but after \
                   a reload you have to pick the files again, and the device may fall asleep. Open it over https to avoid that."
                .into(),
        }
    }

    /// An old browser.
    pub(crate) fn locks() -> Notice {
        Notice {
            key: "no-locks",
            level: Level::Info,
            text: "This browser can't tell its tabs apart. Keep Slipway open in one tab only while something uploads."
                .into(),
        }
    }

    /// No IndexedDB, as in some private windows.
    pub(crate) fn checkpoint() -> Notice {
        Notice {
            key: "no-resume",
            level: Level::Warning,
            text:
                "Resume after reload is off: this browser does not let the page keep anything, as in a private window. \
                   Uploads work as long as this tab stays open."
                    .into(),
        }
    }

    /// The disk, or the page's share of it, is full.
    pub(crate) fn disk_full() -> Notice {
        Notice {
            key: "disk-full",
            level: Level::Warning,
            text: "The disk of this device is full, so the page can't save how far uploads are. \
                   They go on as long as this tab stays open; free some space to make them survive a reload."
                .into(),
        }
    }

    /// A write failed for another cause.
    pub(crate) fn save_failed() -> Notice {
        Notice {
            key: "save-failed",
            level: Level::Warning,
            text: "The browser did not save how far an upload is. It goes on as long as this tab stays open.".into(),
        }
    }

    /// No worker runs, or they keep dying.
    pub(crate) fn worker() -> Notice {
        Notice {
            key: "no-worker",
            level: Level::Info,
            text:
                "This browser runs no background worker for the page, so files are checked on the page itself, slower."
                    .into(),
        }
    }

    /// The file is another one than was begun.
    pub(crate) fn not_the_file(name: &str) -> Notice {
        Notice {
            key: "not-the-file",
            level: Level::Info,
            text: format!(
                "“{name}” has the name and size of the unfinished upload, but other bytes. It is uploaded as a file of its own."
            ),
        }
    }

    /// The unfinished upload ended meanwhile.
    pub(crate) fn nothing_to_go_on_with(name: &str) -> Notice {
        Notice {
            key: "nothing-to-go-on-with",
            level: Level::Info,
            text: format!("The unfinished upload of “{name}” has ended meanwhile, so the file is uploaded anew."),
        }
    }

    /// No answer, or no right.
    pub(crate) fn not_adopted(name: &str, why: &dyn std::fmt::Display) -> Notice {
        Notice {
            key: "not-adopted",
            level: Level::Error,
            text: format!("Could not go on with “{name}”: {why} Nothing is lost; pick the file again to retry."),
        }
    }

    /// Storage answered a download with an error.
    pub(crate) fn download() -> Notice {
        Notice {
            key: "download",
            level: Level::Error,
            text: "Storage refused the download. The file may have been removed; reload the room and try again.".into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use wasm_bindgen_test::wasm_bindgen_test;

    use super::*;

    #[wasm_bindgen_test]
    fn one_for_each_key_most_important_first() {
        let board = Board::default();
        assert!(board.put(lack::checkpoint()));
        assert!(!board.put(lack::checkpoint()));
        assert!(board.put(lack::download()));
        let changed = Notice { text: "Other words.".into(), ..lack::checkpoint() };
        assert!(board.put(changed.clone()));
        assert_eq!(board.all(), [lack::download(), changed]);
        assert!(board.remove("download") && !board.remove("download"));
    }
}
