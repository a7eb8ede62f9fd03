use slipway_protocol::machine::{Attempt, Purpose, ReadFault, Reason, Stage, Which};
use slipway_protocol::wire::digest::Md5;
use slipway_protocol::wire::id::{FileId, RoomId, UploadId};
use slipway_protocol::wire::plan::{DigestAlgorithm, PartRange, Plan};
use slipway_protocol::wire::{Initiate, Initiated, SignedRequest, StartedUpload};
use wasm_bindgen_test::wasm_bindgen_test;

use super::*;
use crate::browser::files::Picked;
use crate::testing::{FakeServer, RecordedCall, file, joined_room, until};

const BYTES: &[u8] = b"the bytes of a small file";

/// A tab: a driver with a store of this name.
async fn tab(rooms: &Rooms, store: &str) -> Driver {
    let store = Store::open(store).await;
    let driver = Driver::new(rooms.clone(), store, Board::default(), Changes::new());
    driver.restore().await;
    driver
}

fn picked() -> Vec<Picked> {
    vec![Picked { file: file("small.bin", BYTES), handle: None, path: "folder".into() }]
}

/// Answers an initiate with a URL at which nothing listens, and anything else with a gateway's error.
fn functions(call: &RecordedCall) -> (u16, String) {
    if !call.path.ends_with("/uploads") {
        return (502, String::new());
    }
    let first = serde_json::from_str::<Initiate>(&call.body).unwrap().uploads[0].first_parts[0];
    let request = SignedRequest {
        part_number: first.part_number,
        method: "PUT".into(),
        url: "http://127.0.0.1:1/bucket/key".into(),
        headers: [("content-md5".to_owned(), first.digest.0.base64())].into(),
        expires_in_seconds: 900,
    };
    let started = StartedUpload {
        upload_id: UploadId::from_bytes([8; 16]),
        file_id: FileId::from_bytes([9; 16]),
        plan: Plan::new(BYTES.len() as u64, None).unwrap(),
        expires_in_seconds: 1000,
        requests: vec![request],
    };
    (201, serde_json::to_string(&Initiated { uploads: vec![started] }).unwrap())
}

fn only(driver: &Driver) -> Option<View> {
    driver.views().into_iter().next()
}

async fn started(base: &'static str, store: &str) -> (RoomId, Rooms, Driver, FakeServer) {
    let (room, rooms) = joined_room(base).await;
    let server = FakeServer::install(base, functions);
    let driver = tab(&rooms, store).await;
    driver.add(room, picked()).await;
    until("the upload starts and its PUT fails", || {
        only(&driver).is_some_and(|view| view.upload.is_some() && view.reason == Some(Reason::Retrying))
    })
    .await;
    (room, rooms, driver, server)
}

#[wasm_bindgen_test]
async fn a_file_is_hashed_started_and_saved() {
    let store = crate::testing::unique("driver");
    let (room, _, driver, server) = started("/driver-begin", &store).await;
    let call = server.calls().into_iter().find(|call| call.path.ends_with("/uploads")).unwrap();
    let new = serde_json::from_str::<Initiate>(&call.body).unwrap().uploads.remove(0);
    assert_eq!((new.size, new.first_parts[0].digest.0), (BYTES.len() as u64, Md5::of(BYTES)));
    let saved = driver.0.store.load().await.remove(0);
    assert_eq!((saved.head.room, saved.head.source.path.as_str()), (room, "folder"));
    assert_eq!(call.key, Some(saved.head.initiate_key));
    assert_eq!(saved.head.server.unwrap().upload, UploadId::from_bytes([8; 16]));
    assert_eq!((saved.head.digest.and_then(|digest| digest.md5()), saved.parts), (Some(Md5::of(BYTES)), Vec::new()));
}

#[wasm_bindgen_test]
async fn after_a_reload_the_file_is_requested_and_attached() {
    let store = crate::testing::unique("driver");
    let (_, rooms, driver, _server) = started("/driver-reload", &store).await;
    drop(driver);
    let again = tab(&rooms, &store).await;
    let view = only(&again).unwrap();
    assert_eq!((view.stage, view.reason), (Stage::NeedsFile, Some(Reason::PickAgain)));
    again.reattach(view.id, picked().remove(0));
    until("the upload continues", || only(&again).is_some_and(|view| view.stage != Stage::NeedsFile)).await;
}

#[wasm_bindgen_test]
async fn a_second_tab_shows_it_and_takes_it_over() {
    let store = crate::testing::unique("driver");
    let (_, rooms, first, _server) = started("/driver-tabs", &store).await;
    let id = only(&first).unwrap().id;
    let second = tab(&rooms, &store).await;
    let is_elsewhere = |driver: &Driver| only(driver).is_some_and(|view| view.reason == Some(Reason::OtherTab));
    until("the second tab shows it", || is_elsewhere(&second)).await;
    assert!(!is_elsewhere(&first));
    second.take_over(id);
    until("the first tab releases it", || is_elsewhere(&first) && !is_elsewhere(&second)).await;
    assert!(second.0.locks.holds(id) && !first.0.locks.holds(id));
    // The second tab is closed. The first still has the file open, and continues.
    drop(second);
    until("the first tab continues", || only(&first).is_some_and(|view| view.reason != Some(Reason::OtherTab))).await;
    assert_ne!(only(&first).unwrap().stage, Stage::NeedsFile);
}

#[wasm_bindgen_test]
async fn an_upload_started_in_one_tab_appears_in_the_other() {
    let store = crate::testing::unique("driver");
    let (room, rooms) = joined_room("/driver-appears").await;
    let _server = FakeServer::install("/driver-appears", functions);
    let (first, second) = (tab(&rooms, &store).await, tab(&rooms, &store).await);
    first.add(room, picked()).await;
    until("the other tab shows it", || only(&second).is_some_and(|view| view.reason == Some(Reason::OtherTab))).await;
    assert_eq!(only(&second).unwrap().name, "small.bin");
}

#[wasm_bindgen_test]
async fn a_pause_reaches_the_checkpoint() {
    let store = crate::testing::unique("driver");
    let (_, _, driver, _server) = started("/driver-pause", &store).await;
    driver.feed(Input::Pause(Which::All));
    assert_eq!(only(&driver).unwrap().stage, Stage::Paused);
    driver.0.store.flush().await;
    assert!(driver.0.store.load().await[0].head.paused);
}

/// The digests that this shell does not compute.
#[wasm_bindgen_test]
async fn an_unsupported_digest_fails_and_leaves_nothing_behind() {
    let store = crate::testing::unique("driver");
    let (_, rooms) = joined_room("/driver-digest").await;
    let driver = tab(&rooms, &store).await;
    let (id, _) = driver.register(picked().remove(0));
    // The inputs stay in the queue.
    driver.0.inbox.hold();
    for (number, digest) in [(1, DigestAlgorithm::None), (2, DigestAlgorithm::Sha256)] {
        let (attempt, range) = (Attempt(number), PartRange { start: 0, len: BYTES.len() as u64 });
        driver.prepare((id, PartNumber::FIRST, attempt), range, digest, Purpose::Send);
        let failed = Input::PrepareFailed { id, part: PartNumber::FIRST, attempt, fault: ReadFault::Unsupported };
        assert_eq!(driver.0.inbox.take(), [failed], "{digest:?}");
        assert!(driver.0.preparing.borrow().is_empty() && driver.0.bodies.borrow().is_empty(), "{digest:?}");
    }
}
