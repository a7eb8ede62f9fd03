//! A member who proves that they have the file continues an upload begun elsewhere.

use slipway_protocol::calls;
use slipway_protocol::wire::digest::{Digest, Md5};
use slipway_protocol::wire::error::ErrorCode;
use slipway_protocol::wire::id::{PartNumber, UploadId};
use slipway_protocol::wire::link::Role;
use slipway_protocol::wire::{Adoption, Initiated, Proof, UploadState};

use super::content::{Content, MIB, part};
use super::world::{Person, World, assert_alike, both_tables};

/// Begun by Ana, adopted by Ben, with the first part in storage.
async fn adopted(world: &World, ana: &Person, ben: &Person, file: &Content) -> UploadId {
    let call = ana.try_begin(vec![file.to_upload(2)], Some("once")).await;
    let upload = call.ok::<Initiated>().uploads.remove(0).upload_id;
    ana.put_parts(upload, file, [1]).await;
    let asked = challenged(ben, upload).await;
    let done = ben.adopt(upload, asked.into_iter().map(|part| file.proof(part)).collect()).await;
    assert_eq!(done, Adoption::Adopted { upload_id: upload });
    assert_eq!(world.record(upload).await.member_id, ben.session.member_id);
    upload
}

async fn challenged(person: &Person, upload: UploadId) -> Vec<PartNumber> {
    match person.adopt(upload, vec![]).await {
        Adoption::Challenge { parts, .. } => parts,
        other @ Adoption::Adopted { .. } => panic!("{other:?}"),
    }
}

