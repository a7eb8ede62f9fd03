//! The room's files that this page has loaded: pages merged into one list, newest first.

use std::collections::{BTreeMap, HashMap};

use slipway_protocol::wire::id::FileId;
use slipway_protocol::wire::{FileInfo, FilePage, Quota};

/// Newest first, then by id, so that files of the same millisecond keep their order.
type Key = (std::cmp::Reverse<u64>, FileId);

/// All files loaded so far.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Listing {
    files: BTreeMap<Key, FileInfo>,
    keys: HashMap<FileId, Key>,
    /// Cursor of the next page; none after the last one.
    next: Option<String>,
    /// Whether more than the first page was loaded.
    paged: bool,
}

impl Listing {
    /// Replaces the first page. A known file that falls into its range and is not in it was removed.
    pub fn refresh(&mut self, page: FilePage) {
        let last = page.files.last().map(key);
        let whole = page.next_after.is_none();
        // The page can end between two files of the same millisecond, so that millisecond is not covered.
        let covered = |key: &Key| whole || last.is_some_and(|last| key.0 < last.0);
        let now: Vec<FileId> = page.files.iter().map(|file| file.file_id).collect();
        let gone: Vec<FileId> =
            self.files.keys().filter(|key| covered(key) && !now.contains(&key.1)).map(|key| key.1).collect();
        gone.into_iter().for_each(|id| self.remove(id));
        page.files.into_iter().for_each(|file| self.insert(file));
        // Once further pages are loaded, the cursor of the last of them is the one to continue from.
        if whole || !self.paged {
            self.next = page.next_after;
        }
    }

    /// Appends a further page.
    pub fn extend(&mut self, page: FilePage) {
        self.paged = true;
        page.files.into_iter().for_each(|file| self.insert(file));
        self.next = page.next_after;
    }

    /// Removes files, also beyond the first page.
    pub fn apply(&mut self, removed: &[FileId]) {
        removed.iter().for_each(|id| self.remove(*id));
    }

    /// Removes a file.
    pub fn remove(&mut self, id: FileId) {
        if let Some(key) = self.keys.remove(&id) {
            self.files.remove(&key);
        }
    }

    /// Cursor of the next page.
    pub fn next(&self) -> Option<String> {
        self.next.clone()
    }

    /// Whether pages beyond the first are loaded, which a refresh does not update.
    pub fn is_paged(&self) -> bool {
        self.paged
    }

    /// Number of loaded files.
    pub fn len(&self) -> usize {
        self.files.len()
    }

    /// Whether no file is loaded.
    pub fn is_empty(&self) -> bool {
        self.files.is_empty()
    }

    /// Files whose path or name contains the text, ignoring case, newest first. `to_lowercase` is the browser's: see
    /// [`crate::browser::to_lowercase`].
    pub fn matching(&self, text: &str, to_lowercase: fn(&str) -> String) -> Vec<FileId> {
        let text = to_lowercase(text.trim());
        let fits = |file: &FileInfo| text.is_empty() || to_lowercase(&full_name(file)).contains(&text);
        self.files.values().filter(|file| fits(file)).map(|file| file.file_id).collect()
    }

    /// The file of this id, if it is loaded.
    pub fn get(&self, id: FileId) -> Option<&FileInfo> {
        self.keys.get(&id).and_then(|key| self.files.get(key))
    }

    fn insert(&mut self, file: FileInfo) {
        self.remove(file.file_id);
        self.keys.insert(file.file_id, key(&file));
        self.files.insert(key(&file), file);
    }
}

/// Whether a room is known to have no files at all. Without its quota it is not known.
pub fn has_no_files(quota: Option<&Quota>) -> bool {
    // Open uploads count as files, too.
    quota.is_some_and(|quota| quota.used_files <= quota.open_uploads)
}

fn key(file: &FileInfo) -> Key {
    (std::cmp::Reverse(file.added_at), file.file_id)
}

