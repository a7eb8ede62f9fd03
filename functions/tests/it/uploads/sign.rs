//! Only parts of the plan are signed, for promised bytes, while the upload is open, for its owner.

use functions::ids;
use slipway_protocol::calls;
use slipway_protocol::wire::digest::{Digest, Md5};
use slipway_protocol::wire::error::ErrorCode;
use slipway_protocol::wire::link::Role;
use slipway_protocol::wire::{PartToSign, Presigned};

use super::content::{Content, MIB, part};
use super::world::{World, assert_alike, both_tables, named, signed_seconds};
use crate::storage::bucket::send;

both_tables! {
    async fn a_digest_is_promised_once(tables) {
        let world = World::on(tables, |_| {}).await;
        let ana = world.join(Role::Contribute).await;
        let file = Content::new(1, 33 * MIB);
        let upload = ana.begin_all(vec![file.to_upload(1)]).await.remove(0).upload_id;
        let other = Digest(Md5::of(b"other bytes"));
        // Promised with the begin, or with an earlier presign.
        ana.sign(upload, &[file.to_sign(2)]).await;
        for number in [1, 2] {
            let changed = PartToSign { digest: other, ..file.to_sign(number) };
            let error = ana.try_sign(upload, &[file.to_sign(3), changed]).await.failed(ErrorCode::FileChanged);
            assert_eq!(named(&error), [number]);
        }
        // Nothing of the refused call was promised.
        ana.sign(upload, &[PartToSign { digest: other, ..file.to_sign(3) }]).await;
        ana.sign(upload, &[file.to_sign(1), file.to_sign(2)]).await;
    }
}

both_tables! {
    async fn two_promises_at_once_leave_one(tables) {
        let world = World::on(tables, |_| {}).await;
        let ana = world.join(Role::Contribute).await;
        let file = Content::new(1, 17 * MIB);
        let upload = ana.begin(&file).await.upload_id;
        let promise = |seed: u8| [PartToSign { digest: Digest(Md5::of(&[seed])), ..file.to_sign(1) }];
        let promises: Vec<_> = (0..10).map(promise).collect();
        let answers = futures::future::join_all(promises.iter().map(|parts| ana.try_sign(upload, parts))).await;
        assert_eq!(answers.iter().filter(|answer| answer.status.is_success()).count(), 1);
        let lost = answers.into_iter().filter(|answer| !answer.status.is_success());
        lost.for_each(|answer| drop(answer.failed(ErrorCode::FileChanged)));
    }
}

/// Abuse case 3.
#[tokio::test(flavor = "multi_thread")]
async fn parts_outside_of_the_plan_are_not_signed() {
    let world = World::new().await;
    let ana = world.join(Role::Contribute).await;
    let file = Content::new(1, 17 * MIB);
    let upload = ana.begin(&file).await.upload_id;
    let third = PartToSign { part_number: part(3), ..file.to_sign(1) };
    let error = ana.try_sign(upload, &[file.to_sign(1), third]).await.failed(ErrorCode::BadPartNumber);
    assert_eq!((named(&error), error.field.as_deref()), (vec![3], Some("parts[1].partNumber")));
    let path = format!("/api/uploads/{upload}/parts");
    for number in ["0", "10001", "-1", "1.5", "\"1\""] {
        let body = format!(
            r#"{{"parts":[{{"partNumber":{number},"digest":{{"algorithm":"md5","value":"1B2M2Y8AsgTpgAmY7PhCfg=="}}}}]}}"#
        );
        let body: serde_json::Value = serde_json::from_str(&body).unwrap();
        ana.post(&path, &body).await.failed(ErrorCode::BadRequest);
    }
    let twice = [file.to_sign(1), file.to_sign(1)];
    ana.try_sign(upload, &twice).await.failed(ErrorCode::BadRequest);
    ana.try_sign(upload, &[]).await.failed(ErrorCode::BadRequest);
    ana.try_sign(upload, &vec![file.to_sign(1); 101]).await.failed(ErrorCode::BadRequest);
    // A page that was loaded when there were more hosts goes on.
    let elsewhere = PartToSign { host: 1, ..file.to_sign(1) };
    assert_eq!(ana.try_sign(upload, &[elsewhere]).await.ok::<Presigned>().requests.len(), 1);
}

