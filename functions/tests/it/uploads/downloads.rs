//! Files come as attachments, under a grant, to who may see them; and they can be removed.

use functions::ids;
use http::Method;
use slipway_protocol::calls;
use slipway_protocol::wire::error::ErrorCode;
use slipway_protocol::wire::link::Role;
use slipway_protocol::wire::{AuditPage, Download, DownloadGrant, Event, EventPage, FileInfo};

use super::content::{Content, MIB};
use super::world::{Person, World, assert_alike, signed_seconds};
use crate::support::{Answer, Call};

#[tokio::test(flavor = "multi_thread")]
async fn a_download_is_the_file_under_its_name() {
    let world = World::new().await;
    let (ana, viewer) = (world.join(Role::Contribute).await, world.join(Role::View).await);
    let file = Content { name: "../Über\u{202e}gpj.html".into(), ..Content::new(1, 17 * MIB) };
    let info = ana.upload(&file).await;
    let grant = viewer.download(info.file_id).await;
    assert_eq!((grant.expires_in_seconds, grant.size, &grant.etag), (60, 17 * MIB as u64, &info.etag));
    // THREATS 9: passed on, it is of no use a minute later.
    assert_eq!(signed_seconds(&grant.url), 60);
    let answer = reqwest::get(&grant.url).await.unwrap();
    assert_eq!(answer.headers()["content-type"], "application/octet-stream");
    let disposition = answer.headers()["content-disposition"].to_str().unwrap().to_owned();
    assert_eq!(disposition, "attachment; filename=\"..__ber_gpj.html\"; filename*=UTF-8''.._%C3%9Cber_gpj.html");
    assert!(answer.bytes().await.unwrap() == file.bytes.as_slice());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_grant_is_signed_again_for_nothing_by_its_holder_for_a_day() {
    let world = World::new().await;
    let (ana, ben) = (world.join(Role::Contribute).await, world.join(Role::Manage).await);
    let (one, two) = (ana.upload(&Content::new(1, 10)).await, ana.upload(&Content::new(2, 10)).await);
    let grant = ana.download(one.file_id).await;
    let again = |file| calls::Grant { file, body: Download { grant_id: Some(grant.grant_id) } };
    let second: DownloadGrant = ana.call(&again(one.file_id)).await.ok();
    assert_eq!(second.grant_id, grant.grant_id);
    assert_eq!(reqwest::get(&second.url).await.unwrap().status(), 200);
    let log: AuditPage = ben.call(&calls::ListAudit { room: world.room.id, after: 0 }).await.ok();
    assert_eq!(log.entries.iter().filter(|entry| entry.action == "download-granted").count(), 1);

    ana.call(&again(two.file_id)).await.failed(ErrorCode::NotFound);
    ben.call(&again(one.file_id)).await.failed(ErrorCode::NotFound);
    world.wait(24 * 3600 + 1);
    let ana = world.rejoin(&ana).await;
    ana.call(&again(one.file_id)).await.failed(ErrorCode::NotFound);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_may_not_see_gets_nothing() {
    let world = World::new().await;
    let ana = world.join(Role::Contribute).await;
    let file = ana.upload(&Content::new(1, 10)).await.file_id;
    let download = |file| calls::Grant { file, body: Download { grant_id: None } };
    world.join(Role::Drop).await.call(&download(file)).await.failed(ErrorCode::RoleTooLow);
    let stranger = world.stranger().await;
    let unknown = ids::file_id();
    assert_alike(&stranger.call(&download(file)).await, &stranger.call(&download(unknown)).await);
    let remove = |file| calls::RemoveFile { file };
    assert_alike(&stranger.call(&remove(file)).await, &stranger.call(&remove(unknown)).await);
    assert_eq!(ana.files().await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_is_removed_once_by_who_may() {
    let world = World::new().await;
    let (ana, ben, boss) =
        (world.join(Role::Contribute).await, world.join(Role::Contribute).await, world.join(Role::Manage).await);
    let dropper = world.join(Role::Drop).await;
    let files = [ana.upload(&Content::new(1, 10)).await, ana.upload(&Content::new(2, 10)).await];
    let dropped = dropper.upload(&Content::new(3, 10)).await;
    let remove = |file: &FileInfo| calls::RemoveFile { file: file.file_id };
    ben.call(&remove(&files[0])).await.failed(ErrorCode::RoleTooLow);
    dropper.call(&remove(&files[0])).await.failed(ErrorCode::NotFound);
    let first = remove(&files[0]);
    let at_once = futures::future::join_all((0..5).map(|_| ana.call(&first))).await;
    assert_eq!(at_once.iter().filter(|answer| answer.status == 204).count(), 1, "{at_once:?}");
    assert_eq!(boss.call(&remove(&files[1])).await.status, 204);
    assert_eq!(dropper.call(&remove(&dropped)).await.status, 204);
    assert_eq!(world.used().await, (0, 0, 0));
    for file in [&files[0], &files[1], &dropped] {
        assert_eq!(world.object(file.file_id).await, None);
    }
    let page: EventPage = boss.call(&calls::ListEvents { room: world.room.id, after: 0 }).await.ok();
    assert_eq!(page.events.iter().filter(|event| matches!(event.what, Event::FileRemoved { .. })).count(), 3);
}

/// THREATS 11: previewers of links, prefetch and virus scanners fetch whatever address they see.
#[tokio::test(flavor = "multi_thread")]
async fn fetching_any_address_spends_nothing() {
    let world = World::new().await;
    let (ana, boss) = (world.join(Role::Contribute).await, world.join(Role::Manage).await);
    let file = ana.upload(&Content::new(1, 10)).await;
    let open = ana.begin(&Content::new(2, 17 * MIB)).await.upload_id;
    let before = everything(&world, &boss).await;

    let fill = |path: &str| {
        let ids = [("{roomId}", world.room.id.to_string()), ("{fileId}", file.file_id.to_string())];
        let ids = ids.into_iter().chain([("{uploadId}", open.to_string()), ("{role}", "view".into())]);
        let member = ("{memberId}", ana.session.member_id.to_string());
        ids.chain([member]).fold(path.to_owned(), |path, (name, id)| path.replace(name, &id))
    };
    let document = serde_json::to_value(functions::routers::document()).unwrap();
    for (path, calls) in document["paths"].as_object().unwrap() {
        for method in [Method::GET, Method::HEAD, Method::OPTIONS] {
            // Whether or not an address's owner is signed in as far as the fetcher is concerned.
            for token in [None, ana.session.token()] {
                let answer = world.api.send(Call::new(method.clone(), &fill(path)).token(token)).await;
                assert!(!answer.status.is_server_error(), "{method} {path}: {}", answer.status);
                if method == Method::GET && calls.get("get").is_none() {
                    assert_eq!(answer.status, 405, "{path}");
                }
            }
        }
    }
    assert_eq!(everything(&world, &boss).await, before);
}

/// The room as its manager sees it: files, uploads, quota, events and the audit log.
async fn everything(world: &World, boss: &Person) -> Vec<serde_json::Value> {
    let room = world.room.id;
    let answers = [
        boss.call(&calls::GetRoom { room }).await,
        boss.call(&calls::ListFiles { room, after: None }).await,
        boss.call(&calls::ListEvents { room, after: 0 }).await,
        boss.call(&calls::ListAudit { room, after: 0 }).await,
    ];
    answers.iter().map(Answer::without_id).collect()
}
