//! Tokens end: by idleness, by age, by removal, with their link, with their room.

use std::time::Duration;

use functions::records::room;
use functions::table::Write;
use slipway_protocol::calls;
use slipway_protocol::wire::error::ErrorCode;
use slipway_protocol::wire::link::{MemberToken, Role};

use crate::support::{Call, NewRoom, both_ways};

const HOUR: Duration = Duration::from_secs(3600);

both_ways! {
    async fn no_token_or_an_unknown_one_is_refused(stack, api) {
        let room = NewRoom::create(&api).await;
        let unknown = MemberToken::from_bytes([9; 32]).expose();
        for token in [None, Some(""), Some("short"), Some(unknown.as_str())] {
            api.call(&calls::GetRoom { room: room.id }, token).await.failed(ErrorCode::TokenMissing);
        }
    }

    async fn another_scheme_is_no_token(stack, api) {
        let room = NewRoom::create(&api).await;
        let member = room.join(&api, Role::View).await;
        let call = Call::of(&calls::GetRoom { room: room.id });
        let basic = call.clone().header("authorization", &format!("Basic {}", member.token));
        api.send(basic).await.failed(ErrorCode::TokenMissing);
        let lower = call.header("authorization", &format!("bearer {}", member.token));
        assert!(api.send(lower).await.status.is_success());
    }

    async fn a_token_in_use_lives_thirty_days_and_no_longer(stack, api) {
        let room = NewRoom::create(&api).await;
        let member = room.join(&api, Role::View).await;
        for _ in 0..65 {
            assert!(api.call(&calls::GetRoom { room: room.id }, member.token()).await.status.is_success());
            stack.app.clock.advance(11 * HOUR);
        }
        // 715 hours; 30 days are 720.
        assert!(api.call(&calls::GetRoom { room: room.id }, member.token()).await.status.is_success());
        stack.app.clock.advance(5 * HOUR);
        api.call(&calls::GetRoom { room: room.id }, member.token()).await.failed(ErrorCode::TokenExpired);
    }

    async fn an_idle_token_is_dead_after_twelve_hours(stack, api) {
        let room = NewRoom::create(&api).await;
        let member = room.join(&api, Role::View).await;
        stack.app.clock.advance(12 * HOUR - Duration::from_secs(5));
        assert!(api.call(&calls::GetRoom { room: room.id }, member.token()).await.status.is_success());
        stack.app.clock.advance(12 * HOUR);
        api.call(&calls::GetRoom { room: room.id }, member.token()).await.failed(ErrorCode::TokenExpired);
    }

    async fn a_removed_members_next_call_is_refused(stack, api) {
        let room = NewRoom::create(&api).await;
        let (manager, member) = (room.join(&api, Role::Manage).await, room.join(&api, Role::Contribute).await);
        let remove = calls::RemoveMember { room: room.id, member: member.member_id };
        api.call(&remove, member.token()).await.failed(ErrorCode::RoleTooLow);
        for _ in 0..2 {
            assert_eq!(api.call(&remove, manager.token()).await.status, 204, "also a second time");
        }
        api.call(&calls::GetRoom { room: room.id }, member.token()).await.failed(ErrorCode::MemberRemoved);
        assert!(api.call(&calls::GetRoom { room: room.id }, manager.token()).await.status.is_success());
    }

    async fn a_closed_room_lets_nobody_in(stack, api) {
        let room = NewRoom::create(&api).await;
        let member = room.join(&api, Role::View).await;
        let close = Write::update(&room::key(room.id), "SET #closed = :yes").bind("yes", true);
        stack.app.tables.write(&close).await.unwrap();
        api.call(&calls::GetRoom { room: room.id }, member.token()).await.failed(ErrorCode::RoomClosed);
        room.try_join(&api, Role::View, None).await.failed(ErrorCode::NotFound);
    }
}
