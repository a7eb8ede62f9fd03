//! Uploads begin all or none, once, and within the room's quota.

use functions::records::quota;
use futures::future::join_all;
use slipway_protocol::calls;
use slipway_protocol::wire::error::ErrorCode;
use slipway_protocol::wire::link::Role;
use slipway_protocol::wire::{Event, EventPage, FileMeta, Initiated, Meta, NewUpload, StartedUpload, UploadState};

use super::content::{Content, MIB};
use super::world::{World, both_tables, source};
use crate::storage::bucket::send;

#[tokio::test(flavor = "multi_thread")]
async fn files_of_every_size_arrive_byte_for_byte() {
    let world = World::new().await;
    let ana = world.join(Role::Contribute).await;
    let sizes = [0, 1, 16 * MIB - 1, 16 * MIB, 16 * MIB + 1, 33 * MIB];
    for (seed, size) in (1..).zip(sizes) {
        let file = Content::new(seed, size);
        let info = ana.upload(&file).await;
        assert_eq!((info.size, info.meta.clone()), (size as u64, file.meta()));
        assert!(world.object(info.file_id).await.unwrap() == *file.bytes, "size {size}");
    }
    let total = sizes.iter().sum::<usize>() as u64;
    assert_eq!(world.used().await, (total, sizes.len() as u64, 0));
    // The newest first.
    let names: Vec<_> = ana.files().await.into_iter().map(|file| file.meta.name().unwrap().to_owned()).collect();
    assert_eq!(names, (1..=6).rev().map(|seed| format!("file-{seed}.bin")).collect::<Vec<_>>());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_room_is_told_of_each_step() {
    let world = World::new().await;
    let ana = world.join(Role::Contribute).await;
    let info = ana.upload(&Content::new(1, 10)).await;
    let page: EventPage = ana.call(&calls::ListEvents { room: world.room.id, after: 0 }).await.ok();
    let kinds: Vec<_> = page.events.iter().map(|event| (event.seq.unwrap(), kind(&event.what))).collect();
    assert_eq!(kinds, [(1, "started"), (2, "completed"), (3, "added")]);
    let Event::FileAdded { file } = &page.events[2].what else { panic!("no file") };
    assert_eq!(*file, info);
}

fn kind(event: &Event) -> &'static str {
    match event {
        Event::FileUploadStarted { .. } => "started",
        Event::FileUploadCompleted { upload } if upload.bytes_uploaded == upload.total_bytes => "completed",
        Event::FileAdded { .. } => "added",
        _ => "another",
    }
}

both_tables! {
    /// The largest transaction: 20 uploads with promises and a key.
    async fn twenty_files_begin_in_one_call_and_end_in_one(tables) {
        let world = World::on(tables, |_| {}).await;
        let ana = world.join(Role::Contribute).await;
        let files: Vec<_> = (0..20).map(|seed| Content::new(seed, 1000 + usize::from(seed))).collect();
        let uploads = files.iter().map(|file| file.to_upload(1)).collect();
        let started = ana.try_begin(uploads, Some("key")).await.ok::<Initiated>().uploads;
        for (file, started) in files.iter().zip(&started) {
            assert_eq!(send(&started.requests[0], file.part(1)).await.status, 200);
        }
        let ids: Vec<_> = started.iter().map(|started| started.upload_id).collect();
        let done = ana.complete_many(ids).await.results;
        assert_eq!(serde_json::to_string(&done).unwrap().matches("\"state\":\"completed\"").count(), 20, "{done:?}");
        assert_eq!(ana.files().await.len(), 20);
        assert_eq!(world.used().await, ((0..20).map(|seed| 1000 + seed).sum(), 20, 0));
    }
}

