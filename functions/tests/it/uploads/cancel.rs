//! A cancelled upload leaves nothing behind: no parts, no object, no quota.

use slipway_protocol::calls;
use slipway_protocol::wire::error::ErrorCode;
use slipway_protocol::wire::link::Role;
use slipway_protocol::wire::{AuditPage, Event, EventPage, UploadState};

use super::content::{Content, MIB};
use super::world::World;
use crate::storage::bucket::send;

/// Abuse case 20.
#[tokio::test(flavor = "multi_thread")]
async fn storage_knows_a_cancelled_upload_no_more() {
    let world = World::new().await;
    let ana = world.join(Role::Drop).await;
    let file = Content::new(1, 33 * MIB);
    let upload = ana.begin(&file).await.upload_id;
    ana.put_parts(upload, &file, [1]).await;
    let late = ana.sign(upload, &[file.to_sign(2)]).await.remove(0);
    assert_eq!(ana.abort(upload).await.status, 204);
    world.assert_nothing_in_storage(upload).await;
    assert_eq!(send(&late, file.part(2)).await.code, "NoSuchUpload");
    assert_eq!(world.used().await, (0, 0, 0));
    assert!(ana.view().await.uploads.is_empty());
    assert_eq!(ana.abort(upload).await.status, 204, "again");
    let status = ana.status(upload).await;
    assert_eq!((status.state, status.reason.as_deref()), (UploadState::Aborted, Some("cancelled")));
}

/// A single PUT can land after its upload was cancelled: it is deleted when its URL is over, and a day later.
#[tokio::test(flavor = "multi_thread")]
async fn a_cancelled_single_put_that_lands_late_is_deleted() {
    let world = World::new().await;
    let ana = world.join(Role::Contribute).await;
    let file = Content::new(1, 1000);
    let started = ana.begin_all(vec![file.to_upload(1)]).await.remove(0);
    assert_eq!(ana.abort(started.upload_id).await.status, 204);
    assert_eq!(send(&started.requests[0], file.part(1)).await.status, 200, "it lands");
    assert!(world.object(started.file_id).await.is_some());
    world.wait(900 + 61);
    assert!(world.sweep().await.deleted > 0);
    assert_eq!(world.object(started.file_id).await, None);

    // One that was on its way for hours.
    assert_eq!(send(&started.requests[0], file.part(1)).await.status, 200);
    world.wait(24 * 3600);
    assert!(world.sweep().await.deleted > 0);
    assert_eq!(world.object(started.file_id).await, None);
    world.wait(24 * 3600);
    assert_eq!(world.sweep().await.looked, 0, "and that is the end of it");
    assert_eq!(world.used().await, (0, 0, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn who_manages_the_room_can_cancel_and_the_log_says_who() {
    let world = World::new().await;
    let (ana, boss) = (world.join(Role::Contribute).await, world.join(Role::Manage).await);
    let upload = ana.begin(&Content::new(1, 17 * MIB)).await.upload_id;
    assert_eq!(boss.abort(upload).await.status, 204);
    assert_eq!(ana.status(upload).await.reason.as_deref(), Some("removed"));
    let log: AuditPage = boss.call(&calls::ListAudit { room: world.room.id, after: 0 }).await.ok();
    let last = log.entries.last().unwrap();
    assert_eq!((last.action.as_str(), last.member_id), ("upload-removed", Some(boss.session.member_id)));
    let events: EventPage = ana.call(&calls::ListEvents { room: world.room.id, after: 0 }).await.ok();
    let Event::FileUploadFailed { reason, .. } = &events.events.last().unwrap().what else { panic!("no event") };
    assert_eq!(reason, "removed");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_complete_cannot_be_cancelled() {
    let world = World::new().await;
    let ana = world.join(Role::Contribute).await;
    let info = ana.upload(&Content::new(1, 1000)).await;
    ana.abort(info.upload_id).await.failed(ErrorCode::UploadCompleted);
    assert!(world.object(info.file_id).await.is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_abort_that_storage_does_not_answer_is_ended_later() {
    let world = World::new().await;
    let ana = world.join(Role::Contribute).await;
    let file = Content::new(1, 17 * MIB);
    let upload = ana.begin(&file).await.upload_id;
    let (cut_off, _away) = world.cut_off();
    let failed = functions::uploads::abort::abort(&cut_off, &ana.member(), upload).await;
    assert_eq!(failed.unwrap_err().code(), ErrorCode::Unavailable);
    assert_eq!(ana.status(upload).await.state, UploadState::Aborting);
    ana.try_sign(upload, &[file.to_sign(1)]).await.failed(ErrorCode::UploadAborted);
    ana.try_complete(upload).await.failed(ErrorCode::UploadAborted);
    assert_eq!(world.used().await.2, 1, "not freed while storage may hold it");
    assert_eq!(ana.abort(upload).await.status, 204);
    assert_eq!(world.used().await, (0, 0, 0));
}
