use slipway_protocol::link::Role;
use wasm_bindgen_test::wasm_bindgen_test;

use super::*;
use crate::testing::{Wire, unique};

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
    let shown = again.one(ROOM).unwrap();
    assert_eq!((shown.name.as_str(), shown.role, shown.links.len()), ("Footage", Role::Contribute, 1));
    let origin = sys::window().location().origin().unwrap();
    assert!(shown.links[0].1.starts_with(&format!("{origin}/r/{ROOM}#contribute.")), "{}", shown.links[0].1);
    again.forget(ROOM);
    store.flush().await;
    assert_eq!(Rooms::load(Api::at("/none"), store).await.all(), []);
}

#[wasm_bindgen_test]
async fn a_token_that_ran_out_is_exchanged_once_for_all_calls() {
    let rooms = rooms("/exchange").await;
    rooms.keep(session(1));
    let old = format!("Bearer {}", MemberToken::from_bytes([1; 32]).expose());
    let wire = Wire::tap("/exchange", move |asked| match (asked.path.as_str(), asked.token.as_deref()) {
        (path, Some(token)) if path.ends_with("/members") && token == old => (201, joined(9)),
        (_, Some(token)) if token == old => error(ErrorCode::TokenExpired),
        _ => (200, r#"{"events":[],"lastSeq":7}"#.into()),
    });
    let (one, two) = futures::join!(rooms.events(ROOM, 0), rooms.events(ROOM, 1));
    assert_eq!((one.unwrap().last_seq, two.unwrap().last_seq), (7, 7));
    let joins = wire.asked().iter().filter(|asked| asked.path.ends_with("/members")).count();
    assert_eq!((joins, wire.asked().len()), (1, 5));
    assert_eq!(rooms.token(ROOM), Some(MemberToken::from_bytes([9; 32])));
}

#[wasm_bindgen_test]
async fn a_link_that_no_longer_works_leaves_the_first_answer_standing() {
    let rooms = rooms("/rotated").await;
    rooms.keep(session(1));
    let wire = Wire::tap("/rotated", |asked| match asked.path.ends_with("/members") {
        true => error(ErrorCode::NotFound),
        false => error(ErrorCode::TokenExpired),
    });
    assert_eq!(rooms.events(ROOM, 0).await.unwrap_err().code(), Some(ErrorCode::TokenExpired));
    assert_eq!(wire.asked().len(), 2);
}

#[wasm_bindgen_test]
async fn a_removed_member_is_not_let_in_by_the_back_door() {
    let rooms = rooms("/removed").await;
    rooms.keep(session(1));
    let wire = Wire::tap("/removed", |_| error(ErrorCode::MemberRemoved));
    assert_eq!(rooms.events(ROOM, 0).await.unwrap_err().code(), Some(ErrorCode::MemberRemoved));
    let link = RoomLink { room: ROOM, role: Role::Contribute, secret: LinkSecret::from_bytes([2; 32]) };
    assert_eq!(rooms.join(&link, "Ann").await.unwrap_err().code(), Some(ErrorCode::MemberRemoved));
    assert_eq!(wire.asked().len(), 2);
}

#[wasm_bindgen_test]
async fn a_room_is_made_with_four_links_and_entered_to_manage() {
    let rooms = rooms("/create").await;
    let wire = Wire::tap("/create", |asked| match asked.path.ends_with("/rooms") {
        true => (201, format!(r#"{{"roomId":"{ROOM}"}}"#)),
        false => (201, joined(5).replace("contribute", "manage")),
    });
    let room = rooms.create(" Footage ", "Ann").await.unwrap();
    assert_eq!((room.name.as_str(), room.role), ("Footage", Role::Manage));
    assert_eq!(room.links.iter().map(|(role, _)| *role).collect::<Vec<_>>(), Role::ALL);
    let body: CreateRoom = serde_json::from_str(&wire.asked()[0].body).unwrap();
    for ((role, url), new) in room.links.iter().zip(&body.links) {
        let (path, fragment) = url.split_once('#').unwrap();
        let link = RoomLink::parse(path.rsplit_once('/').unwrap().1, fragment).unwrap();
        assert_eq!((*role, link.secret.auth_token(room.room).verifier()), (new.role, new.verifier.clone()));
        // The secret itself stays here.
        assert!(wire.asked().iter().all(|asked| !asked.body.contains(&link.secret.expose())));
    }
}
