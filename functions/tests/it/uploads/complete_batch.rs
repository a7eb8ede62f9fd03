//! Small files that are completed together.

use std::time::{Duration, Instant};

use functions::edge::request_id::RequestId;
use functions::faults::Point;
use functions::records::event;
use functions::uploads::complete::complete_many;
use futures::future::join;
use slipway_protocol::wire::error::ErrorCode;
use slipway_protocol::wire::id::UploadId;
use slipway_protocol::wire::link::Role;
use slipway_protocol::wire::{CompleteMany, Completion, CompletionResult, UploadState};

use super::content::{Content, MIB};
use super::killed::kill;
use super::wire::silent_about;
use super::world::{Person, World, both_tables};
use crate::storage::bucket::send;

/// Begun and in storage.
async fn sent(person: &Person, count: usize) -> Vec<UploadId> {
    let file = Content::new(1, 1000);
    let started = person.begin_all(vec![file.to_upload(1); count]).await;
    for one in &started {
        assert_eq!(send(&one.requests[0], file.part(1)).await.status, 200);
    }
    started.into_iter().map(|one| one.upload_id).collect()
}

/// What became of each: none where it is a file now.
fn failures(results: &[CompletionResult]) -> Vec<Option<ErrorCode>> {
    let failure = |result: &CompletionResult| match result {
        CompletionResult::Done(Completion::Completed { .. }) => None,
        CompletionResult::Done(working) => panic!("{working:?}"),
        CompletionResult::Failed { error } => Some(error.code),
    };
    results.iter().map(failure).collect()
}

async fn changes(world: &World) -> usize {
    event::page(&world.app().tables, world.room.id, 0).await.unwrap().items.len()
}

both_tables! {
    async fn twenty_small_files_are_one_change(tables) {
        let world = World::on(tables, |_| {}).await;
        let ana = world.join(Role::Contribute).await;
        let mut ids = sent(&ana, 19).await;
        ids.push(ids[0]);
        let (before, seq) = (changes(&world).await, ana.view().await.last_seq.unwrap());
        assert_eq!(failures(&ana.complete_many(ids).await.results), [None; 20], "one is named twice");
        assert_eq!(changes(&world).await, before + 1);
        assert_eq!(ana.view().await.last_seq.unwrap(), seq + 2 * 19, "completed and added");
        assert_eq!(world.used().await, (19_000, 19, 0));
        for file in ana.files().await {
            assert_eq!(world.object(file.file_id).await.unwrap(), Content::new(1, 1000).bytes.as_slice());
        }
    }
}

both_tables! {
    async fn large_and_foreign_uploads_are_completed_one_by_one(tables) {
        let world = World::on(tables, |_| {}).await;
        let (ana, ben) = (world.join(Role::Contribute).await, world.join(Role::Contribute).await);
        let (small, foreign) = (sent(&ana, 2).await, sent(&ben, 1).await[0]);
        let large = Content::new(2, 17 * MIB);
        let whole = ana.begin(&large).await.upload_id;
        ana.put_parts(whole, &large, 1..=large.plan.part_count).await;
        let done = ana.complete_many(vec![foreign, small[0], whole, small[1]]).await.results;
        assert_eq!(failures(&done), [Some(ErrorCode::NotFound), None, None, None]);
        assert_eq!(world.record(foreign).await.state, UploadState::Uploading);
        assert_eq!(world.used().await, (3000 + 17 * MIB as u64, 4, 1));
    }
}

both_tables! {
    /// The transaction is refused as a whole when another call changed one of them first; the others are completed one
    /// by one.
    async fn an_abort_at_the_same_time_takes_its_own_and_no_other(tables) {
        let world = World::on(tables, |_| {}).await;
        let ana = world.join(Role::Contribute).await;
        let mut files = 0;
        for round in 0..12 {
            let ids = sent(&ana, 4).await;
            let abort = async {
                tokio::time::sleep(Duration::from_millis(3 * round)).await;
                ana.abort(ids[0]).await
            };
            let (done, abort) = join(ana.complete_many(ids.clone()), abort).await;
            let [first, others @ ..] = &failures(&done.results)[..] else { unreachable!() };
            assert_eq!(others, [None; 3], "{done:?}");
            assert_ne!(first.is_none(), abort.status.is_success(), "{first:?} {abort:?}");
            files += 3 + u64::from(first.is_none());
        }
        assert_eq!(world.used().await, (1000 * files, files, 0));
        assert_eq!(ana.files().await.len() as u64, files);
    }
}

