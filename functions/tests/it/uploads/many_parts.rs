//! Real uploads of up to 1,001 parts: below, at and above a page of ListParts, and what one call may complete.

use std::time::{Duration, Instant};

use futures::StreamExt as _;
use slipway_protocol::calls;
use slipway_protocol::wire::digest::{Digest, Md5, composite_etag};
use slipway_protocol::wire::id::UploadId;
use slipway_protocol::wire::link::Role;
use slipway_protocol::wire::plan::Plan;
use slipway_protocol::wire::{Completion, PartToSign, UploadState};

use super::content::{Content, MIB, part, small_parts};
use super::world::{Person, World};
use crate::storage::bucket::{promise, send};

/// Longer than finish may take.
const LONGEST: Duration = Duration::from_secs(900);

/// All parts have the same 5 MiB, so that storage copies them and nothing has to be sent.
struct Uniform {
    content: Content,
    plan: Plan,
    digest: Md5,
}

impl Uniform {
    fn new(parts: u16) -> Self {
        let plan = small_parts(u64::from(parts) * 5 * MIB as u64);
        let content = Content { plan, ..Content::new(1, 5 * MIB) };
        let digest = Md5::of(&content.bytes);
        Self { content, plan, digest }
    }

    fn to_sign(&self, number: u16) -> PartToSign {
        PartToSign { part_number: part(number), digest: Digest(self.digest), host: 0 }
    }
}

async fn promise_all(ana: &Person, upload: UploadId, file: &Uniform) {
    let all: Vec<_> = (1..=file.plan.part_count).map(|number| file.to_sign(number)).collect();
    for some in all.chunks(100) {
        ana.sign(upload, some).await;
    }
}

/// Puts the source once, and copies it into each part.
async fn copy_parts(world: &World, upload: UploadId, file: &Uniform) {
    let record = world.record(upload).await;
    let source = crate::storage::bucket::key();
    let put = world.bucket.storage.presign_single(&source, promise(&file.content.bytes), (0, Duration::from_secs(60)));
    assert_eq!(send(&put.await.unwrap(), &file.content.bytes).await.status, 200);
    let (client, bucket) = (world.bucket.client(), &world.bucket.config.bucket);
    let (key, s3) = (record.object_key(), record.s3_upload_id.unwrap());
    let from = format!("{bucket}/{source}");
    let copies = (1..=i32::from(file.plan.part_count)).map(|number| {
        let call = client.upload_part_copy().bucket(bucket).key(key.as_str()).upload_id(s3.as_str());
        call.part_number(number).copy_source(&from).send()
    });
    let results: Vec<_> = futures::stream::iter(copies).buffer_unordered(4).collect().await;
    results.into_iter().for_each(|result| drop(result.unwrap()));
}

async fn completes_with(parts: u16) {
    let world = World::new().await;
    let ana = world.join(Role::Contribute).await;
    let file = Uniform::new(parts);
    let upload = world.begin_as_planned(&ana, &file.content).await.upload_id;
    promise_all(&ana, upload, &file).await;
    copy_parts(&world, upload, &file).await;

    let page = ana.status(upload).await;
    assert_eq!(page.parts.len(), usize::from(parts.min(1000)));
    assert_eq!(page.next_after, (parts > 1000).then(|| part(1000)));

    let started = Instant::now();
    let answer = ana.try_complete(upload).await;
    assert_eq!(answer.status, if parts > 100 { 202 } else { 200 }, "{}", answer.body);
    if let Completion::Completing { .. } = answer.ok() {
        wait_until_completed(&ana, upload).await;
    }
    let info = ana.complete(upload).await;
    eprintln!("{parts} parts, {} bytes: complete after {:.1} s", file.plan.size, started.elapsed().as_secs_f64());
    assert_eq!(info.etag, composite_etag((0..parts).map(|_| file.digest)));
    let object = world.bucket.storage.head(&world.record(upload).await.object_key()).await.unwrap();
    assert_eq!((object.size, object.etag), (file.plan.size, info.etag));
    assert_eq!(world.used().await, (file.plan.size, 1, 0));
    // Disk space: these are gibibytes.
    assert_eq!(ana.call(&calls::RemoveFile { file: info.file_id }).await.status, 204);
}

async fn wait_until_completed(ana: &Person, upload: UploadId) {
    let started = Instant::now();
    while started.elapsed() < LONGEST {
        match ana.status(upload).await.state {
            UploadState::Completed => return,
            state => assert_eq!(state, UploadState::Completing),
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("not completed within {LONGEST:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_part() {
    completes_with(1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_parts_in_the_call() {
    completes_with(100).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_and_one_parts_by_finish() {
    completes_with(101).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn parts_below_a_page() {
    completes_with(999).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn parts_of_a_full_page() {
    completes_with(1000).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn parts_above_a_page() {
    completes_with(1001).await;
}

/// `SLIPWAY_PARTS=10000` asks for the most that S3 takes: 49 GiB, see docs/testing.md.
#[tokio::test(flavor = "multi_thread")]
async fn as_many_parts_as_are_asked_for() {
    let parts = std::env::var("SLIPWAY_PARTS").map_or(2, |parts| parts.parse().expect("SLIPWAY_PARTS is a number"));
    completes_with(parts).await;
}
