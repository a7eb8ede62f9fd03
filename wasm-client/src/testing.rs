//! Helpers of the browser tests.

use std::cell::RefCell;
use std::rc::Rc;

use js_sys::{Array, Function, Promise, Reflect, Uint8Array};
use slipway_protocol::machine::{LocalId, Record, Source, UploadRecord};
use slipway_protocol::wire::Joined;
use slipway_protocol::wire::digest::Md5;
use slipway_protocol::wire::id::{MemberId, PartNumber, RoomId};
use slipway_protocol::wire::link::{LinkSecret, MemberToken, Role, RoomLink};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use web_sys::File;

use crate::browser::bindings::{self, FileHandle};
use crate::browser::store::Store;
use crate::shell::api::Api;
use crate::shell::rooms::Rooms;

wasm_bindgen_test::wasm_bindgen_test_configure!(run_in_browser);

/// Waits `ms` milliseconds.
pub(crate) async fn sleep(ms: u32) {
    gloo_timers::future::TimeoutFuture::new(ms).await;
}

/// Waits until `f` returns true, for at most 5 s.
pub(crate) async fn until(what: &str, f: impl Fn() -> bool) {
    for _ in 0..500 {
        if f() {
            return;
        }
        sleep(10).await;
    }
    panic!("not within 5 s: {what}");
}

/// Records the arguments of a callback.
pub(crate) struct Recorder<T>(Rc<RefCell<Vec<T>>>);

impl<T: Clone + 'static> Recorder<T> {
    pub(crate) fn new() -> Self {
        Self(Rc::default())
    }

    pub(crate) fn callback(&self) -> impl Fn(T) + use<T> {
        let events = self.0.clone();
        move |event| events.borrow_mut().push(event)
    }

    pub(crate) fn all(&self) -> Vec<T> {
        self.0.borrow().clone()
    }

    pub(crate) async fn wait_for(&self, count: usize) -> Vec<T> {
        until(&format!("{count} events"), || self.0.borrow().len() >= count).await;
        self.all()
    }
}

/// A name that no other test uses.
pub(crate) fn unique(prefix: &str) -> String {
    format!("{prefix}-{}", hex(&crate::shell::rooms::random::<8>()))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A file in memory.
pub(crate) fn file(name: &str, bytes: &[u8]) -> File {
    File::new_with_u8_array_sequence(&Array::of1(&Uint8Array::from(bytes)), name).unwrap()
}

/// A folder in the origin-private file system, empty.
pub(crate) async fn opfs_folder() -> FileHandle {
    let root = JsFuture::from(bindings::window().navigator().storage().get_directory()).await.unwrap();
    child(&root, "getDirectoryHandle", &unique("test")).await
}

/// A folder in a folder.
pub(crate) async fn folder_in(folder: &FileHandle, name: &str) -> FileHandle {
    child(folder, "getDirectoryHandle", name).await
}

/// A file on disk, with its handle.
pub(crate) async fn file_in(folder: &FileHandle, name: &str, bytes: &[u8]) -> FileHandle {
    let handle = child(folder, "getFileHandle", name).await;
    write(&handle, bytes).await;
    handle
}

/// Replaces the contents of the file.
pub(crate) async fn write(handle: &FileHandle, bytes: &[u8]) {
    let writable = call(handle, "createWritable", &[]).await.unwrap();
    call(&writable, "write", &[Uint8Array::from(bytes).into()]).await.unwrap();
    call(&writable, "close", &[]).await.unwrap();
}

/// Removes a file from its folder.
pub(crate) async fn remove(folder: &FileHandle, name: &str) {
    call(folder, "removeEntry", &[name.into()]).await.unwrap();
}

/// The handle's file.
pub(crate) async fn open(handle: &FileHandle) -> File {
    JsFuture::from(handle.get_file().unwrap()).await.unwrap().unchecked_into()
}

async fn child(folder: &JsValue, method: &str, name: &str) -> FileHandle {
    let create = bindings::object(&[("create", true.into())]);
    call(folder, method, &[name.into(), create.into()]).await.unwrap().unchecked_into()
}

async fn call(object: &JsValue, method: &str, args: &[JsValue]) -> Result<JsValue, JsValue> {
    let function: Function = Reflect::get(object, &method.into())?.unchecked_into();
    let promise: Promise = function.apply(object, &args.iter().collect())?.unchecked_into();
    JsFuture::from(promise).await
}

/// The head record of an upload that was just picked.
pub(crate) fn head(id: u64) -> UploadRecord {
    let source = Source {
        name: "a.bin".into(),
        path: String::new(),
        media_type: String::new(),
        size: 1 << 30,
        last_modified: Some(1),
        reopens: true,
        notices_changes: false,
    };
    UploadRecord {
        v: 1,
        id: LocalId(id),
        number: id,
        room: RoomId::from_bytes([7; 16]),
        source,
        initiate_key: "key".into(),
        begin: None,
        digest: None,
        adopts: None,
        server: None,
        paused: false,
        cancelled: false,
        dismissed: false,
    }
}

/// The record of a part whose digest follows from its number.
pub(crate) fn part_record(part: u16) -> Record {
    Record::Part { part: PartNumber::new(part).unwrap(), digest: digest_of(part).into() }
}

/// That digest.
pub(crate) fn digest_of(part: u16) -> Md5 {
    Md5::of(&part.to_le_bytes())
}

/// A call as it was sent.
#[derive(Clone, Debug)]
pub(crate) struct RecordedCall {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) token: Option<String>,
    pub(crate) key: Option<String>,
    pub(crate) body: String,
}

