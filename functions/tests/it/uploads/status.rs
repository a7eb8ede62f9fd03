//! The status of an upload, by role.

use functions::records::upload::Reason;
use slipway_protocol::calls;
use slipway_protocol::wire::digest::Digest;
use slipway_protocol::wire::error::ErrorCode;
use slipway_protocol::wire::link::Role;
use slipway_protocol::wire::{Progress, UploadState, UploadStatus};

use super::content::{Content, MIB, part};
use super::world::World;

#[tokio::test(flavor = "multi_thread")]
async fn only_the_owner_sees_digests_of_parts() {
    let world = World::new().await;
    let (ana, viewer) = (world.join(Role::Contribute).await, world.join(Role::View).await);
    let file = Content::new(1, 17 * MIB);
    let upload = ana.begin(&file).await.upload_id;
    ana.put_parts(upload, &file, [2]).await;
    let mine = ana.status(upload).await;
    assert_eq!((mine.state, mine.parts.len(), mine.plan), (UploadState::Uploading, 1, file.plan));
    assert_eq!((mine.parts[0].part_number, mine.parts[0].digest), (part(2), Digest(file.digest(2))));
    let seen = viewer.status(upload).await;
    assert_eq!((seen.state, seen.parts), (UploadState::Uploading, vec![]));
    let listed = viewer.view().await.uploads.remove(0);
    assert_eq!((listed.upload_id, listed.mine, listed.size), (upload, false, 17 * MIB as u64));
    assert!(ana.view().await.uploads[0].mine);
}

#[tokio::test(flavor = "multi_thread")]
async fn parts_are_listed_after_a_part() {
    let world = World::new().await;
    let ana = world.join(Role::Contribute).await;
    let file = Content::in_small_parts(1, 16 * MIB);
    let upload = world.begin_as_planned(&ana, &file).await.upload_id;
    ana.put_parts(upload, &file, [1, 2, 4]).await;
    let after: UploadStatus = ana.call(&calls::GetStatus { upload, after: Some(part(2)) }).await.ok();
    assert_eq!(after.parts.iter().map(|part| part.part_number.get()).collect::<Vec<_>>(), [4]);
    for wrong in ["0", "10001", "x"] {
        ana.get(&format!("/api/uploads/{upload}?after={wrong}")).await.failed(ErrorCode::BadRequest);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn progress_is_read_from_storage_at_intervals() {
    let world = World::new().await;
    let (ana, viewer) = (world.join(Role::Contribute).await, world.join(Role::View).await);
    let file = Content::in_small_parts(1, 20 * MIB);
    let upload = world.begin_as_planned(&ana, &file).await.upload_id;
    let progress = calls::GetProgress { upload };
    ana.put_parts(upload, &file, [1]).await;
    let first: Progress = viewer.call(&progress).await.ok();
    assert_eq!((first.bytes_uploaded, first.percentage), (5 * MIB as u64, 25.0));
    ana.put_parts(upload, &file, [2]).await;
    let soon: Progress = viewer.call(&progress).await.ok();
    assert_eq!(soon.bytes_uploaded, 5 * MIB as u64, "not asked of storage again within 5 s");
    world.wait(10);
    let later: Progress = viewer.call(&progress).await.ok();
    assert_eq!((later.bytes_uploaded, later.file_name), (10 * MIB as u64, Some(file.name.clone())));
    let speed = later.upload_speed.unwrap();
    assert!((300_000..600_000).contains(&speed), "5 MiB in a little over 10 s: {speed}");
    assert_eq!(later.estimated_time_remaining, Some((10 * MIB as u64).div_ceil(speed)));
    assert_eq!(viewer.view().await.uploads[0].bytes_uploaded, 10 * MIB as u64);

    ana.put_parts(upload, &file, [3, 4]).await;
    ana.complete(upload).await;
    let done: Progress = viewer.call(&progress).await.ok();
    assert_eq!((done.bytes_uploaded, done.percentage), (20 * MIB as u64, 100.0));
}

/// The list has the current state, not the one at the beginning.
#[tokio::test(flavor = "multi_thread")]
async fn the_list_has_the_state_of_the_upload() {
    let world = World::new().await;
    let (ana, viewer) = (world.join(Role::Contribute).await, world.join(Role::View).await);
    let file = Content::in_small_parts(1, 17 * MIB);
    let upload = world.begin_as_planned(&ana, &file).await.upload_id;
    let listed = async || viewer.view().await.uploads.into_iter().map(|upload| upload.state).collect::<Vec<_>>();
    assert_eq!(listed().await, [UploadState::Pending]);
    ana.put_parts(upload, &file, [1]).await;
    assert_eq!(listed().await, [UploadState::Uploading]);

    let record = world.record(upload).await;
    let now = world.app().clock.now_ms();
    world.app().tables.write(&record.lease(now, now + 1000)).await.unwrap();
    assert_eq!(listed().await, [UploadState::Completing]);
    world.wait(2);
    let record = world.record(upload).await;
    let abort = record.aborting(Reason::Cancelled, None, world.app().clock.now_ms());
    world.app().tables.write(&abort).await.unwrap();
    assert_eq!(listed().await, [UploadState::Aborting]);
    assert_eq!(ana.abort(upload).await.status, 204);
    assert_eq!(listed().await, []);
}

/// Without a call for the progress.
#[tokio::test(flavor = "multi_thread")]
async fn the_list_follows_the_calls_of_the_upload_itself() {
    let world = World::new().await;
    let (ana, viewer) = (world.join(Role::Contribute).await, world.join(Role::View).await);
    let file = Content::in_small_parts(1, 20 * MIB);
    let upload = world.begin_as_planned(&ana, &file).await.upload_id;
    let listed = async || viewer.view().await.uploads[0].bytes_uploaded / MIB as u64;
    ana.put_parts(upload, &file, [1]).await;
    assert_eq!(listed().await, 0, "not within 5 s");
    world.wait(6);
    ana.sign(upload, &[file.to_sign(2)]).await;
    assert_eq!(listed().await, 5, "by presign");
    ana.put_parts(upload, &file, [2]).await;
    ana.status(upload).await;
    assert_eq!(listed().await, 5, "not within 5 s");
    world.wait(6);
    viewer.status(upload).await;
    assert_eq!(listed().await, 5, "others do not ask storage");
    ana.status(upload).await;
    assert_eq!(listed().await, 10, "by status");
}
