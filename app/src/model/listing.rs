//! The room's files as this page knows them: pages put together, newest first.

use std::collections::{BTreeMap, HashMap};

use slipway_protocol::wire::id::FileId;
use slipway_protocol::wire::{FileInfo, FilePage};

/// Newest first, then by id, so that the order never flickers.
type Key = (std::cmp::Reverse<u64>, FileId);

/// All files known so far.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Listing {
    files: BTreeMap<Key, FileInfo>,
    keys: HashMap<FileId, Key>,
    /// Where the next page starts; none when all is known.
    next: Option<String>,
    /// More than the first page was asked for.
    paged: bool,
}

impl Listing {
    /// The first page, as it is now. What it should hold and does not was removed.
    pub fn refresh(&mut self, page: FilePage) {
        let last = page.files.last().map(key);
        let whole = page.next_after.is_none();
        // Of several files of one millisecond the page may hold only some.
        let covered = |key: &Key| whole || last.is_some_and(|last| key.0 < last.0);
        let now: Vec<FileId> = page.files.iter().map(|file| file.file_id).collect();
        let gone: Vec<FileId> =
            self.files.keys().filter(|key| covered(key) && !now.contains(&key.1)).map(|key| key.1).collect();
        gone.into_iter().for_each(|id| self.remove(id));
        page.files.into_iter().for_each(|file| self.insert(file));
        if whole || !self.paged {
            self.next = page.next_after;
        }
    }

    /// A further page.
    pub fn extend(&mut self, page: FilePage) {
        self.paged = true;
        page.files.into_iter().for_each(|file| self.insert(file));
        self.next = page.next_after;
    }

    /// Files that went away beyond the first page.
    pub fn apply(&mut self, removed: &[FileId]) {
        removed.iter().for_each(|id| self.remove(*id));
    }

    /// Takes one off.
    pub fn remove(&mut self, id: FileId) {
        if let Some(key) = self.keys.remove(&id) {
            self.files.remove(&key);
        }
    }

    /// Where the next page starts.
    pub fn next(&self) -> Option<String> {
        self.next.clone()
    }

    /// Whether pages beyond the first are held, which a refresh does not look at.
    pub fn is_paged(&self) -> bool {
        self.paged
    }

    /// How many are known.
    pub fn len(&self) -> usize {
        self.files.len()
    }

    /// Whether none is known.
    pub fn is_empty(&self) -> bool {
        self.files.is_empty()
    }

    /// Those whose name or folder has the text in it, newest first.
    /// `lower` makes small letters of all: the browser knows how, and the page need not.
    pub fn matching(&self, text: &str, lower: fn(&str) -> String) -> Vec<FileId> {
        let text = lower(text.trim());
        let fits = |file: &FileInfo| text.is_empty() || lower(&full_name(file)).contains(&text);
        self.files.values().filter(|file| fits(file)).map(|file| file.file_id).collect()
    }

    /// One of them.
    pub fn get(&self, id: FileId) -> Option<&FileInfo> {
        self.keys.get(&id).and_then(|key| self.files.get(key))
    }

    fn insert(&mut self, file: FileInfo) {
        self.remove(file.file_id);
        self.keys.insert(file.file_id, key(&file));
        self.files.insert(key(&file), file);
    }
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
