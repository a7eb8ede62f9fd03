//! A function killed at any line: the next caller, or sweep, goes on from there. One file, one charge.

use functions::faults::Point;
use functions::uploads::{abort, complete, initiate};
use slipway_protocol::wire::id::UploadId;
use slipway_protocol::wire::link::Role;
use slipway_protocol::wire::{Completion, Initiate, Initiated, UploadState};

use super::content::{Content, MIB};
use super::world::{Person, World, both_tables, source};

const COMPLETE: [Point; 6] = [
    Point::CompleteNoted,
    Point::CompleteLeased,
    Point::CompleteListed,
    Point::CompleteInStorage,
    Point::CompleteVerified,
    Point::CompleteRecorded,
];
const INITIATE: [Point; 2] = [Point::InitiateRecorded, Point::InitiateInStorage];
const ABORT: [Point; 3] = [Point::AbortNoted, Point::AbortMarked, Point::AbortInStorage];
const REMOVE: [Point; 1] = [Point::FileUnlisted];
/// A lease and a moment, in seconds.
const LEASE_OVER: u64 = 41;

#[test]
fn every_point_is_tested() {
    let tested = [&COMPLETE[..], &INITIATE, &ABORT, &REMOVE].concat();
    assert!(Point::ALL.iter().all(|point| tested.contains(point)));
    assert_eq!(Point::ALL.len(), tested.len());
}

/// Runs until the point, and no further.
pub(super) async fn kill<T: Send + 'static>(
    world: &World,
    point: Point,
    run: impl Future<Output = T> + Send + 'static,
) {
    world.app().faults.kill_at(point);
    let victim = tokio::spawn(run);
    let killed = tokio::time::timeout(std::time::Duration::from_secs(30), world.app().faults.killed()).await;
    assert!(killed.is_ok(), "{point:?} is never reached");
    victim.abort();
}

async fn killed_complete(world: &World, ana: &Person, file: &Content, point: Point) -> UploadId {
    let upload = ana.begin(file).await.upload_id;
    ana.put_parts(upload, file, 1..=file.plan.part_count).await;
    let (app, member) = (world.app().clone(), ana.member());
    kill(world, point, async move { complete::complete(&app, &member, upload).await.map(drop) }).await;
    upload
}

fn small_and_large(point: Point) -> Vec<Content> {
    let only_large = matches!(point, Point::CompleteListed | Point::CompleteInStorage);
    let small = (!only_large).then(|| Content::new(1, 1000));
    small.into_iter().chain([Content::new(2, 17 * MIB)]).collect()
}

