//! Real files, real workers. The worker is this test's own wasm, started by a script in a Blob URL.

use std::collections::HashMap;
use std::rc::Rc;

use js_sys::Array;
use md5::Digest as _;
use slipway_protocol::machine::ReadFault;
use slipway_protocol::wire::digest::Md5;
use wasm_bindgen::prelude::*;
use wasm_bindgen_test::wasm_bindgen_test;
use web_sys::{Blob, BlobPropertyBag, Url};

use super::hasher::{Bounds, Hasher, Report};
use super::wire::{FromWorker, ToWorker, VERSION};
use super::{HashEvent, HashPool, JobKey};
use crate::browser::bindings;
use crate::testing::{Recorder, file, file_in, open, opfs_folder, remove, sleep, until, write};

const MIB: usize = 1 << 20;

/// Entry point of the test's worker.
#[wasm_bindgen]
#[allow(unreachable_pub)] // Exported to the script.
pub fn start_test_hash_worker() {
    super::run_worker();
}

/// A module script that runs the real worker.
fn worker_script() -> String {
    let origin = bindings::window().location().origin().unwrap();
    script(&format!(
        "import init, {{ start_test_hash_worker }} from '{origin}/wasm-bindgen-test';
         await init({{ module_or_path: '{origin}/wasm-bindgen-test_bg.wasm' }});
         start_test_hash_worker();"
    ))
}

fn script(text: &str) -> String {
    let options = BlobPropertyBag::new();
    options.set_type("text/javascript");
    let blob = Blob::new_with_str_sequence_and_options(&Array::of1(&text.into()), &options).unwrap();
    Url::create_object_url_with_blob(&blob).unwrap()
}

/// Bytes that differ at every offset.
fn noise(len: usize) -> Vec<u8> {
    let mut state = len as u64 ^ 0x9e37_79b9_7f4a_7c15;
    let next = |_| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 56) as u8
    };
    (0..len).map(next).collect()
}

fn reference(bytes: &[u8]) -> Md5 {
    Md5::from_bytes(md5::Md5::digest(bytes).into())
}

fn key(part: u16) -> JobKey {
    JobKey { id: 9_007_199_254_740_991, part, attempt: 1 }
}

/// The digests reported so far, by part.
fn digests(events: &[HashEvent]) -> HashMap<u16, Md5> {
    let done = |event: &HashEvent| match event {
        HashEvent::Done { key, digest } => Some((key.part, *digest)),
        _ => None,
    };
    events.iter().filter_map(done).collect()
}

async fn until_ended(recorder: &Recorder<HashEvent>, count: usize) {
    let ended = |event: &HashEvent| matches!(event, HashEvent::Done { .. } | HashEvent::Failed { .. });
    for _ in 0..20 {
        if recorder.all().iter().filter(|event| ended(event)).count() >= count {
            return;
        }
        sleep(500).await;
    }
    panic!("not {count} jobs ended within 10 s: {:?}", recorder.all());
}

/// Hashes parts of a file in a pool, and compares each with the reference.
async fn check_parts(pool: &HashPool, recorder: &Recorder<HashEvent>, bytes: &[u8], parts: &[(usize, usize)]) {
    let file = file("parts.bin", bytes);
    for (index, &(start, len)) in parts.iter().enumerate() {
        pool.prepare(key(index as u16 + 1), &file, start as u64, len as u64);
    }
    until_ended(recorder, parts.len()).await;
    let digests = digests(&recorder.all());
    for (index, &(start, len)) in parts.iter().enumerate() {
        let expected = reference(&bytes[start..start + len]);
        assert_eq!(digests.get(&(index as u16 + 1)), Some(&expected), "{len} bytes from {start}");
    }
}

#[wasm_bindgen_test]
async fn every_size_around_the_borders_has_its_digest() {
    let sizes =
        [0, 1, 63, 64, 65, 512 * 1024, 512 * 1024 + 1, MIB - 1, MIB, MIB + 1, 4 * MIB - 1, 4 * MIB + 1, 16 * MIB];
    let recorder = Recorder::new();
    let pool = HashPool::with_script(&worker_script(), 1, recorder.callback());
    let parts: Vec<_> = sizes.iter().enumerate().map(|(index, &len)| (index, len)).collect();
    check_parts(&pool, &recorder, &noise(17 * MIB), &parts).await;
}

#[wasm_bindgen_test]
fn workers_by_hardware() {
    // Some browsers report none, or fewer than there are.
    let reported = [f64::NAN, 0.0, 1.0, 2.0, 7.0, 8.0, 128.0];
    assert_eq!(reported.map(super::worker_count), [1, 1, 1, 1, 1, 2, 2]);
}

