//! Notices of the client.

use wasm_client::{Notice, Unread};

/// The panic hook's sentence: nothing of the page can be trusted to say it then.
pub const PANIC: &str = "The page hit an error. Your uploads are saved; reload to go on.";

/// A notice in a sentence or two.
pub fn notice_text(notice: &Notice) -> String {
    match notice {
        Notice::InsecureContext => {
            "This page was opened over plain http, so the browser holds back some of its features. Uploads work, but \
             after a reload you have to pick the files again, and the device may fall asleep. Open it over https to \
             avoid that."
        }
        Notice::NoLocks => {
            "This browser can't tell its tabs apart. Keep Slipway open in one tab only while something uploads."
        }
        Notice::NoCheckpoint => {
            "Resume after reload is off: this browser does not let the page keep anything, as in a private window. \
             Uploads work as long as this tab stays open."
        }
        Notice::DiskFull => {
            "The disk of this device is full, so the page can't save how far uploads are. They go on as long as this \
             tab stays open; free some space to make them survive a reload."
        }
        Notice::SaveFailed => {
            "The browser did not save how far an upload is. It goes on as long as this tab stays open."
        }
        Notice::NoWorker => {
            "This browser runs no background worker for the page, so files are checked on the page itself, slower."
        }
        Notice::DownloadRefused => {
            "Storage refused the download. The file may have been removed; reload the room and try again."
        }
        Notice::StorageUnreachable { storage: None } => {
            "What is sent to this site does not reach its storage. Uploads go on by themselves when it does again."
        }
        Notice::StorageEtagHidden => {
            "Storage hides the ETag of stored parts, so this page can't check them itself; the server still does. \
             Whoever runs this site should add ETag to ExposeHeaders in the bucket's CORS rules."
        }
        Notice::DifferentFile { name } => {
            return format!(
                "“{name}” has the name and size of the unfinished upload, but other bytes. It is uploaded as a file of its own."
            );
        }
        Notice::UploadEnded { name } => {
            return format!("The unfinished upload of “{name}” has ended meanwhile, so the file is uploaded as a new one.");
        }
        Notice::LeftOut { files, folders } => return left_out(files, folders),
        Notice::StorageCors { storage, page } => {
            return format!(
                "Storage at {storage} does not accept uploads from this page: its CORS rules must allow PUT from {page}. \
                 Ask whoever runs this site to add that; your uploads go on then."
            );
        }
        Notice::StorageUnreachable { storage: Some(storage) } => {
            return format!(
                "Storage at {storage} can't be reached. Uploads go on by themselves when it answers again."
            );
        }
    }
    .into()
}

fn left_out(files: &Unread, folders: &Unread) -> String {
    let files = unread(files, "file could not be read and was not added", "files could not be read and were not added");
    let folders = unread(
        folders,
        "folder could not be read to its end, so files in it may be missing",
        "folders could not be read to their end, so files in them may be missing",
    );
    let sentences: Vec<_> = files.into_iter().chain(folders).collect();
    format!(
        "{} Check on this device that they can be opened, then add them again. All else was added.",
        sentences.join(" ")
    )
}

fn unread(unread: &Unread, one: &str, many: &str) -> Option<String> {
    let Unread { count, first } = unread;
    match count {
        0 => None,
        1 => Some(format!("1 {one}: {first}.")),
        count => Some(format!("{count} {many}: {first} and {} more.", count - 1)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(count: u64, first: &str) -> Unread {
        Unread { count, first: first.into() }
    }

    #[test]
    fn what_was_left_out_is_counted_and_named() {
        let text = left_out(&of(3, "a/b.txt"), &of(1, "a/shut"));
        let begins = "3 files could not be read and were not added: a/b.txt and 2 more. \
                      1 folder could not be read to its end, so files in it may be missing: a/shut. Check";
        assert!(text.starts_with(begins), "{text}");
        assert!(left_out(&of(0, ""), &of(1, "shut")).starts_with("1 folder could"));
    }

    #[test]
    fn the_cors_notice_names_both_sides() {
        let notice =
            Notice::StorageCors { storage: "https://bucket.example".into(), page: "https://page.example".into() };
        let text = notice_text(&notice);
        assert!(text.contains("https://bucket.example") && text.contains("PUT from https://page.example"), "{text}");
    }
}