both_tables! {
    async fn a_hundred_parts_are_signed_in_one_call_and_across_items(tables) {
        let world = World::on(tables, |_| {}).await;
        let ana = world.join(Role::Contribute).await;
        // 4 GiB: 256 parts. Only its promises are needed, not its bytes.
        let upload = slipway_protocol::wire::NewUpload { size: 4 << 30, ..Content::new(1, 10).to_upload(0) };
        let upload = ana.begin_all(vec![upload]).await.remove(0).upload_id;
        let promise =
            |number: u16| PartToSign { part_number: part(number), digest: Digest(Md5::of(&number.to_be_bytes())), host: 0 };
        let parts: Vec<_> = (57..157).map(promise).collect();
        let requests = ana.try_sign(upload, &parts).await.ok::<Presigned>().requests;
        assert_eq!(
            requests.iter().map(|request| request.part_number.get()).collect::<Vec<_>>(),
            (57..157).collect::<Vec<_>>()
        );
        assert!(requests.iter().all(|request| request.expires_in_seconds == 900 && request.method == "PUT"));
        let again = ana.try_sign(upload, &parts).await;
        assert_eq!(again.ok::<Presigned>().requests.len(), 100);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_foreign_upload_looks_like_none() {
    let world = World::new().await;
    let ana = world.join(Role::Contribute).await;
    let file = Content::new(1, 17 * MIB);
    let upload = ana.begin(&file).await.upload_id;
    let unknown = ids::upload_id();
    let stranger = world.stranger().await;
    let (drop, contributor) = (world.join(Role::Drop).await, world.join(Role::Contribute).await);
    for person in [&stranger, &drop, &contributor] {
        let parts = [file.to_sign(1)];
        assert_alike(&person.try_sign(upload, &parts).await, &person.try_sign(unknown, &parts).await);
        assert_alike(&person.try_complete(upload).await, &person.try_complete(unknown).await);
        assert_alike(&person.abort(upload).await, &person.abort(unknown).await);
    }
    for person in [&stranger, &drop] {
        let status = |upload| calls::GetStatus { upload, after: None };
        assert_alike(&person.call(&status(upload)).await, &person.call(&status(unknown)).await);
        let progress = |upload| calls::GetProgress { upload };
        assert_alike(&person.call(&progress(upload)).await, &person.call(&progress(unknown)).await);
    }
    assert_alike(&stranger.try_adopt(upload, vec![]).await, &stranger.try_adopt(unknown, vec![]).await);
    assert_eq!(ana.status(upload).await.parts, []);
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_signed_once_it_is_over() {
    let world = World::new().await;
    let ana = world.join(Role::Contribute).await;
    for file in [Content::new(1, 10), Content::new(2, 17 * MIB)] {
        let done = ana.begin(&file).await.upload_id;
        ana.put_parts(done, &file, 1..=file.plan.part_count).await;
        ana.complete(done).await;
        ana.try_sign(done, &[file.to_sign(1)]).await.failed(ErrorCode::UploadCompleted);
        let cancelled = ana.begin(&file).await.upload_id;
        assert_eq!(ana.abort(cancelled).await.status, 204);
        ana.try_sign(cancelled, &[file.to_sign(1)]).await.failed(ErrorCode::UploadAborted);
    }
}

/// Abuse cases 1 and 2: a URL is good for its own bytes and for nothing else.
#[tokio::test(flavor = "multi_thread")]
async fn a_url_cannot_be_used_for_other_bytes() {
    let world = World::new().await;
    let ana = world.join(Role::Contribute).await;
    for file in [Content::new(1, 1000), Content::new(2, 16 * MIB + 1000)] {
        let upload = ana.begin(&file).await.upload_id;
        let last = file.plan.part_count;
        let request = ana.sign(upload, &[file.to_sign(last)]).await.remove(0);
        let mut other = file.part(last).to_vec();
        other[500] ^= 1;
        assert_eq!(send(&request, &other).await.code, "BadDigest");
        other.push(0);
        assert_eq!(send(&request, &other).await.code, "SignatureDoesNotMatch");
        assert_eq!(send(&request, &file.part(last)[1..]).await.code, "SignatureDoesNotMatch");
        assert!(ana.status(upload).await.parts.is_empty());
        assert_eq!(send(&request, file.part(last)).await.status, 200);
    }
}

/// Abuse case 1: of parts and of a single PUT, from initiate and from presign.
#[tokio::test(flavor = "multi_thread")]
async fn every_url_is_signed_for_a_quarter_of_an_hour() {
    let world = World::new().await;
    let ana = world.join(Role::Contribute).await;
    for file in [Content::new(1, 17 * MIB), Content::new(2, 10)] {
        let started = ana.begin_all(vec![file.to_upload(1)]).await.remove(0);
        let signed = ana.sign(started.upload_id, &[file.to_sign(1)]).await.remove(0);
        for request in [&started.requests[0], &signed] {
            assert_eq!((signed_seconds(&request.url), request.expires_in_seconds), (900, 900));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn urls_are_signed_for_as_long_as_is_configured() {
    let world = World::with(|config| (config.part_url_seconds, config.download_url_seconds) = (300, 20)).await;
    let ana = world.join(Role::Contribute).await;
    let info = ana.upload(&Content::new(1, 10)).await;
    let file = Content::new(2, 10);
    let started = ana.begin_all(vec![file.to_upload(1)]).await.remove(0);
    assert_eq!(signed_seconds(&started.requests[0].url), 300);
    assert_eq!(signed_seconds(&ana.download(info.file_id).await.url), 20);
}