#[wasm_bindgen_test]
async fn many_parts_in_two_workers() {
    let recorder = Recorder::new();
    let pool = HashPool::with_script(&worker_script(), 2, recorder.callback());
    let parts: Vec<_> = (0..200).map(|index| (index * 7919, (index * 104_729) % (3 * MIB))).collect();
    check_parts(&pool, &recorder, &noise(6 * MIB), &parts).await;
    assert_eq!(format!("{pool:?}"), "HashPool { jobs: 0, workers: 2 }");
}

#[wasm_bindgen_test]
async fn without_workers_the_page_hashes_and_reports_it() {
    let recorder = Recorder::new();
    let pool = HashPool::with_script("/there-is-no-such-script.js", 2, recorder.callback());
    check_parts(&pool, &recorder, &noise(5 * MIB), &[(0, 3 * MIB), (1, 4 * MIB), (7, 0), (64, 65)]).await;
    assert_eq!(recorder.all().iter().filter(|event| **event == HashEvent::WorkerLost).count(), 1);
}

#[wasm_bindgen_test]
async fn a_worker_that_dies_at_work_loses_no_job() {
    let dies = script("onmessage = () => { throw new Error('a test of a dying worker'); }; postMessage([0, 1]);");
    let recorder = Recorder::new();
    let pool = HashPool::with_script(&dies, 1, recorder.callback());
    check_parts(&pool, &recorder, &noise(MIB), &[(0, MIB), (1, 1000)]).await;
    assert_eq!(recorder.all().iter().filter(|event| **event == HashEvent::WorkerLost).count(), 1);
}

#[wasm_bindgen_test]
async fn a_worker_of_another_version_is_not_used() {
    let old = script("postMessage([0, 999]);");
    let recorder = Recorder::new();
    let pool = HashPool::with_script(&old, 1, recorder.callback());
    check_parts(&pool, &recorder, &noise(1000), &[(0, 1000)]).await;
    assert_eq!(recorder.all()[0], HashEvent::WorkerLost);
}

#[wasm_bindgen_test]
async fn dropped_jobs_are_not_answered_and_the_others_are() {
    let bytes = noise(8 * MIB);
    let whole = file("whole.bin", &bytes);
    let recorder = Recorder::new();
    let pool = Rc::new(HashPool::with_script(&worker_script(), 1, recorder.callback()));
    for part in 1..=40 {
        pool.prepare(key(part), &whole, 0, 8 * MIB as u64);
    }
    until("the first digest", || !digests(&recorder.all()).is_empty()).await;
    let before = digests(&recorder.all()).len();
    for part in (1..=40).filter(|part| part % 2 == 0) {
        pool.drop_job(key(part));
    }
    until_ended(&recorder, 20).await;
    let done = digests(&recorder.all());
    assert!((1..=39).step_by(2).all(|part| done.contains_key(&part)));
    assert!(done.len() <= 20 + before, "of the dropped jobs, only those done before are reported");
    assert!(done.values().all(|digest| *digest == reference(&bytes)));
}

#[wasm_bindgen_test]
async fn the_same_key_again_replaces_the_job() {
    let bytes = noise(3 * MIB);
    let whole = file("again.bin", &bytes);
    let recorder = Recorder::new();
    let pool = HashPool::with_script(&worker_script(), 1, recorder.callback());
    pool.prepare(key(1), &whole, 0, 3 * MIB as u64);
    pool.prepare(key(1), &whole, 5, 100);
    until_ended(&recorder, 1).await;
    sleep(200).await;
    assert_eq!(recorder.all(), [HashEvent::Done { key: key(1), digest: reference(&bytes[5..105]) }]);
}

/// The fault of a job on a file that `spoil` replaces, removes or truncates after it was picked.
async fn fault_after(spoil: impl AsyncFnOnce(&bindings::FileHandle, &bindings::FileHandle), len: u64) -> HashEvent {
    let folder = opfs_folder().await;
    let handle = file_in(&folder, "picked.bin", &noise(2 * MIB)).await;
    let picked = open(&handle).await;
    spoil(&folder, &handle).await;
    let recorder = Recorder::new();
    let pool = HashPool::with_script(&worker_script(), 1, recorder.callback());
    pool.prepare(key(1), &picked, 0, len);
    until_ended(&recorder, 1).await;
    recorder.all().pop().unwrap()
}

#[wasm_bindgen_test]
async fn a_removed_file_is_gone() {
    for len in [2 * MIB as u64, 1000] {
        let event = fault_after(async |folder, _| remove(folder, "picked.bin").await, len).await;
        assert_eq!(event, HashEvent::Failed { key: key(1), fault: ReadFault::Gone }, "{len} bytes");
    }
}

