//! The functions without a browser: the whole way through the proxies.

use anyhow::Result;
use lab::api::{Member, NewRoom, Role, refusal};
use lab::proxy::{Aim, Fault, Rule};
use lab::stack::Stack;
use slipway_protocol::wire::digest::{Digest, Md5};
use slipway_protocol::wire::error::ErrorCode;
use slipway_protocol::wire::id::PartNumber;
use slipway_protocol::wire::{PartToSign, UploadState};

use crate::room::MIB;

struct Scene {
    member: Member,
    links: NewRoom,
    stack: Stack,
}

async fn scene() -> Result<Scene> {
    let stack = Stack::without_page().await?;
    let links = NewRoom::create(&stack.url(), "Films").await?;
    let member = Member::join(&stack.url(), links.link(Role::Contribute), "Ada").await?;
    Ok(Scene { member, links, stack })
}

#[tokio::test(flavor = "multi_thread")]
async fn files_of_every_kind_of_plan_arrive() -> Result<()> {
    let scene = scene().await?;
    for size in [0, 1, 16 * MIB, 16 * MIB + 1, 50 * MIB] {
        let file = scene.stack.file(&format!("{size}.bin"), size)?;
        let listed = scene.member.upload(&file).await?;
        assert_eq!(listed.size, size);
        scene.member.assert_holds(&file).await?;
    }
    assert_eq!(scene.stack.bucket.keys("").await?.len(), 5);
    let quota = scene.member.view().await?.quota.unwrap();
    assert_eq!((quota.used_files, quota.open_uploads), (5, 0));
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_aborted_upload_is_gone_from_storage_and_quota() -> Result<()> {
    let scene = scene().await?;
    let file = scene.stack.file("film.bin", 48 * MIB)?;
    let started = scene.member.initiate(file.name(), file.size, Vec::new()).await?;
    scene.member.upload_part(&started, PartNumber::FIRST, &file).await?;
    let uploads = scene.stack.multipart_uploads();
    let parts = scene.stack.bucket.parts(&uploads[0].0, &uploads[0].1).await?;
    assert_eq!(parts.map(|parts| parts.len()), Some(1));

    scene.member.abort(started.upload_id).await?;
    scene.stack.assert_storage_is_empty().await?;
    let quota = scene.member.view().await?.quota.unwrap();
    assert_eq!((quota.used_bytes, quota.open_uploads), (0, 0));
    let status = scene.member.status(started.upload_id).await?;
    assert_eq!(status.state, UploadState::Aborted);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn bytes_other_than_promised_are_refused_by_storage() -> Result<()> {
    let scene = scene().await?;
    let file = scene.stack.file("film.bin", 20 * MIB)?;
    let started = scene.member.initiate(file.name(), file.size, Vec::new()).await?;
    let range = started.plan.range(PartNumber::FIRST).unwrap();
    let bytes = file.read(range.start, range.len)?;
    let part = PartToSign { part_number: PartNumber::FIRST, digest: Digest(Md5::of(&bytes)), host: 0 };
    let request = scene.member.presign(started.upload_id, vec![part]).await?.remove(0);

    scene.stack.storage.rule(Rule::new(Aim::part(1), Fault::Corrupt { at: 1000 }));
    let (status, body) = scene.member.put(&request, bytes.clone()).await?;
    assert!(status == 400 && body.contains("BadDigest"), "{status} {body}");
    let (status, body) = scene.member.put(&request, bytes[1..].to_vec()).await?;
    assert!(status == 403 && body.contains("SignatureDoesNotMatch"), "{status} {body}");
    let (status, _) = scene.member.put(&request, bytes).await?;
    assert_eq!(status, 200);

    let error = scene.member.complete(started.upload_id).await.unwrap_err();
    assert_eq!(refusal(&error), Some(ErrorCode::PartsIncomplete), "{error:#}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn completing_twice_gives_the_same_file_and_one_charge() -> Result<()> {
    let scene = scene().await?;
    let file = scene.stack.file("film.bin", 20 * MIB)?;
    let started = scene.member.initiate(file.name(), file.size, Vec::new()).await?;
    for part in started.plan.parts() {
        scene.member.upload_part(&started, part, &file).await?;
    }
    let (one, two) = tokio::join!(scene.member.complete(started.upload_id), scene.member.complete(started.upload_id));
    assert_eq!(one?, two?);
    let quota = scene.member.view().await?.quota.unwrap();
    assert_eq!((quota.used_bytes, quota.used_files), (file.size, 1));
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_yours_looks_like_what_is_not_there() -> Result<()> {
    let scene = scene().await?;
    let started = scene.member.initiate("film.bin", 20 * MIB, Vec::new()).await?;
    let stranger = Member::join(&scene.stack.url(), scene.links.link(Role::Contribute), "Mallory").await?;
    for error in [
        stranger.presign(started.upload_id, Vec::new()).await.map(drop),
        stranger.complete(started.upload_id).await.map(drop),
        stranger.abort(started.upload_id).await,
    ] {
        let error = error.unwrap_err();
        assert!(matches!(refusal(&error), Some(ErrorCode::NotFound | ErrorCode::BadRequest)), "{error:#}");
    }
    assert_eq!(scene.member.status(started.upload_id).await?.state, UploadState::Uploading);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_server_comes_back_and_knows_everything() -> Result<()> {
    let mut scene = scene().await?;
    let file = scene.stack.file("film.bin", 40 * MIB)?;
    let started = scene.member.initiate(file.name(), file.size, Vec::new()).await?;
    let parts: Vec<_> = started.plan.parts().collect();
    scene.member.upload_part(&started, parts[0], &file).await?;
    scene.stack.restart_server()?;
    scene.stack.restart_s3()?;
    assert_eq!(scene.member.status(started.upload_id).await?.parts.len(), 1);
    for part in &parts[1..] {
        scene.member.upload_part(&started, *part, &file).await?;
    }
    scene.member.complete(started.upload_id).await?;
    scene.member.assert_holds(&file).await
}