/// Replaces `fetch`: answers calls to paths that begin with a base, and passes all others to the network. Dropping it restores
/// the browser's own.
pub(crate) struct FakeServer {
    calls: Rc<RefCell<Vec<RecordedCall>>>,
    fetch_before: JsValue,
    _fetch: Closure<dyn FnMut(web_sys::Request) -> Promise>,
}

impl FakeServer {
    /// `answer` returns status and body.
    pub(crate) fn install(base: &'static str, answer: impl Fn(&RecordedCall) -> (u16, String) + 'static) -> Self {
        let (calls, answer) = (Rc::new(RefCell::new(Vec::new())), Rc::new(answer));
        let recorded = calls.clone();
        let fetch_before = Reflect::get(&bindings::window(), &"fetch".into()).unwrap();
        let network: Function = fetch_before.clone().unchecked_into();
        let fetch = Closure::<dyn FnMut(web_sys::Request) -> Promise>::new(move |request: web_sys::Request| {
            let url = web_sys::Url::new(&request.url()).unwrap();
            if !url.pathname().starts_with(base) {
                return network.call1(&bindings::window(), &request).unwrap().unchecked_into();
            }
            let (recorded, answer) = (recorded.clone(), answer.clone());
            wasm_bindgen_futures::future_to_promise(async move {
                let call = read_call(&request, &url).await?;
                let (status, body) = answer(&call);
                recorded.borrow_mut().push(call);
                let init = web_sys::ResponseInit::new();
                init.set_status(status);
                web_sys::Response::new_with_opt_str_and_init(Some(&body), &init).map(Into::into)
            })
        });
        Reflect::set(&bindings::window(), &"fetch".into(), fetch.as_ref()).unwrap();
        Self { calls, fetch_before, _fetch: fetch }
    }

    /// All calls so far.
    pub(crate) fn calls(&self) -> Vec<RecordedCall> {
        self.calls.borrow().clone()
    }
}

impl Drop for FakeServer {
    fn drop(&mut self) {
        Reflect::set(&bindings::window(), &"fetch".into(), &self.fetch_before).unwrap();
    }
}

async fn read_call(request: &web_sys::Request, url: &web_sys::Url) -> Result<RecordedCall, JsValue> {
    let header = |name| request.headers().get(name).ok().flatten();
    let (token, key) = (header("authorization"), header("idempotency-key"));
    let body = JsFuture::from(request.text()?).await?.as_string().unwrap_or_default();
    Ok(RecordedCall { method: request.method(), path: url.pathname() + &url.search(), token, key, body })
}

/// A room that was joined at this base.
pub(crate) async fn joined_room(base: &'static str) -> (RoomId, Rooms) {
    let rooms = Rooms::load(Api::at(base), Store::open(&unique("joined")).await).await;
    let server = FakeServer::install(base, |_| {
        let answer = Joined {
            member_id: MemberId::from_bytes([3; 16]),
            member_token: MemberToken::from_bytes([1; 32]),
            role: Role::Contribute,
            idle_seconds: 60,
            wrapped_key: None,
        };
        (201, serde_json::to_string(&answer).unwrap())
    });
    let room = RoomId::from_bytes([1; 16]);
    let link = RoomLink { room, role: Role::Contribute, secret: LinkSecret::from_bytes([2; 32]) };
    rooms.join(&link, "Ann").await.unwrap();
    drop(server);
    (room, rooms)
}