#[wasm_bindgen_test]
async fn a_rewritten_file_is_changed() {
    for (len, now) in [(2 * MIB as u64, 2 * MIB), (1000, 2 * MIB), (2 * MIB as u64, MIB)] {
        // Some systems keep file times in milliseconds.
        let event = fault_after(
            async |_, handle| {
                sleep(20).await;
                write(handle, &noise(now)).await;
            },
            len,
        )
        .await;
        assert_eq!(event, HashEvent::Failed { key: key(1), fault: ReadFault::Changed }, "{len} bytes");
    }
}

#[wasm_bindgen_test]
async fn the_end_of_the_file_before_the_end_of_the_part_is_a_change() {
    for len in [1001, 2 * MIB as u64] {
        let recorder = Recorder::new();
        let pool = HashPool::with_script(&worker_script(), 1, recorder.callback());
        pool.prepare(key(1), &file("short.bin", &noise(1000)), 0, len);
        until_ended(&recorder, 1).await;
        assert_eq!(recorder.all(), [HashEvent::Failed { key: key(1), fault: ReadFault::Changed }]);
    }
}

#[wasm_bindgen_test]
async fn one_bad_file_does_not_stop_the_others() {
    let bytes = noise(4 * MIB);
    let (good, short) = (file("good.bin", &bytes), file("short.bin", &bytes[..MIB]));
    let recorder = Recorder::new();
    let pool = HashPool::with_script(&worker_script(), 1, recorder.callback());
    for part in 1..=12 {
        pool.prepare(key(part), if part % 3 == 0 { &short } else { &good }, 0, 4 * MIB as u64);
    }
    until_ended(&recorder, 12).await;
    let done = digests(&recorder.all());
    assert_eq!(done.len(), 8);
    assert!(done.values().all(|digest| *digest == reference(&bytes)));
}

#[wasm_bindgen_test]
async fn the_clock_ticks_with_and_without_a_worker() {
    for script in [worker_script(), "/there-is-no-such-script.js".into()] {
        let recorder = Recorder::new();
        let tick = recorder.callback();
        let pool = HashPool::with_script(&script, 1, |_| {});
        pool.clock(20, move || tick(()));
        recorder.wait_for(5).await;
        drop(pool);
        let ticks = recorder.all().len();
        sleep(100).await;
        assert_eq!(recorder.all().len(), ticks, "a dropped pool does not tick");
    }
}

#[wasm_bindgen_test]
async fn progress_is_reported_chunk_by_chunk() {
    const CHUNK: u64 = 64 << 10;
    let recorder = Recorder::new();
    let hasher = Hasher::new(Bounds { lanes: 1, chunk_bytes: CHUNK as u32, report_every_ms: 0.0 }, recorder.callback());
    hasher.prepare(1, &file("large.bin", &noise(2 * MIB)), 0, 2 * MIB as u64);
    until("the digest", || matches!(recorder.all().last(), Some(Report::Done { .. }))).await;
    let mut reports = recorder.all();
    reports.pop();
    let expected: Vec<_> = (1..32).map(|chunks| Report::Progress { job: 1, bytes: chunks * CHUNK }).collect();
    assert_eq!(reports, expected);
}

#[wasm_bindgen_test]
fn messages_survive_the_round_trip() {
    let answers = [
        FromWorker::Ready { version: VERSION },
        FromWorker::Report(Report::Progress { job: u32::MAX, bytes: (1 << 53) - 1 }),
        FromWorker::Report(Report::Done { job: 7, digest: *reference(b"x").as_bytes() }),
        FromWorker::Report(Report::Failed { job: 8, fault: ReadFault::Gone }),
        FromWorker::Report(Report::Failed { job: 8, fault: ReadFault::Changed }),
        FromWorker::Report(Report::Failed { job: 8, fault: ReadFault::Permission }),
        FromWorker::Report(Report::Failed { job: 8, fault: ReadFault::Io }),
        FromWorker::Tick { clock: 3 },
    ];
    for answer in answers {
        assert_eq!(FromWorker::from_js(&answer.to_js()), Some(answer));
    }
    let start = 5 << 40;
    let message = ToWorker::from_js(&ToWorker::Prepare { job: 1, file: 2, start, len: 1 << 30 }.to_js());
    assert!(matches!(
        message,
        Some(ToWorker::Prepare { job: 1, file: 2, start: 5_497_558_138_880, len: 1_073_741_824 })
    ));
    for foreign in [JsValue::NULL, "hash".into(), Array::of1(&9.into()).into()] {
        assert!(ToWorker::from_js(&foreign).is_none() && FromWorker::from_js(&foreign).is_none());
    }
}