both_tables! {
    async fn who_has_the_file_goes_on_and_the_former_owner_is_out(tables) {
        let world = World::on(tables, |_| {}).await;
        let (ana, ben) = (world.join(Role::Contribute).await, world.join(Role::Contribute).await);
        let file = Content::in_small_parts(1, 23 * MIB);
        let upload = world.begin_as_planned(&ana, &file).await.upload_id;
        ana.put_parts(upload, &file, [1, 2, 4, 5]).await;
        let asked = challenged(&ben, upload).await;
        assert_eq!(asked.iter().map(|asked| asked.get()).collect::<Vec<_>>(), [1, 2, 4, 5], "stored ones");
        assert_eq!(challenged(&ben, upload).await, asked, "asking again draws no others");

        ben.adopt(upload, asked.into_iter().map(|part| file.proof(part)).collect()).await;
        assert_eq!(ana.try_complete(upload).await.status, 404);
        ben.put_parts(upload, &file, [3]).await;
        let info = ben.complete(upload).await;
        assert_eq!(info.added_by, ben.session.member_id);
        assert!(world.object(info.file_id).await.unwrap() == *file.bytes);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn another_file_is_refused_and_no_guess_uses_up_the_right_one() {
    let world = World::new().await;
    let (ana, ben) = (world.join(Role::Contribute).await, world.join(Role::Contribute).await);
    let (file, other) = (Content::new(1, 33 * MIB), Content::new(2, 33 * MIB));
    let upload = ana.begin(&file).await.upload_id;
    ana.put_parts(upload, &file, [1, 2]).await;
    let asked = challenged(&ben, upload).await;
    let right: Vec<_> = asked.iter().map(|part| file.proof(*part)).collect();
    let half = vec![right[0], Proof { digest: Digest(Md5::of(b"no")), ..right[1] }];
    let wrong = [
        asked.iter().map(|part| other.proof(*part)).collect(),
        half,
        vec![right[0], right[1], file.proof(part(3))],
        vec![file.proof(part(3))],
    ];
    for proofs in wrong {
        ben.try_adopt(upload, proofs).await.failed(ErrorCode::ProofMismatch);
    }
    assert_eq!(world.record(upload).await.member_id, ana.session.member_id);
    // Half of it is right, and not enough.
    let answer = ben.adopt(upload, vec![right[0]]).await;
    assert!(matches!(answer, Adoption::Challenge { parts, .. } if parts == asked));
    assert_eq!(world.record(upload).await.member_id, ana.session.member_id);
    // Wrong proofs of a guest do not count against the member who has the file.
    assert_eq!(ben.adopt(upload, right).await, Adoption::Adopted { upload_id: upload });
    ben.put_parts(upload, &file, [3]).await;
    ben.complete(upload).await;
}

/// Neither joining again nor another stored part yields another choice.
#[tokio::test(flavor = "multi_thread")]
async fn everybody_is_asked_for_the_same_parts() {
    let world = World::new().await;
    let (ana, ben) = (world.join(Role::Contribute).await, world.join(Role::Contribute).await);
    let file = Content::in_small_parts(1, 100 * MIB);
    let upload = world.begin_as_planned(&ana, &file).await.upload_id;
    ana.put_parts(upload, &file, 1..=12).await;
    let asked = challenged(&ben, upload).await;
    assert_eq!(asked.len(), 8);
    ana.put_parts(upload, &file, 13..=14).await;
    for _ in 0..5 {
        let other = world.join(Role::Contribute).await;
        assert_eq!(challenged(&other, upload).await, asked);
    }
    ben.adopt(upload, asked.iter().map(|part| file.proof(*part)).collect()).await;
    assert_eq!(challenged(&ana, upload).await, asked, "nor does another owner");
}

/// A request while one part is stored does not fix the challenge to it: one known part does not prove the file.
#[tokio::test(flavor = "multi_thread")]
async fn a_challenge_grows_with_what_is_stored() {
    let world = World::new().await;
    let (ana, ben) = (world.join(Role::Contribute).await, world.join(Role::Contribute).await);
    let file = Content::in_small_parts(1, 100 * MIB);
    let upload = world.begin_as_planned(&ana, &file).await.upload_id;
    ana.put_parts(upload, &file, [1]).await;
    assert_eq!(challenged(&ben, upload).await, [part(1)]);
    ana.put_parts(upload, &file, 2..=12).await;
    let Adoption::Challenge { parts, .. } = ben.adopt(upload, vec![file.proof(part(1))]).await else {
        panic!("adopted by one part")
    };
    assert!(parts.len() == 8 && parts.contains(&part(1)), "{parts:?}");
    assert_eq!(world.record(upload).await.member_id, ana.session.member_id);
    let done = ben.adopt(upload, parts.into_iter().map(|part| file.proof(part)).collect()).await;
    assert_eq!(done, Adoption::Adopted { upload_id: upload });
}

/// A single PUT is proved by its promised MD5, whether it is stored yet or not.
#[tokio::test(flavor = "multi_thread")]
async fn a_small_file_is_adopted_by_its_promised_md5() {
    let world = World::new().await;
    let (ana, ben) = (world.join(Role::Contribute).await, world.join(Role::Contribute).await);
    let (file, other) = (Content::new(1, 1000), Content::new(2, 1000));
    for is_stored in [false, true] {
        let upload = ana.begin(&file).await.upload_id;
        if is_stored {
            ana.put_parts(upload, &file, [1]).await;
        } else {
            ben.try_adopt(upload, vec![]).await.failed(ErrorCode::NotFound);
            ana.try_sign(upload, &[file.to_sign(1)]).await;
        }
        assert_eq!(challenged(&ben, upload).await, [part(1)]);
        ben.try_adopt(upload, vec![other.proof(part(1))]).await.failed(ErrorCode::ProofMismatch);
        ben.adopt(upload, vec![file.proof(part(1))]).await;
        if !is_stored {
            ben.put_parts(upload, &file, [1]).await;
        }
        let info = ben.complete(upload).await;
        assert!(world.object(info.file_id).await.unwrap() == *file.bytes);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_proved_cannot_be_adopted() {
    let world = World::new().await;
    let (ana, ben) = (world.join(Role::Contribute).await, world.join(Role::Contribute).await);
    let (large, small) = (Content::new(1, 17 * MIB), Content::new(2, 1000));
    let (empty, single) = (ana.begin(&large).await.upload_id, ana.begin(&small).await.upload_id);
    ana.put_parts(single, &small, [1]).await;
    ben.try_adopt(empty, vec![]).await.failed(ErrorCode::NotFound);
    world.join(Role::View).await.try_adopt(empty, vec![]).await.failed(ErrorCode::RoleTooLow);
    // One's own needs no proof.
    assert_eq!(ana.adopt(empty, vec![]).await, Adoption::Adopted { upload_id: empty });
    ana.complete(single).await;
    ben.try_adopt(single, vec![]).await.failed(ErrorCode::UploadCompleted);
}

/// To finish it and nothing else.
#[tokio::test(flavor = "multi_thread")]
async fn who_adopted_cannot_cancel_and_who_began_can() {
    let world = World::new().await;
    let (ana, ben) = (world.join(Role::Contribute).await, world.join(Role::Contribute).await);
    let file = Content::new(1, 33 * MIB);
    let upload = adopted(&world, &ana, &ben, &file).await;
    ben.abort(upload).await.failed(ErrorCode::RoleTooLow);
    assert_eq!(ben.status(upload).await.parts.len(), 1, "and it is as it was");
    world.join(Role::Contribute).await.abort(upload).await.failed(ErrorCode::NotFound);

    assert_eq!(ana.abort(upload).await.status, 204);
    let status = ben.status(upload).await;
    assert_eq!((status.state, status.reason.as_deref()), (UploadState::Aborted, Some("cancelled")));
    assert_eq!(world.used().await, (0, 0, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn who_manages_cancels_what_was_adopted() {
    let world = World::new().await;
    let (ana, boss) = (world.join(Role::Contribute).await, world.join(Role::Manage).await);
    let upload = adopted(&world, &ana, &boss, &Content::new(1, 33 * MIB)).await;
    assert_eq!(boss.abort(upload).await.status, 204);
    assert_eq!(ana.status(upload).await.reason.as_deref(), Some("removed"));
}

/// A repeated initiate gets the same uploads, but no URLs of one that was adopted by another member.
#[tokio::test(flavor = "multi_thread")]
async fn the_former_owner_gets_no_urls() {
    let world = World::new().await;
    let (ana, ben) = (world.join(Role::Contribute).await, world.join(Role::Contribute).await);
    let file = Content::new(1, 33 * MIB);
    let upload = adopted(&world, &ana, &ben, &file).await;
    let again = ana.try_begin(vec![file.to_upload(2)], Some("once")).await;
    let again = again.ok::<Initiated>().uploads.remove(0);
    assert_eq!((again.upload_id, again.requests), (upload, vec![]));
    ana.try_sign(upload, &[file.to_sign(2)]).await.failed(ErrorCode::NotFound);
    assert_eq!(ana.status(upload).await.parts, vec![], "and sees no digests");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_cannot_see_an_upload_cannot_adopt_it() {
    let world = World::new().await;
    let (ana, drop) = (world.join(Role::Contribute).await, world.join(Role::Drop).await);
    let file = Content::new(1, 33 * MIB);
    let upload = ana.begin(&file).await.upload_id;
    ana.put_parts(upload, &file, [1]).await;
    let hidden = drop.call(&calls::GetStatus { upload, after: None }).await;
    assert_alike(&hidden, &drop.try_adopt(upload, vec![]).await);
    assert_alike(&hidden, &drop.try_adopt(upload, vec![file.proof(part(1))]).await);
}

/// Who began it may take it back, even by a link that shows nothing but one's own.
#[tokio::test(flavor = "multi_thread")]
async fn who_began_it_can_prove_and_go_on() {
    let world = World::new().await;
    let (ana, ben) = (world.join(Role::Drop).await, world.join(Role::Contribute).await);
    let file = Content::new(1, 33 * MIB);
    let upload = adopted(&world, &ana, &ben, &file).await;
    let listed = ana.view().await.uploads.remove(0);
    assert_eq!((listed.upload_id, listed.mine, listed.member_id), (upload, false, ben.session.member_id));
    let asked = challenged(&ana, upload).await;
    ana.adopt(upload, asked.into_iter().map(|part| file.proof(part)).collect()).await;
    ben.try_sign(upload, &[file.to_sign(2)]).await.failed(ErrorCode::NotFound);
    ben.abort(upload).await.failed(ErrorCode::NotFound);
    ana.put_parts(upload, &file, [2, 3]).await;
    assert_eq!(ana.complete(upload).await.added_by, ana.session.member_id);
}

/// The same token in another browser, that knows nothing of the upload but what the room lists.
#[tokio::test(flavor = "multi_thread")]
async fn ones_own_upload_is_adopted_in_any_open_state_and_nothing_changes() {
    let world = World::new().await;
    let ana = world.join(Role::Drop).await;
    let file = Content::in_small_parts(1, 17 * MIB);
    let upload = world.begin_as_planned(&ana, &file).await.upload_id;
    for state in [UploadState::Pending, UploadState::Uploading] {
        let before = world.record(upload).await;
        assert_eq!(before.state, state);
        assert_eq!(ana.adopt(upload, vec![]).await, Adoption::Adopted { upload_id: upload });
        assert_eq!(ana.adopt(upload, vec![file.proof(part(1))]).await, Adoption::Adopted { upload_id: upload });
        assert_eq!(world.record(upload).await, before);
        ana.put_parts(upload, &file, [1]).await;
    }
    ana.put_parts(upload, &file, 2..=file.plan.part_count).await;
    ana.complete(upload).await;
    ana.try_adopt(upload, vec![]).await.failed(ErrorCode::UploadCompleted);
}
