//! An upload begun elsewhere is continued by who proves to have the file.

use slipway_protocol::api::{Adoption, Proof};
use slipway_protocol::digest::{Digest, Md5};
use slipway_protocol::error::ErrorCode;
use slipway_protocol::id::PartNumber;
use slipway_protocol::link::Role;

use super::content::{Content, MIB, part};
use super::world::{Person, World, both_tables};

async fn challenged(person: &Person, upload: slipway_protocol::id::UploadId) -> Vec<PartNumber> {
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
        assert_eq!(asked.len(), 3);
        assert!(asked.iter().all(|asked| [1, 2, 4, 5].contains(&asked.get())), "only stored ones: {asked:?}");
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
async fn another_file_is_refused_and_guesses_are_counted() {
    let world = World::new().await;
    let (ana, ben) = (world.join(Role::Contribute).await, world.join(Role::Drop).await);
    let (file, other) = (Content::new(1, 33 * MIB), Content::new(2, 33 * MIB));
    let upload = ana.begin(&file).await.upload_id;
    ana.put_parts(upload, &file, [1, 2]).await;
    let asked = challenged(&ben, upload).await;
    let right: Vec<_> = asked.iter().map(|part| file.proof(*part)).collect();
    let half = vec![right[0], Proof { digest: Digest(Md5::of(b"no")), ..right[1] }];
    let wrong = [
        asked.iter().map(|part| other.proof(*part)).collect(),
        half,
        vec![right[0]],
        vec![right[0], right[1], file.proof(part(3))],
        vec![file.proof(part(3))],
    ];
    for proofs in wrong {
        ben.try_adopt(upload, proofs).await.failed(ErrorCode::ProofMismatch);
    }
    // Five wrong ones are enough, even with the right one at last.
    ben.try_adopt(upload, right.clone()).await.failed(ErrorCode::RateLimited);
    ana.put_parts(upload, &file, [3]).await;
    ana.complete(upload).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_proved_cannot_be_adopted() {
    let world = World::new().await;
    let (ana, ben) = (world.join(Role::Contribute).await, world.join(Role::Contribute).await);
    let (large, small) = (Content::new(1, 17 * MIB), Content::new(2, 1000));
    let (empty, single) = (ana.begin(&large).await.upload_id, ana.begin(&small).await.upload_id);
    ana.put_parts(single, &small, [1]).await;
    ben.try_adopt(empty, vec![]).await.failed(ErrorCode::NotFound);
    ben.try_adopt(single, vec![]).await.failed(ErrorCode::NotFound);
    world.join(Role::View).await.try_adopt(empty, vec![]).await.failed(ErrorCode::RoleTooLow);
    // One's own needs no proof.
    assert_eq!(ana.adopt(empty, vec![]).await, Adoption::Adopted { upload_id: empty });
    ana.complete(single).await;
    ben.try_adopt(single, vec![]).await.failed(ErrorCode::UploadCompleted);
}
