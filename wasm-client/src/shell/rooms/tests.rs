use slipway_protocol::wire::id::{FileId, MemberId};
use slipway_protocol::wire::link::{LinkSecret, Role};
use slipway_protocol::wire::{Event, RoomEvent};
use wasm_bindgen_test::wasm_bindgen_test;

use super::*;
use crate::browser::bindings;
use crate::testing::{FakeServer, unique};

const ROOM: RoomId = RoomId::from_bytes([1; 16]);

fn session(token: u8) -> Session {
    let links = vec![KnownLink { role: Role::Contribute, secret: LinkSecret::from_bytes([2; 32]) }];
    Session {
        v: 1,
        room: ROOM,
        name: "Footage".into(),
        role: Role::Contribute,
        display_name: "Ann".into(),
        member_id: MemberId::from_bytes([3; 16]),
        token: MemberToken::from_bytes([token; 32]),
        links,
        requested: Vec::new(),
        joined_at: 1,
    }
}

async fn rooms(base: &str) -> Rooms {
    let store = Store::open(&unique("rooms")).await;
    Rooms::load(Api::at(base), store).await
}

fn error(code: ErrorCode) -> (u16, String) {
    (code.status(), format!(r#"{{"error":{{"code":"{}","message":"m","requestId":"r"}}}}"#, code.as_str()))
}

fn joined(token: u8) -> String {
    let answer = Joined {
        member_id: MemberId::from_bytes([3; 16]),
        member_token: MemberToken::from_bytes([token; 32]),
        role: Role::Contribute,
        idle_seconds: 60,
        wrapped_key: None,
    };
    serde_json::to_string(&answer).unwrap()
}

#[wasm_bindgen_test]
async fn sessions_survive_a_reload_and_can_be_forgotten() {
    let store = Store::open(&unique("rooms")).await;
    let first = Rooms::load(Api::at("/none"), store.clone()).await;
    first.keep(session(1));
    store.flush().await;
    let again = Rooms::load(Api::at("/none"), store.clone()).await;
    let shown = again.get(ROOM).unwrap();
    assert_eq!((shown.name.as_str(), shown.role, shown.links.len()), ("Footage", Role::Contribute, 1));
    let origin = bindings::window().location().origin().unwrap();
    assert!(shown.links[0].1.starts_with(&format!("{origin}/r/{ROOM}#contribute.")), "{}", shown.links[0].1);
    again.forget(ROOM);
    store.flush().await;
    assert_eq!(Rooms::load(Api::at("/none"), store).await.all(), []);
}

const GONE: FileId = FileId::from_bytes([1; 16]);

/// Three events, of which one is a removal.
fn events() -> String {
    let what = Event::FileRemoved { file_id: GONE, member_id: MemberId::from_bytes([3; 16]) };
    let removed = RoomEvent { seq: Some(7), at: 1, room_id: ROOM, what };
    let removed = serde_json::to_string(&removed).unwrap();
    format!(
        r#"{{"events":[{{"seq":5,"type":"file-added","file":{{}}}},{{"seq":6,"type":"from-the-future"}},{removed}],"lastSeq":7}}"#
    )
}

async fn removed(rooms: &Rooms, after: u64) -> Result<Vec<FileId>, Fault> {
    rooms.call(ROOM, &calls::ListRemovals { room: ROOM, after }).await.map(calls::Removals::files)
}

#[wasm_bindgen_test]
async fn an_expired_token_is_exchanged_once_for_all_calls() {
    let rooms = rooms("/exchange").await;
    rooms.keep(session(1));
    let old = format!("Bearer {}", MemberToken::from_bytes([1; 32]).expose());
    let server = FakeServer::install("/exchange", move |call| match (call.path.as_str(), call.token.as_deref()) {
        (path, Some(token)) if path.ends_with("/members") && token == old => (201, joined(9)),
        (_, Some(token)) if token == old => error(ErrorCode::TokenExpired),
        _ => (200, events()),
    });
    let (one, two) = futures::join!(removed(&rooms, 0), removed(&rooms, 1));
    assert_eq!((one, two), (Ok(vec![GONE]), Ok(vec![GONE])));
    let joins = server.calls().iter().filter(|call| call.path.ends_with("/members")).count();
    assert_eq!((joins, server.calls().len()), (1, 5));
    assert_eq!(rooms.token(ROOM), Some(MemberToken::from_bytes([9; 32])));
}

#[wasm_bindgen_test]
async fn when_the_link_fails_too_the_first_answer_stands() {
    let rooms = rooms("/rotated").await;
    rooms.keep(session(1));
    let server = FakeServer::install("/rotated", |call| match call.path.ends_with("/members") {
        true => error(ErrorCode::NotFound),
        false => error(ErrorCode::TokenExpired),
    });
    assert_eq!(removed(&rooms, 0).await.unwrap_err().code(), Some(ErrorCode::TokenExpired));
    assert_eq!(server.calls().len(), 2);
}

#[wasm_bindgen_test]
async fn a_removed_member_cannot_rejoin() {
    let rooms = rooms("/removed").await;
    rooms.keep(session(1));
    let server = FakeServer::install("/removed", |_| error(ErrorCode::MemberRemoved));
    assert_eq!(removed(&rooms, 0).await.unwrap_err().code(), Some(ErrorCode::MemberRemoved));
    let link = RoomLink { room: ROOM, role: Role::Contribute, secret: LinkSecret::from_bytes([2; 32]) };
    assert_eq!(rooms.join(&link, "Ann").await.unwrap_err().code(), Some(ErrorCode::MemberRemoved));
    assert_eq!(server.calls().len(), 2);
}

#[wasm_bindgen_test]
async fn a_room_is_created_with_four_links_and_joined_as_manager() {
    let rooms = rooms("/create").await;
    let server = FakeServer::install("/create", |call| match call.path.ends_with("/rooms") {
        true => (201, format!(r#"{{"roomId":"{ROOM}"}}"#)),
        false => (201, joined(5).replace("contribute", "manage")),
    });
    let room = rooms.create(" Footage ", "Ann").await.unwrap();
    assert_eq!((room.name.as_str(), room.role), ("Footage", Role::Manage));
    assert_eq!(room.links.iter().map(|(role, _)| *role).collect::<Vec<_>>(), Role::ALL);
    let body: CreateRoom = serde_json::from_str(&server.calls()[0].body).unwrap();
    for ((role, url), new) in room.links.iter().zip(&body.links) {
        let (path, fragment) = url.split_once('#').unwrap();
        let link = RoomLink::parse(path.rsplit_once('/').unwrap().1, fragment).unwrap();
        assert_eq!((*role, link.secret.auth_token(room.room).verifier()), (new.role, new.verifier.clone()));
        // The secret itself is never sent.
        assert!(server.calls().iter().all(|call| !call.body.contains(&link.secret.expose())));
    }
}

fn manager() -> Session {
    let role = Role::Manage;
    Session { role, links: vec![KnownLink { role, secret: LinkSecret::from_bytes([4; 32]) }], ..session(1) }
}

fn rotated() -> String {
    r#"{"role":"contribute","version":2}"#.into()
}

/// The verifier in the body of a call.
fn verifier_of(body: &str) -> String {
    let body: serde_json::Value = serde_json::from_str(body).unwrap();
    body["verifier"].as_str().unwrap().to_owned()
}

fn verifier_of_url(url: &str) -> String {
    let (path, fragment) = url.split_once('#').unwrap();
    let link = RoomLink::parse(path.rsplit_once('/').unwrap().1, fragment).unwrap();
    serde_json::to_value(link.secret.auth_token(ROOM).verifier()).unwrap().as_str().unwrap().to_owned()
}

/// The answer of a gateway when the functions' answer is lost.
const LOST: (u16, &str) = (502, "<html>");

#[wasm_bindgen_test]
async fn a_replacement_whose_answer_is_lost_is_repeated_with_the_same_secret() {
    let store = Store::open(&unique("rooms")).await;
    let rooms = Rooms::load(Api::at("/lost-rotate"), store.clone()).await;
    rooms.keep(Session { links: [manager().links, session(1).links].concat(), ..manager() });
    let server = FakeServer::install("/lost-rotate", |_| (LOST.0, LOST.1.into()));
    assert!(rooms.replace_link(ROOM, Role::Contribute).await.is_err());
    let verifiers: Vec<_> = server.calls().iter().map(|call| verifier_of(&call.body)).collect();
    assert_eq!(verifiers.len(), 2, "repeated once, as when a room is created");
    assert_eq!(verifiers[0], verifiers[1]);
    // Neither link is shown, and the others stay.
    let shown = rooms.get(ROOM).unwrap();
    assert_eq!(shown.unsure, [Role::Contribute]);
    assert_eq!(shown.links.iter().map(|(role, _)| *role).collect::<Vec<_>>(), [Role::Manage]);
    drop(server);

    // The page is reloaded.
    let rooms = Rooms::load(Api::at("/lost-rotate"), store).await;
    let server = FakeServer::install("/lost-rotate", |_| (200, rotated()));
    let url = rooms.replace_link(ROOM, Role::Contribute).await.unwrap();
    assert_eq!(verifier_of(&server.calls()[0].body), verifiers[0]);
    assert_eq!(verifier_of_url(&url), verifiers[0]);
    let shown = rooms.get(ROOM).unwrap();
    assert_eq!((shown.unsure.len(), shown.links[1].clone()), (0, (Role::Contribute, url)));
}

#[wasm_bindgen_test]
async fn a_replacement_is_saved_before_it_is_requested() {
    let store = Store::open(&unique("rooms")).await;
    let rooms = Rooms::load(Api::at("/first-disk"), store.clone()).await;
    rooms.keep(manager());
    let server = FakeServer::install("/first-disk", |_| (200, rotated()));
    let mut rotation = Box::pin(rooms.replace_link(ROOM, Role::Contribute));
    // Until the call is sent; its answer is never read.
    while server.calls().is_empty() {
        assert!(futures::poll!(&mut rotation).is_pending());
        crate::testing::sleep(1).await;
    }
    drop(rotation);
    let again = Rooms::load(Api::at("/first-disk"), store).await;
    assert_eq!(again.get(ROOM).unwrap().unsure, [Role::Contribute]);
}

#[wasm_bindgen_test]
async fn a_replacement_that_is_refused_changes_nothing() {
    let rooms = rooms("/refused-rotate").await;
    rooms.keep(session(1));
    let before = rooms.get(ROOM);
    let _server = FakeServer::install("/refused-rotate", |_| error(ErrorCode::RoleTooLow));
    assert!(rooms.replace_link(ROOM, Role::Contribute).await.is_err());
    assert_eq!(rooms.get(ROOM), before);
}

#[wasm_bindgen_test]
async fn a_manager_rejoins_by_the_link_whose_replacement_was_not_answered() {
    let rooms = rooms("/back").await;
    let requested = KnownLink { role: Role::Manage, secret: LinkSecret::from_bytes([8; 32]) };
    let good = serde_json::to_value(requested.secret.auth_token(ROOM)).unwrap();
    rooms.keep(Session { requested: vec![requested], ..manager() });
    let old = format!("Bearer {}", MemberToken::from_bytes([1; 32]).expose());
    let _server = FakeServer::install("/back", move |call| match call.path.ends_with("/members") {
        true if call.body.contains(good.as_str().unwrap()) => (201, joined(9).replace("contribute", "manage")),
        true => error(ErrorCode::NotFound),
        false if call.token.as_deref() == Some(&old) => error(ErrorCode::TokenExpired),
        false => (200, events()),
    });
    assert_eq!(removed(&rooms, 0).await, Ok(vec![GONE]));
    let shown = rooms.get(ROOM).unwrap();
    assert_eq!((shown.unsure.len(), shown.links.len(), shown.role), (0, 1, Role::Manage));
}

#[wasm_bindgen_test]
async fn a_weaker_link_changes_nothing_unless_the_session_is_over() {
    let rooms = rooms("/weaker").await;
    rooms.keep(manager());
    let link = RoomLink { room: ROOM, role: Role::Contribute, secret: LinkSecret::from_bytes([2; 32]) };
    // A network failure must not replace the stronger role.
    let server = FakeServer::install("/weaker", |call| match call.path.ends_with("/members") {
        true => (201, joined(9)),
        false => (LOST.0, LOST.1.into()),
    });
    assert!(rooms.join(&link, "Ann").await.is_err());
    assert_eq!(rooms.get(ROOM).unwrap().role, Role::Manage);
    drop(server);
    let _server = FakeServer::install("/weaker", |call| match call.path.ends_with("/members") {
        true => (201, joined(9)),
        false => error(ErrorCode::MemberRemoved),
    });
    assert_eq!(rooms.join(&link, "Ann").await.unwrap().role, Role::Contribute);
}
