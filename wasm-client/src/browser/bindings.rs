//! Bindings of browser interfaces that web-sys keeps behind its unstable flag: file handles, pickers, Web Locks, Wake Lock.
//! Declared by hand, so that no build flag is needed.
//!
//! Each may be missing at run time; the functions that return an `Option` check for it.

use js_sys::{Array, AsyncIterator, Function, Object, Promise, Reflect};
use wasm_bindgen::prelude::*;
use web_sys::{DataTransferItem, Navigator, Window};

#[wasm_bindgen]
extern "C" {
    /// `FileSystemFileHandle` or `FileSystemDirectoryHandle`.
    #[wasm_bindgen(extends = Object, js_name = FileSystemHandle)]
    #[derive(Clone, Debug)]
    pub(crate) type FileHandle;

    /// `file` or `directory`.
    #[wasm_bindgen(method, getter)]
    pub(crate) fn kind(this: &FileHandle) -> String;
    #[wasm_bindgen(method, getter)]
    pub(crate) fn name(this: &FileHandle) -> String;
    #[wasm_bindgen(method, catch, js_name = getFile)]
    pub(crate) fn get_file(this: &FileHandle) -> Result<Promise, JsValue>;
    /// Handles of the origin-private file system may lack it, and need no permission.
    #[wasm_bindgen(method, catch, js_name = queryPermission)]
    pub(crate) fn query_permission(this: &FileHandle) -> Result<Promise, JsValue>;
    #[wasm_bindgen(method, catch, js_name = requestPermission)]
    pub(crate) fn request_permission(this: &FileHandle) -> Result<Promise, JsValue>;
    /// The entries of a directory.
    #[wasm_bindgen(method, catch)]
    pub(crate) fn values(this: &FileHandle) -> Result<AsyncIterator, JsValue>;

    /// A window with the pickers of Chromium.
    #[wasm_bindgen(extends = Object)]
    pub(crate) type PickerWindow;
    #[wasm_bindgen(method, catch, js_name = showOpenFilePicker)]
    pub(crate) fn show_open_file_picker(this: &PickerWindow, options: &Object) -> Result<Promise, JsValue>;
    #[wasm_bindgen(method, catch, js_name = showDirectoryPicker)]
    pub(crate) fn show_directory_picker(this: &PickerWindow) -> Result<Promise, JsValue>;

    /// A dropped item that may have a handle.
    #[wasm_bindgen(extends = Object)]
    pub(crate) type HandleItem;
    #[wasm_bindgen(method, catch, js_name = getAsFileSystemHandle)]
    pub(crate) fn get_as_handle(this: &HandleItem) -> Result<Promise, JsValue>;

    /// `navigator.locks`.
    #[wasm_bindgen(extends = Object, js_name = LockManager)]
    #[derive(Clone, Debug)]
    pub(crate) type LockManager;
    #[wasm_bindgen(method, catch, js_name = request)]
    pub(crate) fn request_lock(
        this: &LockManager,
        name: &str,
        options: &Object,
        held: &Function,
    ) -> Result<Promise, JsValue>;

    /// `navigator.wakeLock`.
    #[wasm_bindgen(extends = Object, js_name = WakeLock)]
    pub(crate) type WakeLock;
    #[wasm_bindgen(method, catch, js_name = request)]
    pub(crate) fn request_wake(this: &WakeLock, kind: &str) -> Result<Promise, JsValue>;

    /// A wake lock of the screen. The browser releases it when the page is hidden.
    #[wasm_bindgen(extends = Object, js_name = WakeLockSentinel)]
    #[derive(Clone, Debug)]
    pub(crate) type WakeSentinel;
    #[wasm_bindgen(method, getter)]
    pub(crate) fn released(this: &WakeSentinel) -> bool;
    #[wasm_bindgen(method, catch)]
    pub(crate) fn release(this: &WakeSentinel) -> Result<Promise, JsValue>;
}

/// The page's window. Workers have none; the shell never runs there.
pub(crate) fn window() -> Window {
    web_sys::window().expect("the shell runs in a page")
}

/// The window with its pickers, where it has them.
pub(crate) fn picker_window() -> Option<PickerWindow> {
    let window = window();
    has(&window, "showOpenFilePicker").then(|| window.unchecked_into())
}

/// The item, if it can give a handle.
pub(crate) fn handle_item(item: &DataTransferItem) -> Option<HandleItem> {
    has(item, "getAsFileSystemHandle").then(|| item.clone().unchecked_into())
}

/// Web Locks, in secure contexts only.
pub(crate) fn lock_manager() -> Option<LockManager> {
    locks_of(&window().navigator())
}

pub(crate) fn locks_of(navigator: &Navigator) -> Option<LockManager> {
    property_of(navigator, "locks")
}

/// Screen Wake Lock, in secure contexts only.
pub(crate) fn wake_lock() -> Option<WakeLock> {
    property_of(&window().navigator(), "wakeLock")
}

/// A plain object of these properties.
pub(crate) fn object(properties: &[(&str, JsValue)]) -> Object {
    let pairs: Array = properties.iter().map(|(key, value)| Array::of2(&JsValue::from_str(key), value)).collect();
    Object::from_entries(&pairs).expect("an array of pairs")
}

/// Whether the object has a property of this name that is not undefined.
pub(crate) fn has(object: &JsValue, name: &str) -> bool {
    get(object, name).is_some()
}

/// The property, unless it is null or undefined.
pub(crate) fn get(object: &JsValue, name: &str) -> Option<JsValue> {
    Reflect::get(object, &JsValue::from_str(name)).ok().filter(|value| !value.is_null() && !value.is_undefined())
}

/// The `name` of a DOMException or Error; empty for anything else.
pub(crate) fn error_name(error: &JsValue) -> String {
    get(error, "name").and_then(|name| name.as_string()).unwrap_or_default()
}

fn property_of<T: JsCast>(navigator: &Navigator, name: &str) -> Option<T> {
    get(navigator, name).map(JsCast::unchecked_into)
}
