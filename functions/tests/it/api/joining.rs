//! Joining by a link, and going on as the same member.

use std::time::Duration;

use slipway_protocol::calls;
use slipway_protocol::wire::error::ErrorCode;
use slipway_protocol::wire::link::{AuthToken, Role};
use slipway_protocol::wire::{Joined, RoomView};

use crate::support::{NewRoom, both_ways};

both_ways! {
    /// THREATS 12: an unknown room, an unknown link and a wrong secret have the same answer.
    async fn an_unknown_room_and_a_wrong_secret_look_alike(stack, api) {
        let (room, nobodys) = (NewRoom::create(&api).await, NewRoom::invented());
        let mut wrong = room.join_request(Role::View, "Ana");
        wrong.auth_token = AuthToken::from_bytes([3; 32]);
        let mut other_role = room.join_request(Role::View, "Ana");
        other_role.role = Role::Manage;
        let manager = room.join(&api, Role::Manage).await;
        api.call(&calls::RevokeLink { room: room.id, role: Role::Drop }, manager.token()).await;
        let answers = [
            api.call(&calls::Join { room: room.id, body: wrong.clone() }, None).await,
            api.call(&calls::Join { room: room.id, body: other_role.clone() }, None).await,
            room.try_join(&api, Role::Drop, None).await,
            nobodys.try_join(&api, Role::View, None).await,
            api.post("/api/rooms/no-id/members", None, &wrong).await,
        ];
        for answer in &answers {
            assert_eq!((answer.status, answer.without_id()), (answers[0].status, answers[0].without_id()));
        }
        answers[0].clone().failed(ErrorCode::NotFound);
    }

    async fn two_who_join_are_two_members(stack, api) {
        let room = NewRoom::create(&api).await;
        let (one, two) = (room.join(&api, Role::View).await, room.join(&api, Role::View).await);
        assert_ne!(one.member_id, two.member_id);
        assert_ne!(one.token, two.token);
    }

    async fn with_an_old_token_the_same_member_goes_on(stack, api) {
        let room = NewRoom::create(&api).await;
        let before = room.join(&api, Role::Contribute).await;
        stack.app.clock.advance(Duration::from_secs(13 * 3600));
        api.call(&calls::GetRoom { room: room.id }, before.token()).await.failed(ErrorCode::TokenExpired);
        let after: Joined = room.try_join(&api, Role::Contribute, before.token()).await.ok();
        assert_eq!(after.member_id, before.member_id);
        let view: RoomView = api.call(&calls::GetRoom { room: room.id }, Some(&after.member_token.expose())).await.ok();
        assert_eq!(view.member_id, before.member_id);
        api.call(&calls::GetRoom { room: room.id }, before.token()).await.failed(ErrorCode::TokenExpired);
    }

    async fn each_token_has_the_role_of_its_own_link(stack, api) {
        let room = NewRoom::create(&api).await;
        let manager = room.join(&api, Role::Manage).await;
        let viewing: Joined = room.try_join(&api, Role::View, manager.token()).await.ok();
        assert_eq!((viewing.member_id, viewing.role), (manager.member_id, Role::View));
        api.call(&calls::ListAudit { room: room.id, after: 0 }, Some(&viewing.member_token.expose())).await.failed(ErrorCode::RoleTooLow);
        assert!(api.call(&calls::ListAudit { room: room.id, after: 0 }, manager.token()).await.status.is_success());
    }

    async fn an_old_token_of_another_room_is_no_help(stack, api) {
        let (one, two) = (NewRoom::create(&api).await, NewRoom::create(&api).await);
        let stranger = one.join(&api, Role::Manage).await;
        let joined: Joined = two.try_join(&api, Role::View, stranger.token()).await.ok();
        assert_ne!(joined.member_id, stranger.member_id);
        let joined: Joined = two.try_join(&api, Role::View, Some("not a token")).await.ok();
        assert_eq!(joined.role, Role::View);
    }

    async fn a_removed_member_comes_back_only_by_a_newer_link(stack, api) {
        let room = NewRoom::create(&api).await;
        let (manager, removed) = (room.join(&api, Role::Manage).await, room.join(&api, Role::View).await);
        let remove = calls::RemoveMember { room: room.id, member: removed.member_id };
        assert_eq!(api.call(&remove, manager.token()).await.status, 204);
        room.try_join(&api, Role::View, removed.token()).await.failed(ErrorCode::MemberRemoved);

        let next = NewRoom::invented();
        let verifier = next.secret(Role::View).auth_token(room.id).verifier();
        let body = slipway_protocol::wire::RotateLink { verifier, wrapped_key: None };
        let rotate = calls::RotateLink { room: room.id, role: Role::View, body };
        assert!(api.call(&rotate, manager.token()).await.status.is_success());
        let mut request = room.join_request(Role::View, "Ana");
        request.auth_token = next.secret(Role::View).auth_token(room.id);
        let joined: Joined = api.call(&calls::Join { room: room.id, body: request.clone() }, removed.token()).await.ok();
        assert_ne!(joined.member_id, removed.member_id, "as somebody new");
    }
}
