//! What stays of a file: its plan and its parts' digests, and what was sealed with it.

use functions::records::file_plan;
use slipway_protocol::calls;
use slipway_protocol::wire::digest::{Md5, composite_etag};
use slipway_protocol::wire::error::ErrorCode;
use slipway_protocol::wire::link::Role;
use slipway_protocol::wire::{CreateRoom, Initiate, Label, Meta, NewUpload, RoomView, Seal};

use super::content::{Content, MIB};
use super::world::{World, both_tables};
use crate::support::NewRoom;

both_tables! {
    /// The digests promised for an upload are dropped with it, and the ETag has to be computed again without them.
    async fn the_digests_of_a_files_parts_stay_as_long_as_the_file(tables) {
        let world = World::on(tables, |_| {}).await;
        let ana = world.join(Role::Contribute).await;
        let (large, small) = (Content::new(1, 33 * MIB), Content::new(2, 1000));
        let (info, single) = (ana.upload(&large).await, ana.upload(&small).await);
        assert_eq!((info.plan, single.plan), (large.plan, small.plan));

        let tables = &world.app().tables;
        let digests = file_plan::digests(tables, info.file_id).await.unwrap();
        let parts: Vec<Md5> = (1..=large.plan.part_count).map(|part| large.digest(part)).collect();
        assert_eq!(digests, parts);
        assert_eq!(composite_etag(digests), info.etag);
        // Of one part, the ETag is the digest.
        assert_eq!(file_plan::digests(tables, single.file_id).await.unwrap(), []);
        assert_eq!(Md5::from_etag(&single.etag), Some(small.digest(1)));

        assert_eq!(ana.call(&calls::RemoveFile { file: info.file_id }).await.status, 204);
        assert_eq!(file_plan::digests(tables, info.file_id).await.unwrap(), [], "gone with the file");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_seal_stays_with_upload_and_file_as_it_came() {
    let world = World::new().await;
    let ana = world.join(Role::Contribute).await;
    let file = Content::new(1, 1000);
    let seal = Seal("c2Vh-_Bk".repeat(128));
    assert_eq!(seal.0.len(), 1024);
    let sealed = NewUpload { seal: Some(seal.clone()), ..file.to_upload(1) };
    let upload = ana.begin_all(vec![sealed.clone()]).await.remove(0).upload_id;
    assert_eq!(world.record(upload).await.seal, Some(seal.clone()));
    ana.put_parts(upload, &file, [1]).await;
    assert_eq!(ana.complete(upload).await.seal, Some(seal.clone()));
    assert_eq!(ana.files().await.remove(0).seal, Some(seal.clone()));
    assert_eq!(ana.upload(&Content::new(2, 10)).await.seal, None);

    for wrong in ["", "a b", "a=", &"x".repeat(1025)] {
        let new = NewUpload { seal: Some(Seal(wrong.to_owned())), ..sealed.clone() };
        let error = ana.try_begin(vec![new], None).await.failed(ErrorCode::BadRequest);
        assert_eq!(error.field.as_deref(), Some("uploads[0].seal"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn sealed_names_come_back_as_they_were_given() {
    let world = World::new().await;
    let sealed = |text: &str| Label::Sealed { sealed: text.to_owned() };
    let room = NewRoom::invented();
    let request = CreateRoom { name: sealed("cm9vbQ"), sealed: true, ..room.request() };
    world.api.call(&calls::CreateRoom { body: request }, None).await.ok::<serde_json::Value>();
    let mut join = room.join_request(Role::Manage, "");
    join.display_name = sealed("YW5h");
    let joined: serde_json::Value = world.api.call(&calls::Join { room: room.id, body: join.clone() }, None).await.ok();
    let token = joined["memberToken"].as_str().unwrap();
    let new = NewUpload { meta: Meta::Sealed("ZmlsZQ".into()), ..Content::new(1, 1000).to_upload(0) };
    let begin = calls::Initiate { room: room.id, key: None, body: Initiate { uploads: vec![new] } };
    world.api.call(&begin, Some(token)).await.ok::<serde_json::Value>();

    let view: RoomView = world.api.call(&calls::GetRoom { room: room.id }, Some(token)).await.ok();
    assert_eq!((view.name, view.sealed, view.display_name), (sealed("cm9vbQ"), true, sealed("YW5h")));
    assert_eq!(view.uploads[0].display_name, sealed("YW5h"));
    assert_eq!(view.uploads[0].meta, Meta::Sealed("ZmlsZQ".into()));

    for wrong in ["", "a b", &"x".repeat(1025)] {
        join.display_name = sealed(wrong);
        let error = world
            .api
            .call(&calls::Join { room: room.id, body: join.clone() }, None)
            .await
            .failed(ErrorCode::BadRequest);
        assert_eq!(error.field.as_deref(), Some("displayName"));
    }
}
