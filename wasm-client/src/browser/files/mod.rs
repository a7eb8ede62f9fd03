//! Files of inputs, drops, pickers and saved handles, and their description for the machine.

mod change_detection;
mod dropped;
mod handles;
mod left_out;

use js_sys::Uint8Array;
use slipway_protocol::machine::{ReadFault, Source};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use web_sys::{Blob, File, FileList};

pub(crate) use dropped::Dropped;
pub use handles::has_picker;
pub(crate) use handles::{pick_file, pick_files, pick_folder, reopen};
pub(crate) use left_out::{Found, LeftOut, Tally};

use crate::browser::bindings::{self, FileHandle};

/// Deepest folder that is walked. Links may form a cycle.
const MAX_DEPTH: usize = 64;

/// A file that the user gave.
#[derive(Clone, Debug)]
pub(crate) struct Picked {
    /// Opened for reading.
    pub(crate) file: File,
    /// Reopens it after a reload, where the browser has handles.
    pub(crate) handle: Option<FileHandle>,
    /// Folders above it, `/` between them.
    pub(crate) path: String,
}

impl Picked {
    /// Its description for the machine.
    pub(crate) fn source(&self) -> Source {
        let modified = self.file.last_modified();
        Source {
            name: self.file.name(),
            path: self.path.clone(),
            media_type: self.file.type_(),
            size: self.file.size() as u64,
            last_modified: modified.is_finite().then_some(modified as i64),
            reopens: self.handle.is_some(),
            notices_changes: change_detection::notices_changes(modified, js_sys::Date::now()),
        }
    }
}

/// The files of a file or folder input. Two files of the same name are both kept.
pub(crate) fn from_list(files: &FileList) -> Vec<Picked> {
    (0..files.length()).filter_map(|index| files.get(index)).map(from_input).collect()
}

/// One file of an input.
pub(crate) fn from_input(file: File) -> Picked {
    let relative = bindings::get(&file, "webkitRelativePath").and_then(|path| path.as_string()).unwrap_or_default();
    Picked { path: folders_of(&relative), handle: None, file }
}

/// Largest file that is sent unsliced, in bytes.
const MAX_UNSLICED_BYTES: u64 = 1 << 20;

/// The part of `len` bytes at `start`. Reads nothing.
///
/// A small file is returned unsliced: a slice costs a call to the browser's own process, which delays a small file most.
///
/// # Errors
/// The browser's exception. None is expected.
pub(crate) fn slice(file: &Blob, start: u64, len: u64) -> Result<Blob, JsValue> {
    // Files have at most 5 TiB, which is below 2^53, so doubles are exact.
    if start == 0 && len <= MAX_UNSLICED_BYTES && len as f64 == file.size() {
        return Ok(file.clone());
    }
    file.slice_with_f64_and_f64(start as f64, (start + len) as f64)
}

/// Reads the first and the last byte of a request's body, and all of a small file, to find out whether the file can still be
/// read.
///
/// # Errors
/// Why it can't be read.
pub(crate) async fn probe(blob: &Blob) -> Result<(), ReadFault> {
    let size = blob.size();
    if size == 0.0 {
        return Ok(());
    }
    read_byte(blob, 0.0).await?;
    // Firefox detects no changes: of a truncated file it reads nothing past the new end, without an error.
    read_byte(blob, size - 1.0).await?;
    if size > MAX_UNSLICED_BYTES as f64 || !blob.is_instance_of::<File>() {
        return Ok(());
    }
    // A file that grew it reads to the new end, unless it is a slice.
    let bytes = JsFuture::from(blob.array_buffer()).await.map_err(|error| read_fault(&error))?;
    if f64::from(Uint8Array::new(&bytes).length()) == size { Ok(()) } else { Err(ReadFault::Changed) }
}

async fn read_byte(blob: &Blob, at: f64) -> Result<(), ReadFault> {
    let byte = blob.slice_with_f64_and_f64(at, at + 1.0).map_err(|error| read_fault(&error))?;
    let bytes = JsFuture::from(byte.array_buffer()).await.map_err(|error| read_fault(&error))?;
    if Uint8Array::new(&bytes).length() == 0 { Err(ReadFault::Changed) } else { Ok(()) }
}

/// The cause behind the exception of a read.
pub(crate) fn read_fault(error: &JsValue) -> ReadFault {
    match bindings::error_name(error).as_str() {
        // Firefox throws `AbortError` when the file is gone. Nothing else aborts a read.
        "NotFoundError" | "AbortError" => ReadFault::Gone,
        // Chromium throws it when the file's time or length has changed.
        "NotReadableError" => ReadFault::Changed,
        "NotAllowedError" | "SecurityError" => ReadFault::Permission,
        _ => ReadFault::Io,
    }
}

