//! The audit log has every operation with its member, in order, and only managers can read it.

use functions::records::sequence::CHAIN_START;
use functions::rooms::audit::chain;
use slipway_protocol::calls;
use slipway_protocol::wire::error::ErrorCode;
use slipway_protocol::wire::link::{Role, Verifier};
use slipway_protocol::wire::{AuditPage, RotateLink};

use crate::support::{NewRoom, both_ways};

both_ways! {
    async fn every_operation_is_logged_once_and_chained(stack, api) {
        let room = NewRoom::create(&api).await;
        let (manager, member) = (room.join(&api, Role::Manage).await, room.join(&api, Role::View).await);
        let body = RotateLink { verifier: Verifier::from_bytes([5; 32]), wrapped_key: None };
        api.call(&calls::RotateLink { room: room.id, role: Role::Contribute, body }, manager.token()).await;
        api.call(&calls::RevokeLink { room: room.id, role: Role::Drop }, manager.token()).await;
        for _ in 0..2 {
            api.call(&calls::RemoveMember { room: room.id, member: member.member_id }, manager.token()).await;
        }
        room.try_join(&api, Role::Manage, manager.token()).await.ok::<slipway_protocol::wire::Joined>();

        let page: AuditPage = api.call(&calls::ListAudit { room: room.id, after: 0 }, manager.token()).await.ok();
        let logged: Vec<_> =
            page.entries.iter().map(|entry| (entry.action.as_str(), entry.subject.as_str(), entry.member_id)).collect();
        let by = Some(manager.member_id);
        assert_eq!(logged, [
            ("room-created", room.id.to_string().as_str(), None),
            ("member-joined", "manage", by),
            ("member-joined", "view", Some(member.member_id)),
            ("link-rotated", "contribute", by),
            ("link-revoked", "drop", by),
            ("member-removed", member.member_id.to_string().as_str(), by),
            ("member-rejoined", "manage", by),
        ]);
        let mut before = CHAIN_START.to_owned();
        for (entry, seq) in page.entries.iter().zip(1..) {
            assert_eq!((entry.seq, &entry.chain), (seq, &chain(&before, entry)));
            before.clone_from(&entry.chain);
        }
    }

    async fn it_is_read_in_pages_by_managers_only(stack, api) {
        let room = NewRoom::create(&api).await;
        let manager = room.join(&api, Role::Manage).await;
        for role in [Role::Contribute, Role::View, Role::Drop] {
            let member = room.join(&api, role).await;
            api.call(&calls::ListAudit { room: room.id, after: 0 }, member.token()).await.failed(ErrorCode::RoleTooLow);
        }
        let page: AuditPage = api.call(&calls::ListAudit { room: room.id, after: 3 }, manager.token()).await.ok();
        assert_eq!(page.entries.iter().map(|entry| entry.seq).collect::<Vec<_>>(), [4, 5]);
        assert_eq!(page.next_after, None);
    }
}
