//! Two at once: one wins, and the other one gets an error that says so.

use futures::future::{join, join_all};
use slipway_protocol::calls;
use slipway_protocol::wire::error::ErrorCode;
use slipway_protocol::wire::link::Role;
use slipway_protocol::wire::{Event, EventPage, UploadState};

use super::content::{Content, MIB};
use super::world::{Person, World, both_tables};

both_tables! {
    /// Abuse case 18, twice and at once: one file, one charge, told once.
    async fn many_completes_at_once_make_one_file(tables) {
        let world = World::on(tables, |_| {}).await;
        let ana = world.join(Role::Contribute).await;
        for file in [Content::new(1, 1000), Content::new(2, 17 * MIB)] {
            let upload = ana.begin(&file).await.upload_id;
            ana.put_parts(upload, &file, 1..=file.plan.part_count).await;
            let answers = join_all((0..8).map(|_| ana.try_complete(upload))).await;
            assert!(answers.iter().all(|answer| answer.status.is_success()), "{answers:?}");
            assert!(answers.iter().any(|answer| answer.status == 200));
            ana.complete(upload).await;
        }
        assert_eq!(world.used().await, (1000 + 17 * MIB as u64, 2, 0));
        assert_eq!(ana.files().await.len(), 2);
        assert_eq!(added(&world, &ana).await, 2);
    }
}

async fn added(world: &World, person: &Person) -> usize {
    let page: EventPage = person.call(&calls::ListEvents { room: world.room.id, after: 0 }).await.ok();
    page.events.iter().filter(|event| matches!(event.what, Event::FileAdded { .. })).count()
}

both_tables! {
    async fn complete_and_abort_at_once_have_one_winner(tables) {
        let world = World::on(tables, |_| {}).await;
        let ana = world.join(Role::Contribute).await;
        let (small, large) = (Content::new(1, 1000), Content::in_small_parts(2, 6 * MIB));
        let mut completed = 0;
        for round in 0..24 {
            let file = if round % 2 == 0 { &small } else { &large };
            let upload = world.begin_as_planned(&ana, file).await.upload_id;
            ana.put_parts(upload, file, 1..=file.plan.part_count).await;
            let abort = async {
                // The abort starts a little later each time, to meet complete at each of its steps.
                tokio::time::sleep(std::time::Duration::from_millis(round)).await;
                ana.abort(upload).await
            };
            let (complete, abort) = join(ana.try_complete(upload), abort).await;
            let won = complete.status.is_success();
            assert_ne!(won, abort.status.is_success(), "{complete:?} {abort:?}");
            completed += usize::from(won);
            assert_end(&world, &ana, upload, won).await;
        }
        assert_eq!(ana.files().await.len(), completed);
        assert_eq!((world.used().await.1, world.used().await.2), (completed as u64, 0));
    }
}

async fn assert_end(world: &World, ana: &Person, upload: slipway_protocol::wire::id::UploadId, completed: bool) {
    let status = ana.status(upload).await;
    if completed {
        assert_eq!(status.state, UploadState::Completed);
        assert!(world.object(status.file_id).await.is_some());
        ana.abort(upload).await.failed(ErrorCode::UploadCompleted);
    } else {
        assert_eq!(status.state, UploadState::Aborted);
        world.assert_nothing_in_storage(upload).await;
        ana.try_complete(upload).await.failed(ErrorCode::UploadAborted);
    }
}

both_tables! {
    async fn many_aborts_at_once_free_the_quota_once(tables) {
        let world = World::on(tables, |_| {}).await;
        let ana = world.join(Role::Contribute).await;
        let kept = Content::new(1, 1000);
        ana.upload(&kept).await;
        for file in [Content::new(2, 500), Content::new(3, 17 * MIB)] {
            let upload = ana.begin(&file).await.upload_id;
            let answers = join_all((0..8).map(|_| ana.abort(upload))).await;
            assert!(answers.iter().all(|answer| answer.status == 204), "{answers:?}");
            assert_eq!(world.used().await, (1000, 1, 0));
        }
    }
}

both_tables! {
    /// 60 small files of three people, completed all at once: every event has a number of its own.
    async fn a_busy_room_loses_nothing(tables) {
        let world = World::on(tables, |_| {}).await;
        let people = [world.join(Role::Contribute).await, world.join(Role::Manage).await, world.join(Role::Drop).await];
        let file = Content::new(1, 100);
        let uploads = people.iter().map(async |person| {
            let started = person.begin_all(vec![file.to_upload(1); 20]).await;
            for one in &started {
                assert_eq!(crate::storage::bucket::send(&one.requests[0], file.part(1)).await.status, 200);
            }
            person.complete_many(started.iter().map(|one| one.upload_id).collect()).await
        });
        let results: Vec<_> = join_all(uploads).await.into_iter().flat_map(|many| many.results).collect();
        let text = serde_json::to_string(&results).unwrap();
        assert_eq!(text.matches("\"state\":\"completed\"").count(), 60, "{text}");
        assert_eq!(world.used().await, (6000, 60, 0));
        assert_eq!(people[0].view().await.last_seq, Some(180), "60 times started, completed, added");
    }
}
