//! Drag and drop: files and folders, with handles where the browser gives them.
//!
//! The browser empties the list of a drop when its event ends, so [`Dropped::from_event`] takes everything from it at once,
//! and [`Dropped::walk`] follows later.

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
use crate::browser::bindings;

/// What was dropped, before it is walked.
#[derive(Debug)]
pub(crate) struct Dropped(Vec<Item>);

#[derive(Debug)]
struct Item {
    /// A promise of a handle (Chromium).
    handle: Option<js_sys::Promise>,
    /// The older interface to folders, which every browser has.
    entry: Option<FileSystemEntry>,
    file: Option<File>,
}

impl Dropped {
    /// Takes everything from the drop. Call it within the event.
    pub(crate) fn from_event(drop: &DataTransfer) -> Self {
        let items = drop.items();
        let items = (0..items.length()).filter_map(|index| items.get(index));
        Self(items.filter(|item| item.kind() == "file").map(|item| Item::new(&item)).collect())
    }

    /// Passes each file to `found`, walking folders. What can't be read is passed as left out, and the walk continues.
    pub(crate) async fn walk(self, found: &mut dyn FnMut(Found)) {
        for item in self.0 {
            item.walk(found).await;
        }
    }
}

impl Item {
    fn new(item: &DataTransferItem) -> Self {
        Self {
            handle: bindings::handle_item(item).and_then(|item| item.get_as_handle().ok()),
            entry: item.webkit_get_as_entry().ok().flatten(),
            file: item.get_as_file().ok().flatten(),
        }
    }

    async fn walk(self, found: &mut dyn FnMut(Found)) {
        // A handle first: with it a reload needs no second pick.
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
        let full_path = join(&path, &entry.name());
        if !entry.is_directory() {
            let file = file_of(entry.unchecked_into()).await;
            found(file.map(|file| Picked { file, handle: None, path }).ok_or(LeftOut::File(full_path)));
        } else if full_path.matches('/').count() < MAX_DEPTH {
            let (children, is_complete) = children(entry.unchecked_into()).await;
            waiting.extend(children.into_iter().map(|child| (child, full_path.clone())));
            if !is_complete {
                found(Err(LeftOut::Folder(full_path)));
            }
        } else {
            found(Err(LeftOut::Folder(full_path)));
        }
    }
}

/// The entries of a folder, and whether they are complete. A reader returns about 100 entries at a time, and an empty list
/// at the end.
async fn children(folder: FileSystemDirectoryEntry) -> (Vec<FileSystemEntry>, bool) {
    let reader: FileSystemDirectoryReader = folder.create_reader();
    let mut all = Vec::new();
    loop {
        let page = from_callbacks(|done, failed| reader.read_entries_with_callback_and_callback(done, failed));
        match page.await.map(|page| Array::from(&page)) {
            Some(page) if page.length() > 0 => all.extend(page.iter().map(JsCast::unchecked_into)),
            Some(_) => return (all, true),
            None => return (all, false),
        }
    }
}

async fn file_of(entry: FileSystemFileEntry) -> Option<File> {
    let file = from_callbacks(|done, failed| {
        entry.file_with_callback_and_callback(done, failed);
        Ok(())
    });
    file.await.map(JsCast::unchecked_into)
}

/// An interface with a success and an error callback, as a future. `None` on an error.
async fn from_callbacks(
    start: impl FnOnce(&js_sys::Function, &js_sys::Function) -> Result<(), JsValue>,
) -> Option<JsValue> {
    let (sender, receiver) = oneshot::channel();
    let sender = Rc::new(RefCell::new(Some(sender)));
    let send = |sender: Rc<RefCell<Option<oneshot::Sender<_>>>>, value| {
        if let Some(sender) = sender.take() {
            let _ = sender.send(value);
        }
    };
    let (on_success, on_error) = (sender.clone(), sender);
    let done = Closure::<dyn FnMut(JsValue)>::new(move |value| send(on_success.clone(), Some(value)));
    let failed = Closure::<dyn FnMut(JsValue)>::new(move |_| send(on_error.clone(), None));
    start(done.as_ref().unchecked_ref(), failed.as_ref().unchecked_ref()).ok()?;
    receiver.await.ok().flatten()
}
