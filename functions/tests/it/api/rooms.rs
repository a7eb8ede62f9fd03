//! Rooms are made once, and shown to each role as far as it may see.

use slipway_protocol::calls;
use slipway_protocol::wire::error::ErrorCode;
use slipway_protocol::wire::link::{Role, Verifier};
use slipway_protocol::wire::{FilePage, Health, NewLink, RoomCreated, RoomView};

use crate::support::{NewRoom, both_ways};

both_ways! {
    async fn a_room_is_made_and_shown_to_its_members(stack, api) {
        let room = NewRoom::create(&api).await;
        for role in Role::ALL {
            let member = room.join(&api, role).await;
            let view: RoomView = api.call(&calls::GetRoom { room: room.id }, member.token()).await.ok();
            assert_eq!((view.room_id, view.role, view.member_id), (room.id, role, member.member_id));
            assert_eq!((view.name.plain(), view.display_name.plain()), (Some("Holiday photos"), Some("Ana")));
            assert_eq!((view.files.len(), view.uploads.len(), view.last_seq, view.upload_hosts), (0, 0, Some(0), 1));
            let quota = view.quota.unwrap();
            assert_eq!((quota.used_bytes, quota.max_bytes), (0, 10 << 40));
        }
    }

    async fn a_lost_answer_does_no_harm_to_a_new_room(stack, api) {
        let room = NewRoom::create(&api).await;
        let again: RoomCreated = api.call(&calls::CreateRoom { body: room.request() }, None).await.ok();
        assert_eq!(again.room_id, room.id);
    }

    async fn a_room_id_is_taken_once(stack, api) {
        let room = NewRoom::create(&api).await;
        let mut other = NewRoom::invented();
        other.id = room.id;
        api.call(&calls::CreateRoom { body: other.request() }, None).await.failed(ErrorCode::RoomExists);
        room.join(&api, Role::Manage).await;
    }

    async fn a_room_needs_a_manage_link_and_one_of_each_at_most(stack, api) {
        let mut request = NewRoom::invented().request();
        request.links.retain(|link| link.role != Role::Manage);
        let error = api.call(&calls::CreateRoom { body: request.clone() }, None).await.failed(ErrorCode::BadRequest);
        assert_eq!(error.field.as_deref(), Some("links"));

        let mut request = NewRoom::invented().request();
        request.links.push(NewLink { role: Role::View, verifier: Verifier::from_bytes([1; 32]), wrapped_key: None });
        let error = api.call(&calls::CreateRoom { body: request.clone() }, None).await.failed(ErrorCode::BadRequest);
        assert_eq!(error.field.as_deref(), Some("links[4].role"));
    }

    async fn a_wrapped_key_is_bounded_and_given_to_who_joins(stack, api) {
        let room = NewRoom::invented();
        let mut request = room.request();
        request.links[2].wrapped_key = Some("k".repeat(4097));
        let error = api.call(&calls::CreateRoom { body: request.clone() }, None).await.failed(ErrorCode::BadRequest);
        assert_eq!(error.field.as_deref(), Some("links[2].wrappedKey"));
        request.links[2].wrapped_key = Some("k".repeat(4096));
        let _: RoomCreated = api.call(&calls::CreateRoom { body: request.clone() }, None).await.ok();
        let joined: slipway_protocol::wire::Joined = room.try_join(&api, Role::View, None).await.ok();
        assert_eq!(joined.wrapped_key.map(|key| key.len()), Some(4096));
    }

    async fn files_are_not_for_drop_members_and_places_are_checked(stack, api) {
        let room = NewRoom::create(&api).await;
        let (view, drop) = (room.join(&api, Role::View).await, room.join(&api, Role::Drop).await);
        let page: FilePage = api.call(&calls::ListFiles { room: room.id, after: None }, view.token()).await.ok();
        assert!(page.files.is_empty() && page.next_after.is_none());
        api.call(&calls::ListFiles { room: room.id, after: None }, drop.token()).await.failed(ErrorCode::RoleTooLow);
        let error = api.call(&calls::ListFiles { room: room.id, after: Some("../x".into()) }, view.token()).await.failed(ErrorCode::BadRequest);
        assert_eq!(error.field.as_deref(), Some("after"));
    }

    /// THREATS 6: a foreign room, a missing room and a malformed id have the same answer.
    async fn foreign_and_unknown_rooms_look_alike(stack, api) {
        let (mine, foreign) = (NewRoom::create(&api).await, NewRoom::create(&api).await);
        let member = mine.join(&api, Role::Manage).await;
        let nobodys = NewRoom::invented();
        let foreign_member = foreign.join(&api, Role::View).await;
        let mut bodies = Vec::new();
        for path in [foreign.path(""), nobodys.path(""), "/api/rooms/no-id".into(), "/api/rooms/%00".into()] {
            for rest in ["", "/files", "/events", "/audit"] {
                let answer = api.get(&format!("{path}{rest}"), member.token()).await;
                bodies.push((answer.status, answer.without_id()));
            }
        }
        for room in [foreign.id, mine.id] {
            let removal = calls::RemoveMember { room, member: foreign_member.member_id };
            let answer = api.call(&removal, member.token()).await;
            bodies.push((answer.status, answer.without_id()));
        }
        assert!(bodies.iter().all(|body| *body == bodies[0] && body.0 == 404), "{bodies:#?}");
    }

    async fn what_is_no_route_is_an_error_in_json(stack, api) {
        api.get("/api/nothing", None).await.failed(ErrorCode::NotFound);
        api.delete("/api/rooms", None).await.failed(ErrorCode::MethodNotAllowed);
        let health: Health = api.call(&calls::GetHealth {}, None).await.ok();
        assert_eq!(health.status, "ok");
    }
}