both_tables! {
    async fn all_begin_or_none(tables) {
        let world = World::on(tables, |config| config.room.max_bytes = 1_000_000).await;
        let ana = world.join(Role::Contribute).await;
        let (small, large) = (Content::new(1, 400_000), Content::new(2, 700_000));
        let together = vec![small.to_upload(1), large.to_upload(1)];
        ana.try_begin(together, None).await.failed(ErrorCode::QuotaExceeded);
        assert_eq!(world.used().await, (0, 0, 0));
        assert!(ana.view().await.uploads.is_empty());
        ana.begin(&small).await;
        assert_eq!(ana.view().await.uploads.len(), 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_right_is_named() {
    let world = World::new().await;
    let ana = world.join(Role::Contribute).await;
    let good = Content::new(1, 10).to_upload(1);
    let named = |name: &str| NewUpload { meta: Meta::Plain(meta(name)), ..good.clone() };
    let table = [
        (vec![], "uploads"),
        (vec![good.clone(); 21], "uploads"),
        (vec![good.clone(), named("a\0b")], "uploads[1].meta.name"),
        (vec![named("")], "uploads[0].meta.name"),
        (vec![NewUpload { meta: Meta::Sealed("x".repeat(9000)), ..good.clone() }], "uploads[0].meta"),
        (
            vec![NewUpload { first_parts: vec![good.first_parts[0]; 2], ..good.clone() }],
            "uploads[0].firstParts[1].partNumber",
        ),
    ];
    for (uploads, field) in table {
        let error = ana.try_begin(uploads, None).await.failed(ErrorCode::BadRequest);
        assert_eq!(error.field.as_deref(), Some(field));
    }
    let too_large = NewUpload { size: (5 << 40) + 1, first_parts: vec![], ..good.clone() };
    ana.try_begin(vec![too_large], None).await.failed(ErrorCode::FileTooLarge);
    let error = ana.try_begin(vec![good], Some("no spaces")).await.failed(ErrorCode::BadRequest);
    assert_eq!(error.field.as_deref(), Some("idempotency-key"));
    assert_eq!(world.used().await, (0, 0, 0));
}

fn meta(name: &str) -> FileMeta {
    FileMeta { v: 1, name: name.into(), path: String::new(), media_type: String::new(), last_modified: None }
}

#[tokio::test(flavor = "multi_thread")]
async fn only_roles_that_upload_begin() {
    let world = World::new().await;
    let file = Content::new(1, 10);
    world.join(Role::View).await.try_begin(vec![file.to_upload(0)], None).await.failed(ErrorCode::RoleTooLow);
    for role in [Role::Manage, Role::Contribute, Role::Drop] {
        world.join(role).await.begin(&file).await;
    }
    let stranger = world.stranger().await;
    let body = slipway_protocol::wire::Initiate { uploads: vec![file.to_upload(0)] };
    stranger.call(&calls::Initiate { room: world.room.id, key: None, body }).await.failed(ErrorCode::NotFound);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_call_begins_once() {
    let world = World::new().await;
    let ana = world.join(Role::Contribute).await;
    let (large, small) = (Content::new(1, 17 * MIB), Content::new(2, 10));
    let uploads = || vec![large.to_upload(2), small.to_upload(1)];
    let first = ana.try_begin(uploads(), Some("once")).await.ok::<Initiated>().uploads;
    let again = ana.try_begin(uploads(), Some("once")).await.ok::<Initiated>().uploads;
    assert_eq!(ids(&first), ids(&again));
    assert_eq!(world.used().await.1, 2);
    // Signed again, for the same storage upload: parts of either answer end in one object.
    assert_eq!(send(&first[0].requests[0], large.part(1)).await.status, 200);
    assert_eq!(send(&again[0].requests[1], large.part(2)).await.status, 200);
    assert_eq!(send(&again[1].requests[0], small.part(1)).await.status, 200);
    ana.complete(first[0].upload_id).await;
    // One that is over is still the same one, with nothing to sign.
    let late = ana.try_begin(uploads(), Some("once")).await.ok::<Initiated>().uploads;
    assert_eq!(ids(&late), ids(&first));
    assert_eq!((late[0].requests.len(), late[1].requests.len()), (0, 1));

    ana.try_begin(vec![small.to_upload(1)], Some("once")).await.failed(ErrorCode::IdempotencyMismatch);
    let ben = world.join(Role::Contribute).await;
    let his = ben.try_begin(uploads(), Some("once")).await.ok::<Initiated>().uploads;
    assert_ne!(ids(&his), ids(&first), "keys are each member's own");
}

fn ids(started: &[StartedUpload]) -> Vec<String> {
    started.iter().map(|one| format!("{} {}", one.upload_id, one.file_id)).collect()
}

both_tables! {
    async fn the_same_call_ten_times_at_once_begins_once(tables) {
        let world = World::on(tables, |_| {}).await;
        let ana = world.join(Role::Contribute).await;
        let file = Content::new(1, 17 * MIB);
        let calls = (0..10).map(|_| ana.try_begin(vec![file.to_upload(1)], Some("once")));
        let answers: Vec<_> = join_all(calls).await.into_iter().map(|answer| answer.ok::<Initiated>().uploads).collect();
        assert!(answers.iter().all(|answer| ids(answer) == ids(&answers[0])));
        assert_eq!(world.used().await, (17 * MIB as u64, 1, 1));
        // One of them opened it, and all sign for that one.
        for answer in &answers {
            assert_eq!(send(&answer[0].requests[0], file.part(1)).await.status, 200);
        }
        assert_eq!(ana.status(answers[0][0].upload_id).await.parts.len(), 1);
    }
}

both_tables! {
    /// Abuse case 21: however many come at once, the sum never passes the quota.
    async fn a_race_never_passes_the_quota(tables) {
        let world = World::on(tables, |config| config.room.max_bytes = 1000).await;
        let ana = world.join(Role::Contribute).await;
        let file = Content::new(1, 300);
        let calls = (0..24).map(|_| ana.try_begin(vec![file.to_upload(0)], None));
        let answers = join_all(calls).await;
        assert_eq!(answers.iter().filter(|answer| answer.status.is_success()).count(), 3);
        assert_eq!(world.used().await, (900, 3, 3));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn open_uploads_are_capped_and_counted_apart() {
    let world = World::with(|config| config.room.max_open_uploads = 2).await;
    let ana = world.join(Role::Contribute).await;
    let file = Content::new(1, 10);
    let first = ana.begin(&file).await;
    ana.begin(&file).await;
    let refused = ana.try_begin(vec![file.to_upload(0)], None).await;
    assert_eq!((refused.status.as_u16(), &refused.headers["retry-after"]), (429, &"60".parse().unwrap()));
    refused.failed(ErrorCode::TooManyUploads);
    ana.put_parts(first.upload_id, &file, [1]).await;
    ana.complete(first.upload_id).await;
    ana.begin(&file).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_are_limited_by_the_minute() {
    let world = World::with(|config| config.rates.calls_per_minute = 5).await;
    let ana = world.join(Role::Contribute).await;
    let file = Content::new(1, 10);
    let mut limited = 0;
    // Twelve fit into two minutes at most, wherever the minute ends.
    for _ in 0..12 {
        let answer = ana.try_begin(vec![file.to_upload(0)], None).await;
        if answer.status == 429 {
            assert!(answer.headers.contains_key("retry-after"));
            answer.failed(ErrorCode::RateLimited);
            limited += 1;
        }
    }
    assert!(limited >= 2, "{limited}");
}

/// DynamoDB raises conflicts where the local tables do not: they are tried again.
#[tokio::test(flavor = "multi_thread")]
async fn conflicts_in_the_table_are_outlasted() {
    let world = World::new().await;
    let ana = world.join(Role::Contribute).await;
    let file = Content::new(1, 17 * MIB);
    world.app().tables.inject_conflicts(3);
    let started = ana.begin(&file).await;
    world.app().tables.inject_conflicts(3);
    ana.put_parts(started.upload_id, &file, [1, 2]).await;
    world.app().tables.inject_conflicts(3);
    ana.complete(started.upload_id).await;
    assert_eq!(world.app().tables.conflicts_left(), 0);
    assert_eq!(ana.files().await.len(), 1);
}

/// Storage is away between the record and the multipart upload: the same call goes on, and nothing is counted twice.
#[tokio::test(flavor = "multi_thread")]
async fn a_pending_upload_is_opened_by_who_needs_it() {
    let world = World::new().await;
    let ana = world.join(Role::Contribute).await;
    let file = Content::new(1, 17 * MIB);
    let (cut_off, _away) = world.cut_off();
    let request = slipway_protocol::wire::Initiate { uploads: vec![file.to_upload(2)] };
    let lost =
        functions::uploads::initiate::initiate(&cut_off, (&ana.member(), &source()), Some("once"), &request).await;
    assert_eq!(lost.unwrap_err().code(), ErrorCode::Unavailable);
    let pending = ana.view().await.uploads.remove(0).upload_id;
    assert_eq!(ana.status(pending).await.state, UploadState::Pending);
    assert_eq!(quota::used(&world.app().tables, world.room.id).await.unwrap().open, 1);

    let again = ana.try_begin(request.uploads, Some("once")).await.ok::<Initiated>().uploads.remove(0);
    assert_eq!(again.upload_id, pending);
    assert_eq!(ana.status(pending).await.state, UploadState::Uploading);
    for request in &again.requests {
        assert_eq!(send(request, file.part(request.part_number.get())).await.status, 200);
    }
    ana.complete(pending).await;
    assert_eq!(world.used().await, (17 * MIB as u64, 1, 0));
}

/// A folder of many small files: what is charged is the call, not the file.
#[tokio::test(flavor = "multi_thread")]
async fn a_batch_is_charged_as_one_call() {
    let world = World::with(|config| config.rates.calls_per_minute = 4).await;
    // All within one minute.
    let second = world.app().clock.now_seconds() % 60;
    world.wait(60 - second);
    let ana = world.join(Role::Contribute).await;
    let files: Vec<_> = (0..20).map(|seed| Content::new(seed, 10)).collect();
    for _ in 0..2 {
        let started = ana.begin_all(files.iter().map(|file| file.to_upload(1)).collect()).await;
        for (file, started) in files.iter().zip(&started) {
            assert_eq!(send(&started.requests[0], file.part(1)).await.status, 200);
        }
        ana.complete_many(started.iter().map(|started| started.upload_id).collect()).await;
    }
    assert_eq!(ana.files().await.len(), 40);
    ana.try_begin(vec![files[0].to_upload(0)], None).await.failed(ErrorCode::RateLimited);
}

/// Over all rooms: who makes rooms needs no account.
#[tokio::test(flavor = "multi_thread")]
async fn bytes_of_an_address_are_limited_by_the_day() {
    let world = World::with(|config| config.source.bytes_per_day = 1000).await;
    let (ana, stranger) = (world.join(Role::Contribute).await, world.stranger().await);
    let file = Content::new(1, 400);
    let call = || vec![file.to_upload(0)];
    let first = ana.try_begin(call(), Some("once")).await.ok::<Initiated>().uploads;
    // Asked again, it is the same bytes.
    for _ in 0..5 {
        assert_eq!(ids(&ana.try_begin(call(), Some("once")).await.ok::<Initiated>().uploads), ids(&first));
    }
    stranger.begin(&file).await;
    let refused = stranger.try_begin(call(), None).await;
    assert!(refused.headers.contains_key("retry-after"));
    refused.failed(ErrorCode::RateLimited);
    ana.try_begin(call(), None).await.failed(ErrorCode::RateLimited);
    ana.begin(&Content::new(2, 200)).await;
    assert_eq!(world.used().await, (600, 2, 2), "what was refused is not reserved");
}
