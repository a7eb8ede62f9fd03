//! Calls over HTTP, and a room to make them about.

use functions::ids::random_bytes;
use local_stack::Answer;
use reqwest::Method;
use serde::Serialize;
use slipway_protocol::calls::{self, Call, SerdeJson};
use slipway_protocol::wire::id::RoomId;
use slipway_protocol::wire::link::{AuthToken, LinkSecret, Role};
use slipway_protocol::wire::{CreateRoom, Join, Joined, NewLink, RoomCreated};

/// Calls one server.
pub(crate) struct Client {
    http: reqwest::Client,
    url: String,
}

impl Client {
    pub(crate) fn new(url: &str) -> Self {
        Self { http: reqwest::Client::builder().no_proxy().build().expect("a client"), url: url.to_owned() }
    }

    pub(crate) async fn send(&self, headers: &[(&str, &str)], path: &str) -> Answer {
        let request = self.http.get(format!("{}{path}", self.url));
        answer(headers.iter().fold(request, |request, (name, value)| request.header(*name, *value))).await
    }

    pub(crate) async fn get(&self, path: &str, token: Option<&str>) -> Answer {
        answer(self.request(Method::GET, path, token)).await
    }

    pub(crate) async fn call(&self, call: &impl Call, token: Option<&str>) -> Answer {
        let request = call.request::<SerdeJson>();
        let method = request.method.as_str().parse().expect("a method");
        let sent = self.request(method, &format!("{}{}", calls::BASE, request.path), token);
        let sent = request.headers.iter().fold(sent, |sent, (name, value)| sent.header(*name, value));
        answer(sent.body(request.body.unwrap_or_default())).await
    }

    pub(crate) async fn post(&self, path: &str, token: Option<&str>, body: &impl Serialize) -> Answer {
        answer(self.request(Method::POST, path, token).json(body)).await
    }

    fn request(&self, method: Method, path: &str, token: Option<&str>) -> reqwest::RequestBuilder {
        let request = self.http.request(method, format!("{}{path}", self.url));
        token.into_iter().fold(request, reqwest::RequestBuilder::bearer_auth)
    }
}

async fn answer(request: reqwest::RequestBuilder) -> Answer {
    let response = request.send().await.expect("an answer");
    let (status, headers) = (response.status(), response.headers().clone());
    Answer { status, headers, body: response.text().await.expect("a text") }
}

/// A room as its creator knows it.
pub(crate) struct NewRoom {
    pub(crate) id: RoomId,
    /// In the order of [`Role::ALL`].
    secrets: [LinkSecret; 4],
}

impl NewRoom {
    /// Made by the API.
    pub(crate) async fn create(client: &Client) -> Self {
        let secrets = [(); 4].map(|()| LinkSecret::from_bytes(random_bytes()));
        let room = Self { id: RoomId::from_bytes(random_bytes()), secrets };
        let link = |role| NewLink { role, verifier: room.auth_token(role).verifier(), wrapped_key: None };
        let body = CreateRoom {
            room_id: room.id,
            name: "Holiday photos".into(),
            sealed: false,
            links: Role::ALL.map(link).into(),
        };
        let created: RoomCreated = client.call(&calls::CreateRoom { body }, None).await.ok();
        assert_eq!(created.room_id, room.id);
        room
    }

    /// What a link's holder shows to join.
    pub(crate) fn auth_token(&self, role: Role) -> AuthToken {
        let index = Role::ALL.iter().position(|other| *other == role).expect("a role");
        self.secrets[index].auth_token(self.id)
    }

    /// `/api/rooms/{id}` and what follows.
    pub(crate) fn path(&self, rest: &str) -> String {
        format!("/api/rooms/{}{rest}", self.id)
    }

    pub(crate) async fn try_join(&self, client: &Client, role: Role, old: Option<&str>) -> Answer {
        let body = Join { role, auth_token: self.auth_token(role), display_name: "Ana".into() };
        client.call(&calls::Join { room: self.id, body }, old).await
    }

    /// The new member's token.
    pub(crate) async fn join(&self, client: &Client, role: Role) -> String {
        let joined: Joined = self.try_join(client, role, None).await.ok();
        joined.member_token.expose()
    }
}