both_tables! {
    /// Two calls name the same files in part: each is one file, one change of the room and one charge.
    async fn two_calls_that_overlap_complete_each_file_once(tables) {
        let world = World::on(tables, |_| {}).await;
        let ana = world.join(Role::Contribute).await;
        for round in 1..=8 {
            let ids = sent(&ana, 9).await;
            let seq = ana.view().await.last_seq.unwrap();
            let second = async {
                tokio::time::sleep(Duration::from_millis(4 * (round - 1))).await;
                ana.complete_many(ids[3..].to_vec()).await
            };
            let (first, second) = join(ana.complete_many(ids[..6].to_vec()), second).await;
            for result in first.results.iter().chain(&second.results) {
                assert!(matches!(result, CompletionResult::Done(_)), "{result:?}");
            }
            // Who met the other one at work asks again.
            let deadline = Instant::now() + Duration::from_secs(30);
            while world.used().await.2 > 0 {
                assert!(Instant::now() < deadline, "round {round}");
                ana.complete_many(ids.clone()).await;
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
            assert_eq!(failures(&ana.complete_many(ids).await.results), [None; 9]);
            let files = 9 * round;
            assert_eq!(ana.view().await.last_seq.unwrap(), seq + 2 * 9, "completed and added, once each");
            assert_eq!(world.used().await, (1000 * files, files, 0));
            assert_eq!(ana.files().await.len() as u64, files);
        }
    }
}

/// Storage does not answer for one of twenty: the others are completed in one transaction, and that one later.
#[tokio::test(flavor = "multi_thread")]
async fn one_silent_object_holds_up_no_other() {
    let world = World::with(|config| config.call.complete = Duration::from_secs(16)).await;
    let ana = world.join(Role::Contribute).await;
    let ids = sent(&ana, 20).await;
    let silent = world.record(ids[7]).await.object_key();
    let mut cut_off = world.app().clone();
    cut_off.storage = world.bucket.through(&silent_about(world.bucket.endpoint(), silent.as_str()).await, &[]);
    let (before, began) = (changes(&world).await, Instant::now());
    let request = CompleteMany { upload_ids: ids.clone() };
    let done = complete_many(&cut_off, &ana.member(), &request, &RequestId::random()).await.unwrap();
    assert!(began.elapsed() < Duration::from_secs(16 + 4 + 4), "{:?}", began.elapsed());
    let is_working =
        |result: &CompletionResult| matches!(result, CompletionResult::Done(Completion::Completing { .. }));
    let working: Vec<_> = (0..20).filter(|one| is_working(&done.results[*one])).collect();
    assert_eq!(working, [7], "{done:?}");
    assert_eq!(changes(&world).await, before + 1);
    assert_eq!(world.used().await, (20_000, 20, 1));

    // Storage is well again, and the lease of the one that waited is over.
    let mut results = done.results;
    // Who was handed the rest may renew the lease once more, just behind the clock's back.
    for _ in 0..3 {
        if results.iter().any(is_working) {
            world.wait(120);
            results = ana.complete_many(ids.clone()).await.results;
        }
    }
    assert_eq!(failures(&results), [None; 20]);
    assert_eq!(world.used().await, (20_000, 20, 0));
}

both_tables! {
    async fn who_is_killed_leaves_all_or_nothing(tables) {
        for (point, state) in
            [(Point::CompleteVerified, UploadState::Uploading), (Point::CompleteRecorded, UploadState::Completed)]
        {
            let world = World::on(tables, |_| {}).await;
            let ana = world.join(Role::Contribute).await;
            let ids = sent(&ana, 3).await;
            let (app, member, request) =
                (world.app().clone(), ana.member(), CompleteMany { upload_ids: ids.clone() });
            kill(&world, point, async move {
                complete_many(&app, &member, &request, &RequestId::random()).await.map(drop)
            })
            .await;
            for id in &ids {
                assert_eq!(world.record(*id).await.state, state, "{point:?}");
            }
            assert_eq!(failures(&ana.complete_many(ids).await.results), [None; 3]);
            assert_eq!(world.used().await, (3000, 3, 0));
            assert_eq!(ana.files().await.len(), 3);
        }
    }
}
