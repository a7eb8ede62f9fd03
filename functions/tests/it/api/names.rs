//! THREATS 7: names given by users are cleaned before others see them.

use slipway_protocol::calls;
use slipway_protocol::wire::error::ErrorCode;
use slipway_protocol::wire::link::Role;
use slipway_protocol::wire::{Join, Joined, RoomView};

use crate::support::{Api, NewRoom, both_ways};

async fn name_seen(api: &Api, room: &NewRoom, name: &str) -> String {
    let joined: Joined =
        api.call(&calls::Join { room: room.id, body: room.join_request(Role::View, name) }, None).await.ok();
    let view: RoomView = api.call(&calls::GetRoom { room: room.id }, Some(&joined.member_token.expose())).await.ok();
    view.display_name.plain().expect("a plain name").to_owned()
}

both_ways! {
    async fn hidden_characters_are_taken_out(stack, api) {
        let room = NewRoom::create(&api).await;
        for (given, seen) in [
            ("../../x", "../../x"),
            ("A\u{0}n\u{7}a", "Ana"),
            ("\u{202e}gpj.exe", "gpj.exe"),
            (" Ana\r\n", "Ana"),
            ("<script>alert(1)</script>", "<script>alert(1)</script>"),
            ("CON", "CON"),
            ("👩\u{200d}🚀", "👩\u{200d}🚀"),
        ] {
            assert_eq!(name_seen(&api, &room, given).await, seen);
        }
    }

    async fn a_name_has_visible_characters_and_not_too_many(stack, api) {
        let room = NewRoom::create(&api).await;
        for name in ["", "   ", "\u{200b}\u{feff}", &"x".repeat(61), &"x".repeat(10 * 1024)] {
            let request: Join = room.join_request(Role::View, name);
            let error = api.call(&calls::Join { room: room.id, body: request.clone() }, None).await.failed(ErrorCode::BadRequest);
            assert_eq!(error.field.as_deref(), Some("displayName"));
        }
        assert_eq!(name_seen(&api, &room, &"ß".repeat(60)).await.chars().count(), 60);
        for name in ["", "\u{202e}", &"x".repeat(121)] {
            let mut request = NewRoom::invented().request();
            request.name = name.into();
            let error = api.call(&calls::CreateRoom { body: request.clone() }, None).await.failed(ErrorCode::BadRequest);
            assert_eq!(error.field.as_deref(), Some("name"));
        }
    }
}
