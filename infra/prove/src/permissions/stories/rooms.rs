//! Rooms, members and links.

use anyhow::{Context, Result, ensure};
use lab::api::{Member, NewRoom, Role, refusal};
use slipway_protocol::calls;
use slipway_protocol::wire::RotateLink;
use slipway_protocol::wire::error::ErrorCode;
use slipway_protocol::wire::link::LinkSecret;

use super::super::ground::Ground;

pub(super) async fn a_room(ground: &Ground) -> Result<()> {
    let room = NewRoom::create(ground.api.clone(), "Permissions").await?;
    let manager = Member::join(ground.api.clone(), room.link(Role::Manage), "Grace").await?;
    let viewer = Member::join(ground.api.clone(), room.link(Role::View), "Ada").await?;
    viewer.view().await?;
    ensure!(viewer.files().await?.is_empty(), "a new room has files");
    viewer.call(&calls::ListEvents { room: room.room, after: 0 }).await?;
    let entries = manager.call(&calls::ListAudit { room: room.room, after: 0 }).await?.entries;
    ensure!(!entries.is_empty(), "nobody has joined, says the audit log");

    let verifier = LinkSecret::from_bytes([7; 32]).auth_token(room.room).verifier();
    let rotate = RotateLink { verifier, wrapped_key: None };
    manager.call(&calls::RotateLink { room: room.room, role: Role::Contribute, body: rotate }).await?;
    manager.call(&calls::RevokeLink { room: room.room, role: Role::Drop }).await?;
    manager.remove_member(viewer.joined.member_id).await?;
    let refused = viewer.view().await.err().context("a removed member sees the room")?;
    ensure!(refusal(&refused) == Some(ErrorCode::MemberRemoved), "{refused:#}");
    Ok(())
}
