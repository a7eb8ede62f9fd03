//! THREATS 17: a rotated or revoked link is closed to newcomers, and who came by it is out with the next call.

use slipway_protocol::calls;
use slipway_protocol::wire::error::ErrorCode;
use slipway_protocol::wire::link::Role;
use slipway_protocol::wire::{Joined, LinkRotated, RotateLink};

use crate::support::{Answer, Api, NewRoom, Session, both_ways};

async fn rotate(api: &Api, room: &NewRoom, role: Role, new: &NewRoom, by: &Session) -> Answer {
    let verifier = new.secret(role).auth_token(room.id).verifier();
    let body = RotateLink { verifier, wrapped_key: None };
    api.call(&calls::RotateLink { room: room.id, role, body }, by.token()).await
}

async fn join_by_new(api: &Api, room: &NewRoom, role: Role, new: &NewRoom, old: Option<&str>) -> Answer {
    let mut request = room.join_request(role, "Ana");
    request.auth_token = new.secret(role).auth_token(room.id);
    api.call(&calls::Join { room: room.id, body: request.clone() }, old).await
}

both_ways! {
    async fn a_rotated_link_ends_what_it_gave(stack, api) {
        let (room, new) = (NewRoom::create(&api).await, NewRoom::invented());
        let (manager, member) = (room.join(&api, Role::Manage).await, room.join(&api, Role::Contribute).await);
        let other = room.join(&api, Role::View).await;
        let rotated: LinkRotated = rotate(&api, &room, Role::Contribute, &new, &manager).await.ok();
        assert_eq!((rotated.role, rotated.version), (Role::Contribute, 2));

        api.call(&calls::GetRoom { room: room.id }, member.token()).await.failed(ErrorCode::MemberRemoved);
        room.try_join(&api, Role::Contribute, None).await.failed(ErrorCode::NotFound);
        assert!(api.call(&calls::GetRoom { room: room.id }, other.token()).await.status.is_success());

        let back: Joined = join_by_new(&api, &room, Role::Contribute, &new, member.token()).await.ok();
        assert_eq!(back.member_id, member.member_id, "with the new link the same member goes on");
    }

    async fn a_lost_answer_does_no_harm_to_a_rotation(stack, api) {
        let (room, new) = (NewRoom::create(&api).await, NewRoom::invented());
        let manager = room.join(&api, Role::Manage).await;
        for _ in 0..2 {
            let rotated: LinkRotated = rotate(&api, &room, Role::View, &new, &manager).await.ok();
            assert_eq!(rotated.version, 2);
        }
    }

    async fn who_rotates_the_manage_link_stays(stack, api) {
        let (room, new) = (NewRoom::create(&api).await, NewRoom::invented());
        let (one, two) = (room.join(&api, Role::Manage).await, room.join(&api, Role::Manage).await);
        assert!(rotate(&api, &room, Role::Manage, &new, &one).await.status.is_success());
        assert!(api.call(&calls::ListAudit { room: room.id, after: 0 }, one.token()).await.status.is_success());
        api.call(&calls::ListAudit { room: room.id, after: 0 }, two.token()).await.failed(ErrorCode::MemberRemoved);
        assert!(rotate(&api, &room, Role::Manage, &NewRoom::invented(), &one).await.status.is_success());
        assert!(api.call(&calls::ListAudit { room: room.id, after: 0 }, one.token()).await.status.is_success(), "again and again");
    }

    async fn a_revoked_link_can_be_made_again(stack, api) {
        let (room, new) = (NewRoom::create(&api).await, NewRoom::invented());
        let (manager, member) = (room.join(&api, Role::Manage).await, room.join(&api, Role::Drop).await);
        for _ in 0..2 {
            assert_eq!(api.call(&calls::RevokeLink { room: room.id, role: Role::Drop }, manager.token()).await.status, 204);
        }
        api.call(&calls::GetRoom { room: room.id }, member.token()).await.failed(ErrorCode::MemberRemoved);
        room.try_join(&api, Role::Drop, None).await.failed(ErrorCode::NotFound);
        let rotated: LinkRotated = rotate(&api, &room, Role::Drop, &new, &manager).await.ok();
        assert_eq!(rotated.version, 3);
        let _: Joined = join_by_new(&api, &room, Role::Drop, &new, None).await.ok();
    }

    async fn a_link_that_never_was_can_be_made(stack, api) {
        let (room, new) = (NewRoom::invented(), NewRoom::invented());
        let mut request = room.request();
        request.links.retain(|link| link.role == Role::Manage);
        api.call(&calls::CreateRoom { body: request.clone() }, None).await.ok::<slipway_protocol::wire::RoomCreated>();
        let manager = room.join(&api, Role::Manage).await;
        assert_eq!(api.call(&calls::RevokeLink { room: room.id, role: Role::View }, manager.token()).await.status, 204);
        let rotated: LinkRotated = rotate(&api, &room, Role::View, &new, &manager).await.ok();
        assert_eq!(rotated.version, 1);
        let _: Joined = join_by_new(&api, &room, Role::View, &new, None).await.ok();
    }

    async fn links_are_for_managers_and_the_manage_link_stays(stack, api) {
        let (room, new) = (NewRoom::create(&api).await, NewRoom::invented());
        let (manager, member) = (room.join(&api, Role::Manage).await, room.join(&api, Role::Contribute).await);
        rotate(&api, &room, Role::View, &new, &member).await.failed(ErrorCode::RoleTooLow);
        api.call(&calls::RevokeLink { room: room.id, role: Role::View }, member.token()).await.failed(ErrorCode::RoleTooLow);
        let error = api.call(&calls::RevokeLink { room: room.id, role: Role::Manage }, manager.token()).await.failed(ErrorCode::BadRequest);
        assert_eq!(error.field.as_deref(), Some("role"));
        api.delete(&room.path("/links/owner"), manager.token()).await.failed(ErrorCode::NotFound);
    }

    async fn of_rotations_at_once_the_last_holds_and_none_is_lost(stack, api) {
        let room = NewRoom::create(&api).await;
        let manager = room.join(&api, Role::Manage).await;
        let new: Vec<_> = (0..4).map(|_| NewRoom::invented()).collect();
        let calls = new.iter().map(|new| rotate(&api, &room, Role::View, new, &manager));
        let answers = futures::future::join_all(calls).await;
        let mut versions: Vec<_> = answers.into_iter().map(|answer| answer.ok::<LinkRotated>().version).collect();
        versions.sort_unstable();
        assert_eq!(versions, [2, 3, 4, 5]);
        let mut open = 0;
        for new in &new {
            open += u32::from(join_by_new(&api, &room, Role::View, new, None).await.status.is_success());
        }
        assert_eq!(open, 1);
    }
}
