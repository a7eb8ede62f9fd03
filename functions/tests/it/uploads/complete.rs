//! Complete verifies every part, then the object, and does it once.

use std::time::{Duration, Instant};

use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{CompletedMultipartUpload, CompletedPart};
use functions::edge::request_id::RequestId;
use functions::uploads::complete::complete_many;
use slipway_protocol::calls;
use slipway_protocol::wire::digest::composite_etag;
use slipway_protocol::wire::error::ErrorCode;
use slipway_protocol::wire::id::UploadId;
use slipway_protocol::wire::link::Role;
use slipway_protocol::wire::{CompleteMany, Completion, CompletionResult, UploadState};

use super::content::{Content, MIB};
use super::wire::{Trouble, Wire};
use super::world::{Person, World, named};
use crate::storage::bucket::send;

#[tokio::test(flavor = "multi_thread")]
async fn missing_parts_are_named_and_the_upload_goes_on() {
    let world = World::new().await;
    let ana = world.join(Role::Contribute).await;
    let file = Content::in_small_parts(1, 38 * MIB);
    assert_eq!(file.plan.part_count, 8);
    let upload = world.begin_as_planned(&ana, &file).await.upload_id;
    let error = ana.try_complete(upload).await.failed(ErrorCode::PartsIncomplete);
    assert_eq!(named(&error), (1..=8).collect::<Vec<_>>(), "pending");

    ana.put_parts(upload, &file, [1, 3, 7]).await;
    let stored: Vec<_> = ana.status(upload).await.parts.iter().map(|part| part.part_number.get()).collect();
    assert_eq!(stored, [1, 3, 7]);
    let error = ana.try_complete(upload).await.failed(ErrorCode::PartsIncomplete);
    assert_eq!(named(&error), [2, 4, 5, 6, 8]);

    ana.put_parts(upload, &file, [2, 4, 5, 6]).await;
    let error = ana.try_complete(upload).await.failed(ErrorCode::PartsIncomplete);
    assert_eq!(named(&error), [8], "only the last one");
    ana.put_parts(upload, &file, [8]).await;
    let info = ana.complete(upload).await;
    assert_eq!(info.etag, composite_etag((1..=8).map(|number| file.digest(number))));
    assert!(world.object(info.file_id).await.unwrap() == *file.bytes);
}

/// What no signed URL allows, done with the bucket's own keys.
async fn put_behind_our_back(world: &World, upload: UploadId, part: i32, bytes: &[u8]) {
    let record = world.record(upload).await;
    let call = world.bucket.client().upload_part().bucket(&world.bucket.config.bucket);
    call.key(record.object_key().as_str())
        .upload_id(record.s3_upload_id.unwrap().as_str())
        .part_number(part)
        .body(ByteStream::from(bytes.to_vec()))
        .send()
        .await
        .unwrap();
}

async fn complete_behind_our_back(world: &World, upload: UploadId, content: &Content, parts: &[u16]) {
    let record = world.record(upload).await;
    let parts = parts.iter().map(|&number| {
        CompletedPart::builder().part_number(i32::from(number)).e_tag(content.digest(number).hex()).build()
    });
    let call = world.bucket.client().complete_multipart_upload().bucket(&world.bucket.config.bucket);
    call.key(record.object_key().as_str())
        .upload_id(record.s3_upload_id.unwrap().as_str())
        .multipart_upload(CompletedMultipartUpload::builder().set_parts(Some(parts.collect())).build())
        .send()
        .await
        .unwrap();
}