/// The folders of a relative path: `a/b` of `a/b/c.txt`.
fn folders_of(relative: &str) -> String {
    relative.rsplit_once('/').map(|(folders, _)| folders.trim_matches('/').to_owned()).unwrap_or_default()
}

/// The path of an entry of a folder.
fn join(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}/{name}") }
}

#[cfg(test)]
mod tests {
    use wasm_bindgen_test::wasm_bindgen_test;
    use web_sys::DataTransfer;

    use super::*;
    use crate::testing::{file, file_in, folder_in, open, opfs_folder, remove, write};

    fn transfer(files: &[File]) -> DataTransfer {
        let transfer = DataTransfer::new().unwrap();
        for file in files {
            transfer.items().add_with_file(file).unwrap();
        }
        transfer
    }

    fn paths(mut picked: Vec<Picked>) -> Vec<(String, String, bool)> {
        picked.sort_by_key(|picked| (picked.path.clone(), picked.file.name()));
        picked.iter().map(|picked| (picked.path.clone(), picked.file.name(), picked.handle.is_some())).collect()
    }

    #[wasm_bindgen_test]
    fn a_folder_input_keeps_its_folders_and_both_of_one_name() {
        let files = [file("a.txt", b"1"), file("a.txt", b"22")];
        js_sys::Reflect::set(&files[1], &"x".into(), &JsValue::TRUE).unwrap();
        // Only the browser can set the real property. An own property of the object shadows it.
        let property = bindings::object(&[("value", "top/sub/a.txt".into())]);
        js_sys::Object::define_property(&files[1], &"webkitRelativePath".into(), &property);
        let sources: Vec<_> = files.iter().map(|file| from_input(file.clone()).source()).collect();
        assert_eq!((sources[0].path.as_str(), sources[0].size), ("", 1));
        assert_eq!((sources[1].path.as_str(), sources[1].name.as_str(), sources[1].size), ("top/sub", "a.txt", 2));
        assert!(!sources[1].reopens && sources[1].last_modified.is_some());
        assert_eq!(from_list(&transfer(&files).files().unwrap()).len(), 2);
    }

    #[wasm_bindgen_test]
    async fn of_several_picked_files_one_that_cannot_be_read_is_left_out() {
        let folder = opfs_folder().await;
        let handles = js_sys::Array::new();
        for name in ["one", "gone", "two"] {
            handles.push(&file_in(&folder, name, name.as_bytes()).await.into());
        }
        remove(&folder, "gone").await;
        let mut found = Vec::new();
        handles::open_all(&handles, &mut |one| found.push(one)).await;
        assert_eq!(found[1].as_ref().err(), Some(&LeftOut::File("gone".into())));
        let picked = found.into_iter().filter_map(Result::ok).collect();
        assert_eq!(paths(picked), [(String::new(), "one".into(), true), (String::new(), "two".into(), true)]);
    }

    #[wasm_bindgen_test]
    async fn dropped_files_are_found() {
        let transfer = transfer(&[file("one", b"1"), file("two", b"2")]);
        let dropped = Dropped::from_event(&transfer);
        // The list is empty after the event.
        transfer.items().clear().unwrap();
        let mut found = Vec::new();
        dropped.walk(&mut |picked| found.push(picked.unwrap())).await;
        let names: Vec<_> = found.iter().map(|picked| picked.file.name()).collect();
        assert_eq!(names, ["one", "two"]);
    }

    #[wasm_bindgen_test]
    async fn a_folder_is_walked_with_its_handles() {
        let top = opfs_folder().await;
        file_in(&top, "a", b"a").await;
        let sub = folder_in(&top, "sub").await;
        folder_in(&sub, "empty").await;
        file_in(&sub, "b", b"b").await;
        file_in(&folder_in(&sub, "deep").await, "a", b"c").await;
        let mut found = Vec::new();
        handles::walk(top.clone(), &mut |picked| found.push(picked.unwrap())).await;
        let root = top.name();
        let expected = [(root.clone(), "a"), (format!("{root}/sub"), "b"), (format!("{root}/sub/deep"), "a")];
        assert_eq!(paths(found), expected.map(|(path, name)| (path, name.to_owned(), true)));
    }

