//! Drag and drop: files and folders, with handles where the browser gives them.
//!
//! The list of a drop is emptied as soon as its event is over, so everything is asked of
//! it at once, in [`Dropped::take`], and only then walked.

use std::cell::RefCell;
use std::rc::Rc;

use futures::channel::oneshot;
use js_sys::Array;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    DataTransfer, DataTransferItem, File, FileSystemDirectoryEntry, FileSystemDirectoryReader, FileSystemEntry,
    FileSystemFileEntry,
};

use super::{Found, LeftOut, MAX_DEPTH, Picked, handles, join};
use crate::browser::sys;

/// What was dropped, before it is walked.
#[derive(Debug)]
pub(crate) struct Dropped(Vec<Item>);

#[derive(Debug)]
struct Item {
    /// A promise of a handle (Chromium).
    handle: Option<js_sys::Promise>,
    /// The older way into folders, which every browser has.
    entry: Option<FileSystemEntry>,
    file: Option<File>,
}

impl Dropped {
    /// Takes everything from the drop. Call it within the event.
    pub(crate) fn take(drop: &DataTransfer) -> Self {
        let items = drop.items();
        let items = (0..items.length()).filter_map(|index| items.get(index));
        Self(items.filter(|item| item.kind() == "file").map(|item| Item::take(&item)).collect())
    }

    /// Gives each file to `found`, walking folders. What can't be read is told as left out, and the rest goes on.
    pub(crate) async fn walk(self, found: &mut dyn FnMut(Found)) {
        for item in self.0 {
            item.walk(found).await;
        }
    }
}

impl Item {
    fn take(item: &DataTransferItem) -> Self {
        Self {
            handle: sys::handle_item(item).and_then(|item| item.get_as_handle().ok()),
            entry: item.webkit_get_as_entry().ok().flatten(),
            file: item.get_as_file().ok().flatten(),
        }
    }

    async fn walk(self, found: &mut dyn FnMut(Found)) {
        if let Some(promise) = self.handle
            && let Ok(handle) = JsFuture::from(promise).await
            && handle.is_object()
        {
            return handles::walk(handle.unchecked_into(), found).await;
        }
        match (self.entry, self.file) {
            (Some(entry), _) => walk_entries(entry, found).await,
            (None, Some(file)) => found(Ok(Picked { file, handle: None, path: String::new() })),
            (None, None) => found(Err(LeftOut::File("one that the browser gave no name of".into()))),
        }
    }
}

pub(super) async fn walk_entries(root: FileSystemEntry, found: &mut dyn FnMut(Found)) {
    let mut waiting = vec![(root, String::new())];
    while let Some((entry, path)) = waiting.pop() {
        let whole = join(&path, &entry.name());
        if !entry.is_directory() {
            let file = file_of(entry.unchecked_into()).await;
            found(file.map(|file| Picked { file, handle: None, path }).ok_or(LeftOut::File(whole)));
        } else if whole.matches('/').count() < MAX_DEPTH {
            let (children, is_all) = children(entry.unchecked_into()).await;
            waiting.extend(children.into_iter().map(|child| (child, whole.clone())));
            if !is_all {
                found(Err(LeftOut::Folder(whole)));
            }
        } else {
            found(Err(LeftOut::Folder(whole)));
        }
    }
}

/// What is in a folder, and whether that is all: a reader gives about 100 entries at a time, and an empty list at the
/// end.
async fn children(folder: FileSystemDirectoryEntry) -> (Vec<FileSystemEntry>, bool) {
    let reader: FileSystemDirectoryReader = folder.create_reader();
    let mut all = Vec::new();
    loop {
        let page = call_back(|done, failed| reader.read_entries_with_callback_and_callback(done, failed));
        match page.await.map(|page| Array::from(&page)) {
            Some(page) if page.length() > 0 => all.extend(page.iter().map(JsCast::unchecked_into)),
            Some(_) => return (all, true),
            None => return (all, false),
        }
    }
}

async fn file_of(entry: FileSystemFileEntry) -> Option<File> {
    let file = call_back(|done, failed| {
        entry.file_with_callback_and_callback(done, failed);
        Ok(())
    });
    file.await.map(JsCast::unchecked_into)
}

/// One of the old interfaces with two callbacks, as a future. `None` when it failed.
async fn call_back(start: impl FnOnce(&js_sys::Function, &js_sys::Function) -> Result<(), JsValue>) -> Option<JsValue> {
    let (tell, told) = oneshot::channel();
    let tell = Rc::new(RefCell::new(Some(tell)));
    let send = |tell: Rc<RefCell<Option<oneshot::Sender<_>>>>, value| {
        if let Some(tell) = tell.take() {
            let _ = tell.send(value);
        }
    };
    let (good, bad) = (tell.clone(), tell);
    let done = Closure::<dyn FnMut(JsValue)>::new(move |value| send(good.clone(), Some(value)));
    let failed = Closure::<dyn FnMut(JsValue)>::new(move |_| send(bad.clone(), None));
    start(done.as_ref().unchecked_ref(), failed.as_ref().unchecked_ref()).ok()?;
    told.await.ok().flatten()
}
