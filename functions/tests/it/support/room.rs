//! A room with all its links, and members in it.

use functions::ids::random_bytes;
use slipway_protocol::calls;
use slipway_protocol::wire::id::{MemberId, RoomId};
use slipway_protocol::wire::link::{LinkSecret, Role};
use slipway_protocol::wire::{CreateRoom, Join, Joined, NewLink, RoomCreated};

use super::{Answer, Api};

/// A room as its creator knows it.
#[derive(Clone, Debug)]
pub(crate) struct NewRoom {
    pub(crate) id: RoomId,
    /// In the order of [`Role::ALL`].
    secrets: [LinkSecret; 4],
}

/// A member with its token.
#[derive(Clone, Debug)]
pub(crate) struct Session {
    pub(crate) member_id: MemberId,
    pub(crate) token: String,
}

impl Session {
    pub(crate) fn token(&self) -> Option<&str> {
        Some(&self.token)
    }
}

impl NewRoom {
    /// Not sent yet.
    pub(crate) fn invented() -> Self {
        let secrets = [(); 4].map(|()| LinkSecret::from_bytes(random_bytes()));
        Self { id: RoomId::from_bytes(random_bytes()), secrets }
    }

    /// Made by the API.
    pub(crate) async fn create(api: &Api) -> Self {
        let room = Self::invented();
        let created: RoomCreated = api.call(&calls::CreateRoom { body: room.request() }, None).await.ok();
        assert_eq!(created.room_id, room.id);
        room
    }

    pub(crate) fn request(&self) -> CreateRoom {
        let link =
            |role| NewLink { role, verifier: self.secret(role).auth_token(self.id).verifier(), wrapped_key: None };
        CreateRoom { room_id: self.id, name: "Holiday photos".into(), sealed: false, links: Role::ALL.map(link).into() }
    }

    pub(crate) fn secret(&self, role: Role) -> &LinkSecret {
        let index = Role::ALL.iter().position(|other| *other == role).expect("a role");
        &self.secrets[index]
    }

    /// `/api/rooms/{id}` and what follows.
    pub(crate) fn path(&self, rest: &str) -> String {
        format!("/api/rooms/{}{rest}", self.id)
    }

    pub(crate) fn join_request(&self, role: Role, name: &str) -> Join {
        Join { role, auth_token: self.secret(role).auth_token(self.id), display_name: name.into() }
    }

    pub(crate) async fn try_join(&self, api: &Api, role: Role, old: Option<&str>) -> Answer {
        api.call(&calls::Join { room: self.id, body: self.join_request(role, "Ana") }, old).await
    }

    pub(crate) async fn join(&self, api: &Api, role: Role) -> Session {
        let joined: Joined = self.try_join(api, role, None).await.ok();
        Session { member_id: joined.member_id, token: joined.member_token.expose() }
    }
}
