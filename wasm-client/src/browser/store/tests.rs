use wasm_bindgen_test::wasm_bindgen_test;

use slipway_protocol::machine::UploadRecord;
use slipway_protocol::wire::id::PartNumber;

use super::*;
use crate::testing::{Recorder, digest_of, file_in, head, open as open_file, opfs_folder, part_record, unique};

const ONE: LocalId = LocalId(1);
// The largest id there is: keys are doubles.
const TWO: LocalId = LocalId((1 << 53) - 1);

async fn store(name: &str) -> (Store, Recorder<StoreEvent>) {
    let (store, recorder) = (Store::open(name).await, Recorder::new());
    assert!(store.is_open());
    store.on_event(recorder.callback());
    (store, recorder)
}

fn changed_head(id: LocalId) -> UploadRecord {
    UploadRecord { paused: true, ..head(id.0) }
}

#[wasm_bindgen_test]
async fn records_are_answered_in_order_and_read_after_reopening() {
    let name = unique("store");
    let (first, recorder) = store(&name).await;
    first.save(ONE, 1, Record::Upload(head(1)));
    for part in 1..=3 {
        first.save(ONE, 1 + u64::from(part), part_record(part));
    }
    first.save(ONE, 5, Record::Upload(changed_head(ONE)));
    first.flush().await;
    let saved: Vec<_> = (1..=5).map(|save| StoreEvent::Saved { id: ONE, save }).collect();
    assert_eq!(recorder.all(), saved);
    first.close();

    let (again, _) = store(&name).await;
    let parts = (1..=3).map(|part| (PartNumber::new(part).unwrap(), digest_of(part).into())).collect();
    assert_eq!(again.load().await, [Checkpoint { head: changed_head(ONE), parts }]);
}

#[wasm_bindgen_test]
async fn forgetting_one_upload_leaves_the_others() {
    let (store, _) = store(&unique("store")).await;
    for id in [ONE, TWO] {
        store.save(id, 1, Record::Upload(head(id.0)));
        store.save(id, 2, part_record(1));
        store.save(id, 3, part_record(10_000));
    }
    store.forget(ONE);
    store.flush().await;
    assert_eq!(store.load_one(ONE).await, None);
    assert_eq!(store.load_one(TWO).await.unwrap().parts.len(), 2);
    assert_eq!(store.load().await.len(), 1);
    assert_eq!(store.ids().await, [TWO]);
    // No record is left that an upload with the same id could pick up.
    store.save(ONE, 1, Record::Upload(head(1)));
    store.flush().await;
    assert_eq!(store.load_one(ONE).await.unwrap().parts, []);
}

#[wasm_bindgen_test]
async fn nothing_is_left_of_a_forgotten_upload() {
    let name = unique("store");
    let ((store, _), (other, _)) = (store(&name).await, store(&name).await);
    let handle = file_in(&opfs_folder().await, "kept.txt", b"kept").await;
    for (by_other, has_handle) in [(false, false), (false, true), (true, false)] {
        store.track_new(ONE);
        store.save(ONE, 1, Record::Upload(head(1)));
        if has_handle {
            store.save_handle(ONE, handle.clone());
            store.save(ONE, 2, part_record(1));
        }
        store.flush().await;
        if by_other {
            // The other tab took the upload over, and this one has it again.
            other.save(ONE, 1, part_record(2));
            other.save_handle(ONE, handle.clone());
            other.flush().await;
            store.load_one(ONE).await.unwrap();
        }
        store.forget(ONE);
        store.save(ONE, 3, Record::Upload(head(1)));
        store.flush().await;
        assert_eq!(store.load_one(ONE).await.unwrap().parts, []);
        assert!(store.handle(ONE).await.is_none());
        store.forget(ONE);
    }
}

#[wasm_bindgen_test]
async fn ten_thousand_parts_are_read_in_pages() {
    let (store, recorder) = store(&unique("store")).await;
    store.save(ONE, 0, Record::Upload(head(1)));
    for part in 1..=10_000 {
        store.save(ONE, u64::from(part), part_record(part));
    }
    store.flush().await;
    assert_eq!(recorder.all().len(), 10_001);
    for checkpoint in [store.load_one(ONE).await.unwrap(), store.load().await.remove(0)] {
        let numbers: Vec<_> = checkpoint.parts.iter().map(|(part, _)| part.get()).collect();
        assert_eq!(numbers, (1..=10_000).collect::<Vec<_>>());
    }
}

#[wasm_bindgen_test]
async fn a_handle_opens_the_file_after_reopening() {
    let name = unique("store");
    let (first, _) = store(&name).await;
    let handle = file_in(&opfs_folder().await, "kept.txt", b"kept").await;
    first.save_handle(ONE, handle);
    first.flush().await;
    first.close();
    let (again, _) = store(&name).await;
    let handle = again.handle(ONE).await.unwrap();
    assert_eq!(open_file(&handle).await.size(), 4.0);
    assert!(again.handle(TWO).await.is_none());
}

#[wasm_bindgen_test]
async fn a_connection_that_the_browser_closed_is_opened_again() {
    let (store, recorder) = store(&unique("store")).await;
    store.connected().unwrap().raw.close();
    store.save(ONE, 1, Record::Upload(head(1)));
    store.flush().await;
    assert_eq!(recorder.all(), [StoreEvent::Saved { id: ONE, save: 1 }]);
    assert_eq!(store.load().await.len(), 1);
}

#[wasm_bindgen_test]
async fn without_a_database_saves_fail_and_nothing_is_read() {
    let name = unique("store");
    // A newer page has upgraded the database, so opening this version fails, as opening any does in some private windows.
    let newer = Factory::new().unwrap().open(&name, Some(VERSION + 1)).unwrap().await.unwrap();
    let (store, recorder) = (Store::open(&name).await, Recorder::new());
    store.on_event(recorder.callback());
    assert!(!store.is_open());
    store.save(ONE, 1, Record::Upload(head(1)));
    store.flush().await;
    assert_eq!(recorder.all(), [StoreEvent::Failed { id: ONE, save: 1, full: false }]);
    assert_eq!(store.load().await, []);
    newer.close();
}