/// Abuse case 5: only what storage lists counts.
#[tokio::test(flavor = "multi_thread")]
async fn wrong_short_and_surplus_parts_are_found_out() {
    let world = World::new().await;
    let ana = world.join(Role::Contribute).await;
    let file = Content::in_small_parts(1, 11 * MIB);
    let upload = world.begin_as_planned(&ana, &file).await.upload_id;
    ana.put_parts(upload, &file, 1..=3).await;
    let mut other_tail = file.part(3).to_vec();
    other_tail[7] ^= 1;
    put_behind_our_back(&world, upload, 3, &other_tail).await;
    put_behind_our_back(&world, upload, 1, &file.part(1)[1..]).await;
    let error = ana.try_complete(upload).await.failed(ErrorCode::PartsIncomplete);
    assert_eq!(named(&error), [1, 3]);
    assert_eq!(ana.status(upload).await.state, UploadState::Uploading);

    // A part beyond the plan is not asked for, and not put into the object.
    put_behind_our_back(&world, upload, 4, b"more").await;
    ana.put_parts(upload, &file, [1, 3]).await;
    let info = ana.complete(upload).await;
    assert!(world.object(info.file_id).await.unwrap() == *file.bytes);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_part_that_was_never_promised_does_not_count() {
    let world = World::new().await;
    let ana = world.join(Role::Contribute).await;
    let file = Content::in_small_parts(1, 6 * MIB);
    let upload = world.begin_as_planned(&ana, &file).await.upload_id;
    ana.put_parts(upload, &file, [1]).await;
    put_behind_our_back(&world, upload, 2, file.part(2)).await;
    let error = ana.try_complete(upload).await.failed(ErrorCode::PartsIncomplete);
    assert_eq!(named(&error), [2]);
}

#[tokio::test(flavor = "multi_thread")]
async fn asked_again_it_gives_the_same_answer() {
    let world = World::new().await;
    let ana = world.join(Role::Contribute).await;
    for file in [Content::new(1, 10), Content::new(2, 17 * MIB)] {
        let upload = ana.begin(&file).await.upload_id;
        ana.put_parts(upload, &file, 1..=file.plan.part_count).await;
        let info = ana.complete(upload).await;
        assert_eq!(ana.complete(upload).await, info);
        let status = ana.status(upload).await;
        assert_eq!((status.state, status.file, status.parts), (UploadState::Completed, Some(info), vec![]));
    }
    assert_eq!(ana.files().await.len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_single_put_that_is_not_there_yet_is_waited_for() {
    let world = World::new().await;
    let ana = world.join(Role::Drop).await;
    let file = Content::new(1, 1000);
    let upload = ana.begin(&file).await.upload_id;
    let error = ana.try_complete(upload).await.failed(ErrorCode::PartsIncomplete);
    assert_eq!(named(&error), [1]);
    ana.put_parts(upload, &file, [1]).await;
    assert_eq!(ana.status(upload).await.parts.len(), 1);
    ana.complete(upload).await;
}

/// Nothing is left of an object that is not what was promised, and the room pays nothing for it.
async fn assert_failed(world: &World, ana: &Person, upload: UploadId, code: ErrorCode) {
    ana.try_complete(upload).await.failed(code);
    assert_eq!(ana.status(upload).await.state, UploadState::Failed);
    ana.try_complete(upload).await.failed(code);
    world.assert_nothing_in_storage(upload).await;
    assert_eq!(world.used().await, (0, 0, 0));
    assert!(ana.files().await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_swapped_object_fails_for_good() {
    let world = World::new().await;
    let ana = world.join(Role::Contribute).await;
    let file = Content::new(1, 1000);
    let upload = ana.begin(&file).await.upload_id;
    ana.put_parts(upload, &file, [1]).await;
    let key = world.record(upload).await.object_key();
    let put = world.bucket.client().put_object().bucket(&world.bucket.config.bucket).key(key.as_str());
    put.body(ByteStream::from(vec![7; 1000])).send().await.unwrap();
    assert_failed(&world, &ana, upload, ErrorCode::ObjectMismatch).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_object_of_fewer_parts_fails_for_good() {
    let world = World::new().await;
    let ana = world.join(Role::Contribute).await;
    let file = Content::in_small_parts(1, 11 * MIB);
    let upload = world.begin_as_planned(&ana, &file).await.upload_id;
    ana.put_parts(upload, &file, 1..=3).await;
    complete_behind_our_back(&world, upload, &file, &[1, 3]).await;
    assert_failed(&world, &ana, upload, ErrorCode::ObjectMismatch).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_that_storage_lost_fails_for_good() {
    let world = World::new().await;
    let ana = world.join(Role::Contribute).await;
    let file = Content::new(1, 17 * MIB);
    let upload = ana.begin(&file).await.upload_id;
    ana.put_parts(upload, &file, [1, 2]).await;
    let record = world.record(upload).await;
    world.bucket.storage.abort(&record.object_key(), &record.s3_upload_id.unwrap()).await.unwrap();
    assert_failed(&world, &ana, upload, ErrorCode::UploadFailed).await;
}

/// Storage completed it and nobody here knows: the object is checked before anything else is tried.
#[tokio::test(flavor = "multi_thread")]
async fn what_storage_completed_before_is_taken() {
    let world = World::new().await;
    let ana = world.join(Role::Contribute).await;
    let file = Content::new(1, 17 * MIB);
    let upload = ana.begin(&file).await.upload_id;
    ana.put_parts(upload, &file, [1, 2]).await;
    complete_behind_our_back(&world, upload, &file, &[1, 2]).await;
    let info = ana.complete(upload).await;
    assert!(world.object(info.file_id).await.unwrap() == *file.bytes);
    assert_eq!(world.used().await, (17 * MIB as u64, 1, 0));
}

/// The status finds out, too, where a client would wait for parts that storage no longer takes.
#[tokio::test(flavor = "multi_thread")]
async fn the_status_finds_out_what_storage_completed() {
    let world = World::new().await;
    let ana = world.join(Role::Contribute).await;
    let file = Content::new(1, 17 * MIB);
    let upload = ana.begin(&file).await.upload_id;
    ana.put_parts(upload, &file, [1, 2]).await;
    complete_behind_our_back(&world, upload, &file, &[1, 2]).await;
    let mut state = ana.status(upload).await.state;
    for _ in 0..100 {
        if state == UploadState::Completed {
            break;
        }
        assert_eq!(state, UploadState::Completing);
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        state = ana.status(upload).await.state;
    }
    assert_eq!(state, UploadState::Completed);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_or_false_answer_of_storage_does_no_harm() {
    for trouble in [Trouble::AnswerLost, Trouble::ErrorInside200, Trouble::NotDone] {
        let world = World::new().await;
        let ana = world.join(Role::Contribute).await;
        let file = Content::new(1, 17 * MIB);
        let upload = ana.begin(&file).await.upload_id;
        ana.put_parts(upload, &file, [1, 2]).await;
        let wire = Wire::to(world.bucket.endpoint(), trouble, 1).await;
        let mut app = world.app().clone();
        app.storage = world.bucket.through(&wire.endpoint, &[]);
        let first = functions::uploads::complete::complete(&app, &ana.member(), upload).await;
        assert_eq!(wire.left(), 0);
        match trouble {
            Trouble::NotDone => assert_eq!(first.unwrap_err().code(), ErrorCode::Unavailable),
            _ => assert!(first.is_ok(), "{trouble:?}: the object is there"),
        }
        let info = ana.complete(upload).await;
        assert!(world.object(info.file_id).await.unwrap() == *file.bytes);
        assert_eq!(world.used().await, (17 * MIB as u64, 1, 0));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_bad_upload_of_a_batch_does_not_hold_up_the_others() {
    let world = World::new().await;
    let ana = world.join(Role::Contribute).await;
    let (file, late) = (Content::new(1, 10), Content::new(2, 20));
    let (one, two) = (ana.begin(&file).await.upload_id, ana.begin(&late).await.upload_id);
    ana.put_parts(one, &file, [1]).await;
    let unknown = functions::ids::upload_id();
    let results = ana.complete_many(vec![two, one, unknown]).await.results;
    let codes: Vec<_> = results
        .iter()
        .map(|result| match result {
            CompletionResult::Done(_) => None,
            CompletionResult::Failed { error } => Some(error.code),
        })
        .collect();
    assert_eq!(codes, [Some(ErrorCode::PartsIncomplete), None, Some(ErrorCode::NotFound)]);
    let body = slipway_protocol::wire::CompleteMany { upload_ids: vec![one; 21] };
    ana.call(&calls::CompleteMany { room: world.room.id, body }).await.failed(ErrorCode::BadRequest);
}

/// A storage that takes connections and says nothing.
async fn silent_storage() -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        let mut held = Vec::new();
        while let Ok((stream, _)) = listener.accept().await {
            held.push(stream);
        }
    });
    url
}

/// Twenty uploads in eight lanes would take storage's time-outs one after the other, and the gateway gives up at 30 s.
#[tokio::test(flavor = "multi_thread")]
async fn a_batch_shares_the_time_of_one_call() {
    let world = World::with(|config| config.call.complete = Duration::from_millis(1500)).await;
    let ana = world.join(Role::Contribute).await;
    let files: Vec<_> = (0..20).map(|seed| Content::new(seed, 10)).collect();
    let started = ana.begin_all(files.iter().map(|file| file.to_upload(1)).collect()).await;
    for (file, started) in files.iter().zip(&started) {
        assert_eq!(send(&started.requests[0], file.part(1)).await.status, 200);
    }
    let upload_ids: Vec<_> = started.iter().map(|started| started.upload_id).collect();
    let mut cut_off = world.app().clone();
    cut_off.storage = world.bucket.through(&silent_storage().await, &[]);
    let before = Instant::now();
    let request = CompleteMany { upload_ids: upload_ids.clone() };
    let done = complete_many(&cut_off, &ana.member(), &request, &RequestId::random()).await.unwrap();
    assert!(before.elapsed() < Duration::from_millis(1500 + 4000 + 2000), "{:?}", before.elapsed());
    let is_working = |result: &&CompletionResult| {
        matches!(result, CompletionResult::Done(Completion::Completing { retry_after_seconds: 1.. }))
    };
    assert_eq!(done.results.iter().filter(is_working).count(), 20, "{done:?}");

    // Those that nobody came to are as they were, and asked for again they are completed.
    let mut untouched = Vec::new();
    for id in upload_ids {
        if world.record(id).await.state == UploadState::Uploading {
            untouched.push(id);
        }
    }
    assert!(untouched.len() >= 12, "{}", untouched.len());
    let again = ana.complete_many(untouched.clone()).await.results;
    let is_done = |result: &&CompletionResult| matches!(result, CompletionResult::Done(Completion::Completed { .. }));
    assert_eq!(again.iter().filter(is_done).count(), untouched.len(), "{again:?}");
}

/// The gateway would answer without a word that a program could read.
#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_takes_too_long_is_answered_as_every_other() {
    let silent = silent_storage().await;
    let world = World::with(|config| {
        config.call.answer = Duration::from_millis(700);
        config.s3_endpoint = Some(silent);
    })
    .await;
    let ana = world.join(Role::Contribute).await;
    let refused = ana.try_begin(vec![Content::new(1, 17 * MIB).to_upload(0)], None).await;
    assert!(refused.headers.contains_key("retry-after"));
    refused.failed(ErrorCode::Unavailable);
}
