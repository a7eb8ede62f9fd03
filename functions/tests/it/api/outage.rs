//! Failures of the table: 503 with `Retry-After`, and no internals in the answer.

use functions::app::App;
use functions::config::TableEndpoint;
use functions::ids::file_id;
use functions::records::upload::{self, UploadRecord};
use functions::records::{file, room};
use functions::routers;
use functions::table::{Key, TableError, Tables, Write};
use serde_json::{Value, json};
use slipway_protocol::calls;
use slipway_protocol::wire::error::ErrorCode;
use slipway_protocol::wire::link::{MemberToken, Role};
use slipway_protocol::wire::{FilePage, Initiated, RoomCreated, RoomView};

use crate::support::{Api, NewRoom, Stack};

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

/// An item in the place of ours, with a version of its own in the write and in its condition.
async fn write_as_another_release(tables: &Tables, key: &Key) {
    tables.write(&Write::delete(key)).await.unwrap();
    tables.write(&Write::update(key, "SET #name = :name").bind("name", "theirs").bind("v", 2)).await.unwrap();
}

/// As after a release that was rolled back: what the newer one wrote is neither misread nor lost.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_room_of_another_release_is_reported_and_left_alone() {
    let stack = Stack::start(|_| {}).await;
    let api = stack.http();
    let room = NewRoom::create(&api).await;
    let member = room.join(&api, Role::Manage).await;
    let (tables, key) = (&stack.app.tables, room::key(room.id));
    write_as_another_release(tables, &key).await;

    let error = api.call(&calls::GetRoom { room: room.id }, member.token()).await.failed(ErrorCode::Internal);
    assert!(error.message.contains("Another release of Slipway"), "{}", error.message);
    // The same room once more: it is there, whoever wrote it.
    api.call(&calls::CreateRoom { body: room.request() }, None).await.ok::<RoomCreated>();
    assert_eq!(tables.get::<Value>(&key).await.unwrap_err(), TableError::UnknownVersion("2".into()));
}

/// One file, one upload in the list and one upload's own record of another release: the room shows all else.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_list_leaves_out_what_another_release_wrote() {
    let stack = Stack::start(|_| {}).await;
    let api = stack.http();
    let room = NewRoom::create(&api).await;
    let member = room.join(&api, Role::Manage).await;
    let meta = |name: &str| json!({ "meta": { "v": 1, "name": name }, "size": 5 });
    let body = json!({ "uploads": [meta("one"), meta("two"), meta("three")] });
    let begun: Initiated = api.post(&room.path("/uploads"), member.token(), &body).await.ok();
    let ids: Vec<_> = begun.uploads.iter().map(|upload| upload.upload_id).collect();
    let tables = &stack.app.tables;
    for number in 1..=3 {
        let upload = upload::get(tables, ids[0]).await.unwrap().unwrap();
        let done = UploadRecord { etag: Some("x".into()), ended_at: Some(number), file_id: file_id(), ..upload };
        tables.transact(&file::list(room.id, &done.file().unwrap())).await.unwrap();
    }
    let before: RoomView = api.call(&calls::GetRoom { room: room.id }, member.token()).await.ok();
    assert_eq!((before.files.len(), before.uploads.len()), (3, 3));

    let partition = format!("ROOM#{}", room.id);
    let theirs = [
        Key::main(&partition, format!("FILE#{:013}.{}", 2, before.files[1].file_id)),
        Key::main(&partition, format!("UPLOAD#{}", ids[1])),
        upload::key(ids[2]),
    ];
    for key in &theirs {
        write_as_another_release(tables, key).await;
    }
    let view: RoomView = api.call(&calls::GetRoom { room: room.id }, member.token()).await.ok();
    let added: Vec<_> = view.files.iter().map(|file| file.added_at).collect();
    let uploads: Vec<_> = view.uploads.iter().map(|upload| upload.upload_id).collect();
    assert_eq!((added, uploads), (vec![3, 1], vec![ids[0]]));
    let page: FilePage = api.call(&calls::ListFiles { room: room.id, after: None }, member.token()).await.ok();
    assert_eq!(page.files, view.files);
    for key in &theirs {
        assert_eq!(tables.get::<Value>(key).await.unwrap_err(), TableError::UnknownVersion("2".into()), "left alone");
    }
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
