//! Failures of the table: 503 with `Retry-After`, and no internals in the answer.

use functions::app::App;
use functions::config::TableEndpoint;
use functions::ids::{file_id, upload_id};
use functions::records::due::{self, Due, Listed};
use functions::records::upload::{self, UploadRecord};
use functions::records::{file, quota, room, seen, sequence};
use functions::routers;
use functions::table::{Key, TableError, Tables, Write};
use serde_json::{Value, json};
use slipway_protocol::calls;
use slipway_protocol::wire::error::ErrorCode;
use slipway_protocol::wire::id::{RoomId, UploadId};
use slipway_protocol::wire::link::{MemberToken, Role};
use slipway_protocol::wire::{FileInfo, FilePage, Initiated, RoomCreated, RoomView};

use crate::support::{Api, NewRoom, Session, Stack};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_table_that_is_down_is_unavailable_for_now() {
    let stack = Stack::start(|_| {}).await;
    let mut config = (*stack.app.config).clone();
    config.table_endpoint = TableEndpoint::Url("http://127.0.0.1:9".into());
    let api = Api::gateway(App::connect(config));
    let answer = api.call(&calls::CreateRoom { body: NewRoom::invented().request() }, None).await;
    assert_eq!(answer.headers["retry-after"], "5");
    let error = answer.failed(ErrorCode::Unavailable);
    assert!(!error.message.contains("127.0.0.1"), "{}", error.message);
    let token = MemberToken::from_bytes([1; 32]).expose();
    api.call(&calls::GetRoom { room: NewRoom::invented().id }, Some(&token)).await.failed(ErrorCode::Unavailable);
    assert!(api.call(&calls::GetHealth {}, None).await.status.is_success(), "the function itself runs");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_table_that_is_not_there_is_our_own_fault() {
    let stack = Stack::start(|_| {}).await;
    let mut config = (*stack.app.config).clone();
    config.tables.main = "another-one".into();
    let api = Api::gateway(App::connect(config));
    let error =
        api.call(&calls::CreateRoom { body: NewRoom::invented().request() }, None).await.failed(ErrorCode::Internal);
    assert!(!error.message.contains("another-one"), "{}", error.message);
}

/// A room, and the manager who made it.
async fn managed_room(stack: &Stack) -> (Api, NewRoom, Session) {
    let api = stack.http();
    let room = NewRoom::create(&api).await;
    let member = room.join(&api, Role::Manage).await;
    (api, room, member)
}

/// An item in the place of ours, with a version of its own in the write and in its condition.
async fn write_as_another_release(tables: &Tables, key: &Key) {
    tables.write(&Write::delete(key)).await.unwrap();
    tables.write(&Write::update(key, "SET #name = :name").bind("name", "theirs").bind("v", 2)).await.unwrap();
}

/// As after a release that was rolled back: what the newer one wrote is neither misread nor lost.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_room_of_another_release_is_reported_and_left_alone() {
    let stack = Stack::start(|_| {}).await;
    let (api, room, member) = managed_room(&stack).await;
    let (tables, key) = (&stack.app.tables, room::key(room.id));
    write_as_another_release(tables, &key).await;

    let error = api.call(&calls::GetRoom { room: room.id }, member.token()).await.failed(ErrorCode::Internal);
    assert!(error.message.contains("Another release of Slipway"), "{}", error.message);
    // The same room once more: it is there, whoever wrote it.
    api.call(&calls::CreateRoom { body: room.request() }, None).await.ok::<RoomCreated>();
    assert_left_alone(tables, &key).await;
}

/// Begins three uploads, and lists this many files, added at 1, 2, 3 and so on, without any storage.
async fn fill(stack: &Stack, api: &Api, room: &NewRoom, member: &Session, files: u64) -> Vec<UploadId> {
    let meta = |name: &str| json!({ "meta": { "v": 1, "name": name }, "size": 5 });
    let body = json!({ "uploads": [meta("one"), meta("two"), meta("three")] });
    let begun: Initiated = api.post(&room.path("/uploads"), member.token(), &body).await.ok();
    let ids: Vec<_> = begun.uploads.iter().map(|upload| upload.upload_id).collect();
    let tables = &stack.app.tables;
    for number in 1..=files {
        let upload = upload::get(tables, ids[0]).await.unwrap().unwrap();
        let done = UploadRecord { etag: Some("x".into()), ended_at: Some(number), file_id: file_id(), ..upload };
        tables.transact(&file::list(room.id, &done.file().unwrap())).await.unwrap();
    }
    ids
}

/// The key of a listed file.
fn listed(room: RoomId, file: &FileInfo) -> Key {
    Key::main(format!("ROOM#{room}"), format!("FILE#{:013}.{}", file.added_at, file.file_id))
}

/// One file, one upload in the list and one upload's own record of another release: the room shows all else, and its quota
/// still counts them.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_list_leaves_out_what_another_release_wrote() {
    let stack = Stack::start(|_| {}).await;
    let (api, room, member) = managed_room(&stack).await;
    let ids = fill(&stack, &api, &room, &member, 3).await;
    let before: RoomView = api.call(&calls::GetRoom { room: room.id }, member.token()).await.ok();
    assert_eq!((before.files.len(), before.uploads.len()), (3, 3));

    let tables = &stack.app.tables;
    let theirs = [
        listed(room.id, &before.files[1]),
        Key::main(format!("ROOM#{}", room.id), format!("UPLOAD#{}", ids[1])),
        upload::key(ids[2]),
    ];
    for key in &theirs {
        write_as_another_release(tables, key).await;
    }
    let view: RoomView = api.call(&calls::GetRoom { room: room.id }, member.token()).await.ok();
    let added: Vec<_> = view.files.iter().map(|file| file.added_at).collect();
    let uploads: Vec<_> = view.uploads.iter().map(|upload| upload.upload_id).collect();
    assert_eq!((added, uploads), (vec![3, 1], vec![ids[0]]));
    assert_eq!((view.quota, view.last_seq), (before.quota, before.last_seq));
    let page: FilePage = api.call(&calls::ListFiles { room: room.id, after: None }, member.token()).await.ok();
    assert_eq!(page.files, view.files);
    for key in &theirs {
        assert_left_alone(tables, key).await;
    }
}

