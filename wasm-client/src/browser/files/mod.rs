//! Files: from inputs, drops, pickers and kept handles, to what the machine knows of them.

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

use crate::browser::sys::{self, FileHandle};

/// The longest path that is followed into folders, in folders. A link may make a circle.
const MAX_DEPTH: usize = 64;

/// A file that the user gave.
#[derive(Clone, Debug)]
pub(crate) struct Picked {
    /// Open for reading.
    pub(crate) file: File,
    /// Opens it again after a reload, where the browser has such a thing.
    pub(crate) handle: Option<FileHandle>,
    /// Folders above it, `/` between them.
    pub(crate) path: String,
}

impl Picked {
    /// What the machine knows of it.
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

/// What a file or folder input picked. Two files of one name are both kept.
pub(crate) fn from_list(files: &FileList) -> Vec<Picked> {
    (0..files.length()).filter_map(|index| files.get(index)).map(from_input).collect()
}

/// One file of an input.
pub(crate) fn from_input(file: File) -> Picked {
    let relative = sys::get(&file, "webkitRelativePath").and_then(|path| path.as_string()).unwrap_or_default();
    Picked { path: folders_of(&relative), handle: None, file }
}

/// What is sent as a whole file is no larger, in bytes.
const WHOLE_BYTES: u64 = 1 << 20;

/// The slice of a file that a part is. No byte is read.
///
/// A small file is sent as it is: a slice costs the browser a call between processes, and such a file feels it.
///
/// # Errors
/// What the browser says. It has no reason to refuse.
pub(crate) fn slice(file: &Blob, start: u64, len: u64) -> Result<Blob, JsValue> {
    // 5 TiB is far below 2^53, so doubles are exact.
    if start == 0 && len <= WHOLE_BYTES && len as f64 == file.size() {
        return Ok(file.clone());
    }
    file.slice_with_f64_and_f64(start as f64, (start + len) as f64)
}

/// Reads the first and the last byte of what a request sent, and all of a small file, to learn whether the file can still
/// be read.
///
/// # Errors
/// Why it can't be read.
pub(crate) async fn probe(blob: &Blob) -> Result<(), ReadFault> {
    let size = blob.size();
    if size == 0.0 {
        return Ok(());
    }
    read_byte(blob, 0.0).await?;
    // Firefox notices no change of a file, and reads one that was cut short as if it ended there.
    read_byte(blob, size - 1.0).await?;
    if size > WHOLE_BYTES as f64 || !blob.is_instance_of::<File>() {
        return Ok(());
    }
    // And one that grew it reads to its end, unless it is a slice.
    let bytes = JsFuture::from(blob.array_buffer()).await.map_err(|error| read_fault(&error))?;
    if f64::from(Uint8Array::new(&bytes).length()) == size { Ok(()) } else { Err(ReadFault::Changed) }
}

async fn read_byte(blob: &Blob, at: f64) -> Result<(), ReadFault> {
    let byte = blob.slice_with_f64_and_f64(at, at + 1.0).map_err(|error| read_fault(&error))?;
    let bytes = JsFuture::from(byte.array_buffer()).await.map_err(|error| read_fault(&error))?;
    if Uint8Array::new(&bytes).length() == 0 { Err(ReadFault::Changed) } else { Ok(()) }
}

/// What an exception of a read means.
pub(crate) fn read_fault(error: &JsValue) -> ReadFault {
    match sys::error_name(error).as_str() {
        // Firefox says that it aborted when the file is not there any more; nobody else aborts a read.
        "NotFoundError" | "AbortError" => ReadFault::Gone,
        // Chromium, when the file's time or length is not what it was. Firefox does not look.
        "NotReadableError" => ReadFault::Changed,
        "NotAllowedError" | "SecurityError" => ReadFault::Permission,
        _ => ReadFault::Io,
    }
}

/// `a/b/c.txt` lies in `a/b`.
fn folders_of(relative: &str) -> String {
    relative.rsplit_once('/').map(|(folders, _)| folders.trim_matches('/').to_owned()).unwrap_or_default()
}

/// A folder within a folder.
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
        // The real property is set by the browser alone; one of the object itself stands before it.
        let property = sys::object(&[("value", "top/sub/a.txt".into())]);
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
        let dropped = Dropped::take(&transfer);
        // As after the event: the list is empty, what was taken is not.
        transfer.items().clear().unwrap();
        let mut found = Vec::new();
        dropped.walk(&mut |picked| found.push(picked.unwrap())).await;
        let names: Vec<_> = found.iter().map(|picked| picked.file.name()).collect();
        assert_eq!(names, ["one", "two"]);
    }

    #[wasm_bindgen_test]
    async fn a_folder_is_walked_by_its_handles() {
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

    /// Handles as a disk with errors gives them: `fails` is the name of the method that does.
    fn broken(kind: &str, name: &str, fails: &str) -> JsValue {
        let fail = js_sys::Function::new_no_args("throw new DOMException('no', 'NotReadableError')");
        sys::object(&[("kind", kind.into()), ("name", name.into()), (fails, fail.into())]).into()
    }

    /// A folder that lists these and then breaks, or ends.
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
        sys::object(&[("kind", "directory".into()), ("name", name.into()), ("values", values)]).into()
    }

    #[wasm_bindgen_test]
    async fn what_can_not_be_read_of_a_folder_is_told() {
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
    async fn folders_deeper_than_are_followed_are_told() {
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
    async fn what_can_not_be_read_of_a_drop_is_told() {
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
    async fn a_handle_gives_the_file_again_or_says_that_it_is_gone() {
        let folder = opfs_folder().await;
        let handle = file_in(&folder, "a", b"abc").await;
        assert_eq!(reopen(&handle).await.unwrap().size(), 3.0);
        remove(&folder, "a").await;
        assert_eq!(reopen(&handle).await.unwrap_err(), ReadFault::Gone);
    }

    #[wasm_bindgen_test]
    async fn a_probe_tells_a_file_that_changed() {
        let handle = file_in(&opfs_folder().await, "a", b"abc").await;
        let picked = open(&handle).await;
        let body = slice(&picked, 1, 2).unwrap();
        assert_eq!(probe(&body).await, Ok(()));
        write(&handle, b"other bytes").await;
        // Firefox takes a file of the origin's own that was written again for one that is gone.
        let fault = probe(&body).await.unwrap_err();
        assert!(matches!(fault, ReadFault::Changed | ReadFault::Gone), "{fault:?}");
    }

    #[wasm_bindgen_test]
    async fn an_empty_file_can_be_read() {
        let empty = slice(&file("empty", b""), 0, 0).unwrap();
        assert_eq!(probe(&empty).await, Ok(()));
    }
}
