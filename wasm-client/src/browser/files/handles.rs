//! File handles: pickers that give them, folders walked by them, and the file of an
//! earlier page opened again (Chromium; others have none and pick the file again).

use js_sys::{Array, AsyncIterator, IteratorNext};
use slipway_protocol::machine::ReadFault;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use web_sys::File;

use super::{Found, LeftOut, MAX_DEPTH, Picked, join, read_fault};
use crate::ClientError;
use crate::browser::sys::{self, FileHandle};

/// Whether the browser has pickers that keep a handle, so that a reload needs no second pick.
pub fn has_picker() -> bool {
    sys::picker_window().is_some()
}

/// Lets the user pick files; gives each to `found`, and what can't be read. `Ok(false)`: the picker was closed.
///
/// # Errors
/// The browser has no picker, or did not let it open.
pub(crate) async fn pick_files(found: &mut dyn FnMut(Found)) -> Result<bool, ClientError> {
    let Some(handles) = choose_files(true).await? else { return Ok(false) };
    open_all(&handles, found).await;
    Ok(true)
}

/// Lets the user pick one file. `None`: the picker was closed.
///
/// # Errors
/// The browser has no picker, or did not let it open, or the file can't be read.
pub(crate) async fn pick_file() -> Result<Option<Picked>, ClientError> {
    let Some(handles) = choose_files(false).await? else { return Ok(None) };
    open(handles.get(0).unchecked_into(), String::new()).await.map(Some).map_err(|_| ClientError::Unreadable)
}

async fn choose_files(several: bool) -> Result<Option<Array>, ClientError> {
    let window = sys::picker_window().ok_or(ClientError::NoPicker)?;
    let options = sys::object(&[("multiple", several.into())]);
    Ok(chosen(window.show_open_file_picker(&options)).await?.map(|handles| Array::from(&handles)))
}

/// One that can't be read is told as left out, and the others go on.
pub(super) async fn open_all(handles: &Array, found: &mut dyn FnMut(Found)) {
    for handle in handles.iter() {
        visit(handle.unchecked_into(), String::new(), found, &mut Vec::new()).await;
    }
}

/// Lets the user pick a folder; gives each file in it to `found`, and what can't be read. `Ok(false)`: the picker was
/// closed.
///
/// # Errors
/// The browser has no picker, or did not let it open.
pub(crate) async fn pick_folder(found: &mut dyn FnMut(Found)) -> Result<bool, ClientError> {
    let window = sys::picker_window().ok_or(ClientError::NoPicker)?;
    let Some(folder) = chosen(window.show_directory_picker()).await? else { return Ok(false) };
    walk(folder.unchecked_into(), found).await;
    Ok(true)
}

/// Every file in a folder, folders below it too, or the one file that the handle is.
/// What can't be read is told as left out, and the rest goes on.
pub(super) async fn walk(root: FileHandle, found: &mut dyn FnMut(Found)) {
    let mut open_folders = Vec::new();
    visit(root, String::new(), found, &mut open_folders).await;
    while let Some((folder, path)) = open_folders.pop() {
        if list(&folder, &path, found, &mut open_folders).await.is_err() {
            found(Err(LeftOut::Folder(path)));
        }
    }
}

/// Everything in one folder, up to its end or the first error.
async fn list(
    folder: &FileHandle,
    path: &str,
    found: &mut dyn FnMut(Found),
    folders: &mut Vec<(FileHandle, String)>,
) -> Result<(), JsValue> {
    let children = folder.values()?;
    while let Some(child) = next(&children).await? {
        visit(child, path.to_owned(), found, folders).await;
    }
    Ok(())
}

async fn next(children: &AsyncIterator) -> Result<Option<FileHandle>, JsValue> {
    let step: IteratorNext = JsFuture::from(children.next()?).await?.unchecked_into();
    Ok((!step.done()).then(|| step.value().unchecked_into()))
}

async fn visit(
    handle: FileHandle,
    path: String,
    found: &mut dyn FnMut(Found),
    folders: &mut Vec<(FileHandle, String)>,
) {
    let whole = join(&path, &handle.name());
    if handle.kind() == "directory" {
        match whole.matches('/').count() < MAX_DEPTH {
            true => folders.push((handle, whole)),
            false => found(Err(LeftOut::Folder(whole))),
        }
    } else {
        found(open(handle, path).await.map_err(|_| LeftOut::File(whole)));
    }
}

/// Opens the file of an earlier page again, asking the user for permission when the browser wants it:
/// call it within a click.
///
/// # Errors
/// Why the file can't be had.
pub(crate) async fn reopen(handle: &FileHandle) -> Result<File, ReadFault> {
    allow(handle).await?;
    file_of(handle).await.map_err(|error| read_fault(&error))
}

async fn allow(handle: &FileHandle) -> Result<(), ReadFault> {
    if !sys::has(handle, "queryPermission") || granted(handle.query_permission()).await {
        return Ok(());
    }
    if granted(handle.request_permission()).await { Ok(()) } else { Err(ReadFault::Permission) }
}

async fn granted(asked: Result<js_sys::Promise, JsValue>) -> bool {
    let Ok(promise) = asked else { return false };
    JsFuture::from(promise).await.is_ok_and(|state| state == "granted")
}

async fn open(handle: FileHandle, path: String) -> Result<Picked, JsValue> {
    let file = file_of(&handle).await?;
    Ok(Picked { file, handle: Some(handle), path })
}

async fn file_of(handle: &FileHandle) -> Result<File, JsValue> {
    JsFuture::from(handle.get_file()?).await.map(JsCast::unchecked_into)
}

/// What the user chose; `None` when the picker was closed.
async fn chosen(shown: Result<js_sys::Promise, JsValue>) -> Result<Option<JsValue>, ClientError> {
    let answer = match shown {
        Ok(promise) => JsFuture::from(promise).await,
        Err(error) => Err(error),
    };
    match answer {
        Ok(chosen) => Ok(Some(chosen)),
        Err(error) if sys::error_name(&error) == "AbortError" => Ok(None),
        Err(_) => Err(ClientError::PickerBlocked),
    }
}