both_tables! {
    async fn the_next_caller_ends_a_killed_complete(tables) {
        for point in COMPLETE {
            let world = World::on(tables, |_| {}).await;
            let ana = world.join(Role::Contribute).await;
            let files = small_and_large(point);
            for file in &files {
                let upload = killed_complete(&world, &ana, file, point).await;
                let answer: Completion = ana.try_complete(upload).await.ok();
                let at_once = matches!(point, Point::CompleteNoted | Point::CompleteRecorded);
                assert_eq!(
                    matches!(answer, Completion::Completed { .. }),
                    at_once,
                    "{point:?}: a live lease is left alone"
                );
                world.wait(LEASE_OVER);
                let info = ana.complete(upload).await;
                assert!(world.object(info.file_id).await.unwrap() == *file.bytes, "{point:?}");
            }
            let bytes: usize = files.iter().map(|file| file.bytes.len()).sum();
            assert_eq!(world.used().await, (bytes as u64, files.len() as u64, 0), "{point:?}");
            assert_eq!(ana.files().await.len(), files.len(), "{point:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn sweep_ends_a_killed_complete() {
    for point in COMPLETE {
        let world = World::new().await;
        let ana = world.join(Role::Contribute).await;
        for file in small_and_large(point) {
            let upload = killed_complete(&world, &ana, &file, point).await;
            assert_eq!(world.sweep().await.resumed, 0, "{point:?}: a live lease is left alone");
            world.wait(LEASE_OVER);
            let report = world.sweep().await;
            assert_eq!(report.failed, 0);
            let expected = match point {
                // The lease was not taken: nothing is half done, and the client has not given up.
                Point::CompleteNoted => UploadState::Uploading,
                _ => UploadState::Completed,
            };
            assert_eq!(ana.status(upload).await.state, expected, "{point:?}");
        }
    }
}

/// The status of an upload that everybody left is enough to get it ended.
#[tokio::test(flavor = "multi_thread")]
async fn asking_for_the_status_ends_a_killed_complete() {
    let world = World::new().await;
    let ana = world.join(Role::Contribute).await;
    let upload = killed_complete(&world, &ana, &Content::new(1, 17 * MIB), Point::CompleteInStorage).await;
    assert_eq!(ana.status(upload).await.state, UploadState::Completing);
    world.wait(LEASE_OVER);
    for _ in 0..100 {
        if ana.status(upload).await.state == UploadState::Completed {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    panic!("nobody ended it");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_call_ends_a_killed_initiate() {
    for point in INITIATE {
        let world = World::new().await;
        let ana = world.join(Role::Contribute).await;
        let files = [Content::new(1, 17 * MIB), Content::new(2, 1000)];
        let request = Initiate { uploads: files.iter().map(|file| file.to_upload(1)).collect() };
        let (app, member, body) = (world.app().clone(), ana.member(), request.clone());
        kill(&world, point, async move {
            initiate::initiate(&app, (&member, &source()), Some("key"), &body).await.map(drop)
        })
        .await;
        assert_eq!(world.used().await.2, 2, "{point:?}");
        let started = ana.try_begin(request.uploads, Some("key")).await.ok::<Initiated>().uploads;
        for (file, started) in files.iter().zip(started) {
            ana.put_parts(started.upload_id, file, 1..=file.plan.part_count).await;
            ana.complete(started.upload_id).await;
        }
        assert_eq!(world.used().await, (17 * MIB as u64 + 1000, 2, 0), "{point:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn sweep_frees_what_a_killed_initiate_took() {
    for point in INITIATE {
        let world = World::new().await;
        let ana = world.join(Role::Contribute).await;
        let request = Initiate { uploads: vec![Content::new(1, 17 * MIB).to_upload(1)] };
        let (app, member) = (world.app().clone(), ana.member());
        kill(
            &world,
            point,
            async move { initiate::initiate(&app, (&member, &source()), None, &request).await.map(drop) },
        )
        .await;
        world.wait(24 * 3600 - 60);
        world.sweep().await;
        assert_eq!(world.used().await.2, 1, "a day is left to repeat the call");
        world.wait(120);
        assert_eq!(world.sweep().await.removed, 1, "{point:?}");
        assert_eq!(world.used().await, (0, 0, 0), "{point:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_next_caller_or_sweep_ends_a_killed_abort() {
    for (point, by_sweep) in ABORT.into_iter().flat_map(|point| [(point, false), (point, true)]) {
        let world = World::new().await;
        let ana = world.join(Role::Contribute).await;
        for file in [Content::new(1, 1000), Content::new(2, 17 * MIB)] {
            let upload = ana.begin(&file).await.upload_id;
            ana.put_parts(upload, &file, [1]).await;
            let (app, member) = (world.app().clone(), ana.member());
            kill(&world, point, async move { abort::abort(&app, &member, upload).await }).await;
            assert_eq!(world.used().await.2, 1, "{point:?}");
            world.wait(61);
            // Before it was marked nothing has happened, and it stays the owner's to cancel.
            if by_sweep && point != Point::AbortNoted {
                world.sweep().await;
            } else {
                assert_eq!(ana.abort(upload).await.status, 204, "{point:?}");
            }
            assert_eq!(ana.status(upload).await.state, UploadState::Aborted, "{point:?}");
            world.assert_nothing_in_storage(upload).await;
            assert_eq!(world.used().await, (0, 0, 0), "{point:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn sweep_deletes_what_a_killed_removal_left() {
    let world = World::new().await;
    let ana = world.join(Role::Contribute).await;
    let file = ana.upload(&Content::new(1, 1000)).await.file_id;
    let (app, member) = (world.app().clone(), ana.member());
    kill(&world, Point::FileUnlisted, async move { functions::rooms::downloads::remove(&app, &member, file).await })
        .await;
    assert_eq!(world.used().await, (0, 0, 0));
    assert!(ana.files().await.is_empty() && world.object(file).await.is_some());
    world.wait(61);
    world.sweep().await;
    assert_eq!(world.object(file).await, None);
}