async fn assert_left_alone(tables: &Tables, key: &Key) {
    assert_eq!(tables.get::<Value>(key).await.unwrap_err(), TableError::UnknownVersion("2".into()), "left alone");
}

/// Every upload changes the quota and the numbers, and every call the token's last use: a newer release leaves them behind
/// in each room that it served.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_room_that_another_release_served_still_opens() {
    let stack = Stack::start(|_| {}).await;
    let (api, room, member) = managed_room(&stack).await;
    fill(&stack, &api, &room, &member, 1).await;
    let before: RoomView = api.call(&calls::GetRoom { room: room.id }, member.token()).await.ok();
    let (tables, token) = (&stack.app.tables, member.token.parse::<MemberToken>().unwrap());
    let theirs = [seen::key(&token.verifier()), quota::key(room.id), sequence::key(room.id)];
    for key in &theirs {
        write_as_another_release(tables, key).await;
    }
    // Long enough for the token's use to be noted again.
    stack.app.clock.advance(std::time::Duration::from_secs(3600));
    let view: RoomView = api.call(&calls::GetRoom { room: room.id }, member.token()).await.ok();
    assert_eq!((view.quota, view.last_seq), (None, None), "not known, rather than none used");
    assert_eq!(view.files, before.files);
    let body = json!({ "uploads": [{ "meta": { "v": 1, "name": "four" }, "size": 5 }] });
    let error = api.post(&room.path("/uploads"), member.token(), &body).await.failed(ErrorCode::Internal);
    assert!(error.message.contains("Another release of Slipway"), "{}", error.message);
    for key in &theirs {
        assert_left_alone(tables, key).await;
    }
    stack.app.clock.advance(std::time::Duration::from_secs(12 * 3600));
    api.call(&calls::GetRoom { room: room.id }, member.token()).await.failed(ErrorCode::TokenExpired);
}

/// A page that has nothing but hidden items is empty, and says where the next one begins.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pages_go_on_over_files_of_another_release() {
    let stack = Stack::start(|_| {}).await;
    let (api, room, member) = managed_room(&stack).await;
    fill(&stack, &api, &room, &member, 6).await;
    let tables = &stack.app.tables;
    let all = file::page(tables, room.id, None, 10).await.unwrap().files;
    for file in &all[1..4] {
        write_as_another_release(tables, &listed(room.id, file)).await;
    }
    let (mut pages, mut after) = (Vec::new(), None);
    loop {
        let page = file::page(tables, room.id, after.as_deref(), 2).await.unwrap();
        pages.push(page.files.iter().map(|file| file.added_at).collect::<Vec<_>>());
        after = page.next_after;
        if after.is_none() {
            break;
        }
    }
    pages.truncate(3);
    assert_eq!(pages, [vec![6], vec![], vec![2, 1]]);
}

/// However many items of another release come first in a shard, ours behind them are visited.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sweep_passes_the_due_items_of_another_release() {
    let stack = Stack::start(|_| {}).await;
    let tables = &stack.app.tables;
    let (hour, id) = (1000, upload_id());
    let shard = id.as_bytes()[0] % due::SHARDS;
    let theirs = |number: u32| {
        let key = Key::main(format!("DUE#{hour}#{shard}"), format!("UPLOAD#!{number:04}"));
        Write::update(&key, "SET #name = :name").bind("name", "theirs").bind("v", 2)
    };
    for first in (0..1100).step_by(100) {
        tables.transact(&(first..first + 100).map(theirs).collect::<Vec<_>>()).await.unwrap();
    }
    Due::upload(id, hour * 3_600_000).note(tables).await.unwrap();
    let Listed { due, more } = due::list(tables, hour, shard, u64::MAX).await.unwrap();
    assert_eq!(due.len(), 1);
    assert!(more, "the cursor waits for the release that can visit the others");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn conflicts_are_met_with_another_try() {
    let stack = Stack::start(|_| {}).await;
    let api = stack.http();
    stack.app.tables.inject_conflicts(4);
    let room = NewRoom::create(&api).await;
    stack.app.tables.inject_conflicts(4);
    room.join(&api, Role::View).await;
    assert_eq!(stack.app.tables.conflicts_left(), 0);
    stack.app.tables.inject_conflicts(1000);
    api.call(&calls::CreateRoom { body: NewRoom::invented().request() }, None).await.failed(ErrorCode::Unavailable);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_panic_is_a_500_and_the_next_call_goes_on() {
    use axum::routing::get;
    use utoipa_axum::router::OpenApiRouter;

    async fn panics() {
        panic!("for the test");
    }
    let stack = Stack::start(|_| {}).await;
    let routes = OpenApiRouter::new().route("/api/panics", get(panics));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let api = Api::http(&format!("http://{}", listener.local_addr().unwrap()));
    let router = routers::serve(stack.app.clone(), routes);
    let server =
        tokio::spawn(dev_server::serve_until(listener, router, dev_server::Limits::default(), std::future::pending()));
    for _ in 0..2 {
        let error = api.get("/api/panics", None).await.failed(ErrorCode::Internal);
        assert!(!error.message.contains("for the test"));
    }
    server.abort();
}