    /// A handle on a disk with errors: the method named `fails` throws.
    fn broken(kind: &str, name: &str, fails: &str) -> JsValue {
        let fail = js_sys::Function::new_no_args("throw new DOMException('no', 'NotReadableError')");
        bindings::object(&[("kind", kind.into()), ("name", name.into()), (fails, fail.into())]).into()
    }

    /// A folder that lists these, and then fails if `breaks`.
    fn listing(name: &str, children: &[JsValue], breaks: bool) -> JsValue {
        let values = js_sys::Function::new_with_args(
            "children, breaks",
            "return async function* () {
                yield* children;
                if (breaks) throw new DOMException('no', 'NotReadableError');
            }",
        );
        let children: js_sys::Array = children.iter().collect();
        let values = values.call2(&JsValue::NULL, &children, &breaks.into()).unwrap();
        bindings::object(&[("kind", "directory".into()), ("name", name.into()), ("values", values)]).into()
    }

    #[wasm_bindgen_test]
    async fn what_cannot_be_read_of_a_folder_is_left_out() {
        let good: JsValue = file_in(&opfs_folder().await, "good", b"g").await.into();
        let cut = listing("cut", &[good.clone(), broken("file", "bad", "getFile")], true);
        let shut = broken("directory", "shut", "values");
        let top = listing("top", &[shut, cut, good], false);
        let (mut files, mut left_out) = (0, Vec::new());
        handles::walk(top.unchecked_into(), &mut |found| match found {
            Ok(_) => files += 1,
            Err(what) => left_out.push(what),
        })
        .await;
        assert_eq!(files, 2);
        let folder = |path: &str| LeftOut::Folder(path.into());
        assert_eq!(left_out, [LeftOut::File("top/cut/bad".into()), folder("top/cut"), folder("top/shut")]);
    }

    #[wasm_bindgen_test]
    async fn folders_that_are_too_deep_are_left_out() {
        let mut handle = listing("deepest", &[], false);
        for _ in 0..MAX_DEPTH {
            handle = listing("d", &[handle], false);
        }
        let mut left_out = Vec::new();
        handles::walk(handle.unchecked_into(), &mut |found| left_out.extend(found.err())).await;
        let path = format!("{}deepest", "d/".repeat(MAX_DEPTH));
        assert_eq!(left_out, [LeftOut::Folder(path)]);
    }

    #[wasm_bindgen_test]
    async fn what_cannot_be_read_of_a_drop_is_left_out() {
        let entries = js_sys::Function::new_no_args(
            "const no = new DOMException('no', 'NotReadableError');
             const file = (name, ok) => ({ name, isDirectory: false, file: (good, bad) => ok ? good(new File(['1'], name)) : bad(no) });
             const folder = (name, pages) => ({ name, isDirectory: true, createReader: () => ({
                 readEntries: (good, bad) => pages.length ? good(pages.shift()) : bad(no) }) });
             return folder('top', [[folder('cut', [[file('bad', false)]]), file('good', true)], []]);",
        );
        let top = entries.call0(&JsValue::NULL).unwrap();
        let (mut files, mut left_out) = (0, Vec::new());
        dropped::walk_entries(top.unchecked_into(), &mut |found| match found {
            Ok(_) => files += 1,
            Err(what) => left_out.push(what),
        })
        .await;
        assert_eq!(files, 1);
        assert_eq!(left_out, [LeftOut::Folder("top/cut".into()), LeftOut::File("top/cut/bad".into())]);
    }

    #[wasm_bindgen_test]
    async fn a_handle_reopens_the_file_or_reports_it_gone() {
        let folder = opfs_folder().await;
        let handle = file_in(&folder, "a", b"abc").await;
        assert_eq!(reopen(&handle).await.unwrap().size(), 3.0);
        remove(&folder, "a").await;
        assert_eq!(reopen(&handle).await.unwrap_err(), ReadFault::Gone);
    }

    #[wasm_bindgen_test]
    async fn a_probe_detects_a_changed_file() {
        let handle = file_in(&opfs_folder().await, "a", b"abc").await;
        let picked = open(&handle).await;
        let body = slice(&picked, 1, 2).unwrap();
        assert_eq!(probe(&body).await, Ok(()));
        write(&handle, b"other bytes").await;
        // Firefox reports a rewritten file of the origin-private file system as gone.
        let fault = probe(&body).await.unwrap_err();
        assert!(matches!(fault, ReadFault::Changed | ReadFault::Gone), "{fault:?}");
    }

    #[wasm_bindgen_test]
    async fn an_empty_file_can_be_read() {
        let empty = slice(&file("empty", b""), 0, 0).unwrap();
        assert_eq!(probe(&empty).await, Ok(()));
    }
}
