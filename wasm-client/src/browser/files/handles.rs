//! File handles: pickers that return them, walking folders with them, and reopening the file of an earlier page (Chromium;
//! in other browsers the user picks the file again).

use js_sys::{Array, AsyncIterator, IteratorNext};
use slipway_protocol::machine::ReadFault;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use web_sys::File;

use super::{Found, LeftOut, MAX_DEPTH, Picked, join, read_fault};
use crate::ClientError;
use crate::browser::bindings::{self, FileHandle};

/// Whether the browser has pickers that return handles, so that a reload needs no second pick.
pub fn has_picker() -> bool {
    bindings::picker_window().is_some()
}

/// Lets the user pick files, and passes each to `found`, including what can't be read. `Ok(false)`: the user closed the
/// picker.
///
/// # Errors
/// The browser has no picker, or did not let it open.
pub(crate) async fn pick_files(found: &mut dyn FnMut(Found)) -> Result<bool, ClientError> {
    let Some(handles) = choose_files(true).await? else { return Ok(false) };
    open_all(&handles, found).await;
    Ok(true)
}

/// Lets the user pick one file. `None`: the user closed the picker.
///
/// # Errors
/// The browser has no picker, or did not let it open, or the file can't be read.
pub(crate) async fn pick_file() -> Result<Option<Picked>, ClientError> {
    let Some(handles) = choose_files(false).await? else { return Ok(None) };
    open(handles.get(0).unchecked_into(), String::new()).await.map(Some).map_err(|_| ClientError::Unreadable)
}

async fn choose_files(several: bool) -> Result<Option<Array>, ClientError> {
    let window = bindings::picker_window().ok_or(ClientError::NoPicker)?;
    let options = bindings::object(&[("multiple", several.into())]);
    Ok(chosen(window.show_open_file_picker(&options)).await?.map(|handles| Array::from(&handles)))
}

/// Passes each file to `found`; one that can't be read as left out.
pub(super) async fn open_all(handles: &Array, found: &mut dyn FnMut(Found)) {
    for handle in handles.iter() {
        visit(handle.unchecked_into(), String::new(), found, &mut Vec::new()).await;
    }
}

/// Lets the user pick a folder, and passes each file in it to `found`, including what can't be read. `Ok(false)`: the user
/// closed the picker.
///
/// # Errors
/// The browser has no picker, or did not let it open.
pub(crate) async fn pick_folder(found: &mut dyn FnMut(Found)) -> Result<bool, ClientError> {
    let window = bindings::picker_window().ok_or(ClientError::NoPicker)?;
    let Some(folder) = chosen(window.show_directory_picker()).await? else { return Ok(false) };
    walk(folder.unchecked_into(), found).await;
    Ok(true)
}

/// Passes every file of a folder and its subfolders to `found`, or the one file of a file's handle. What can't be read is
/// passed as left out, and the walk continues.
pub(super) async fn walk(root: FileHandle, found: &mut dyn FnMut(Found)) {
    let mut open_folders = Vec::new();
    visit(root, String::new(), found, &mut open_folders).await;
    while let Some((folder, path)) = open_folders.pop() {
        if list(&folder, &path, found, &mut open_folders).await.is_err() {
            found(Err(LeftOut::Folder(path)));
        }
    }
}

/// Visits the entries of one folder, up to the first error.
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
    let full_path = join(&path, &handle.name());
    if handle.kind() == "directory" {
        match full_path.matches('/').count() < MAX_DEPTH {
            true => folders.push((handle, full_path)),
            false => found(Err(LeftOut::Folder(full_path))),
        }
    } else {
        found(open(handle, path).await.map_err(|_| LeftOut::File(full_path)));
    }
}

/// Reopens the file of an earlier page. The browser may ask the user for permission, so call it within a click.
///
/// # Errors
/// Why the file can't be read.
pub(crate) async fn reopen(handle: &FileHandle) -> Result<File, ReadFault> {
    ensure_permission(handle).await?;
    file_of(handle).await.map_err(|error| read_fault(&error))
}

async fn ensure_permission(handle: &FileHandle) -> Result<(), ReadFault> {
    if !bindings::has(handle, "queryPermission") || granted(handle.query_permission()).await {
        return Ok(());
    }
    // Only where it is not granted yet, since the request may show a prompt.
    if granted(handle.request_permission()).await { Ok(()) } else { Err(ReadFault::Permission) }
}

async fn granted(request: Result<js_sys::Promise, JsValue>) -> bool {
    let Ok(promise) = request else { return false };
    JsFuture::from(promise).await.is_ok_and(|state| state == "granted")
}

async fn open(handle: FileHandle, path: String) -> Result<Picked, JsValue> {
    let file = file_of(&handle).await?;
    Ok(Picked { file, handle: Some(handle), path })
}

async fn file_of(handle: &FileHandle) -> Result<File, JsValue> {
    JsFuture::from(handle.get_file()?).await.map(JsCast::unchecked_into)
}

/// What the user chose. `None`: the user closed the picker.
async fn chosen(shown: Result<js_sys::Promise, JsValue>) -> Result<Option<JsValue>, ClientError> {
    let answer = match shown {
        Ok(promise) => JsFuture::from(promise).await,
        Err(error) => Err(error),
    };
    match answer {
        Ok(chosen) => Ok(Some(chosen)),
        Err(error) if bindings::error_name(&error) == "AbortError" => Ok(None),
        Err(_) => Err(ClientError::PickerBlocked),
    }
}