fn full_name(file: &FileInfo) -> String {
    match &file.meta {
        slipway_protocol::wire::Meta::Plain(meta) if meta.path.is_empty() => meta.name.clone(),
        slipway_protocol::wire::Meta::Plain(meta) => format!("{}/{}", meta.path, meta.name),
        slipway_protocol::wire::Meta::Sealed(_) => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use slipway_protocol::wire::id::{MemberId, UploadId};
    use slipway_protocol::wire::plan::Plan;
    use slipway_protocol::wire::{FileMeta, Meta};

    use super::*;

    fn file(n: u8, added_at: u64) -> FileInfo {
        FileInfo {
            file_id: FileId::from_bytes([n; 16]),
            upload_id: UploadId::from_bytes([n; 16]),
            meta: Meta::Plain(FileMeta {
                v: 1,
                name: format!("File {n}.txt"),
                path: "docs".into(),
                media_type: String::new(),
                last_modified: None,
            }),
            size: 1,
            etag: String::new(),
            plan: Plan::new(1, None).unwrap(),
            seal: None,
            added_by: MemberId::from_bytes([0; 16]),
            display_name: "Ada".into(),
            added_at,
        }
    }

    fn page(files: &[(u8, u64)], next: Option<&str>) -> FilePage {
        FilePage { files: files.iter().map(|(n, at)| file(*n, *at)).collect(), next_after: next.map(Into::into) }
    }

    fn ids(listing: &Listing) -> Vec<u8> {
        listing.matching("", str::to_lowercase).iter().map(|id| id.as_bytes()[0]).collect()
    }

    #[test]
    fn a_room_is_empty_when_nothing_but_open_uploads_takes_space() {
        let quota = |used_files, open_uploads| Quota {
            max_bytes: 100,
            used_bytes: used_files,
            max_files: 100,
            used_files,
            max_open_uploads: 100,
            open_uploads,
        };
        assert!(has_no_files(Some(&quota(0, 0))) && has_no_files(Some(&quota(2, 2))));
        assert!(!has_no_files(Some(&quota(3, 2))), "of another release");
        assert!(!has_no_files(None));
    }

    #[test]
    fn newest_first() {
        let mut listing = Listing::default();
        listing.refresh(page(&[(3, 30), (2, 20), (1, 10)], None));
        assert_eq!(ids(&listing), [3, 2, 1]);
        assert_eq!(listing.next(), None);
    }

    #[test]
    fn a_file_missing_from_the_first_page_is_gone() {
        let mut listing = Listing::default();
        listing.refresh(page(&[(3, 30), (2, 20), (1, 10)], None));
        listing.refresh(page(&[(3, 30), (1, 10)], None));
        assert_eq!(ids(&listing), [3, 1]);
        listing.refresh(page(&[], None));
        assert!(listing.is_empty());
    }

    #[test]
    fn further_pages_survive_a_refresh_and_new_files_come_on_top() {
        let mut listing = Listing::default();
        listing.refresh(page(&[(4, 40), (3, 30)], Some("c1")));
        listing.extend(page(&[(2, 20), (1, 10)], None));
        listing.refresh(page(&[(5, 50), (4, 40)], Some("c2")));
        assert_eq!(ids(&listing), [5, 4, 3, 2, 1]);
        assert_eq!(listing.next(), None, "all is known, so there is no next page");
    }

    #[test]
    fn a_removal_beyond_the_first_page_comes_by_event() {
        let mut listing = Listing::default();
        listing.refresh(page(&[(4, 40), (3, 30)], Some("c1")));
        listing.extend(page(&[(2, 20), (1, 10)], None));
        listing.apply(&[FileId::from_bytes([1; 16])]);
        assert_eq!(ids(&listing), [4, 3, 2]);
    }

    #[test]
    fn the_filter_looks_at_names_and_folders() {
        let mut listing = Listing::default();
        listing.refresh(page(&[(12, 30), (2, 20)], None));
        assert_eq!(listing.matching("FILE 12", str::to_lowercase).len(), 1);
        assert_eq!(listing.matching("docs/", str::to_lowercase).len(), 2);
        assert_eq!(listing.matching("nothing", str::to_lowercase).len(), 0);
    }
}
