//! The rooms that this device has joined: their tokens, their links, and every call that
//! needs a token.
//!
//! A token that ran out is exchanged for a new one by the link that this device still
//! knows, with the old token beside it, so that the same member goes on.

use std::cell::RefCell;
use std::collections::HashMap;
use std::fmt;
use std::rc::Rc;

use futures::lock::Mutex;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use slipway_protocol::api::{CreateRoom, Join, Joined, NewLink, RoomCreated, RoomView, UploadInfo};
use slipway_protocol::error::ErrorCode;
use slipway_protocol::id::{MemberId, RoomId};
use slipway_protocol::link::{LinkSecret, MemberToken, Role, RoomLink};

use crate::ClientError;
use crate::api::{Api, Call, Fault, read_answer};
use crate::store::Store;
use crate::sys;

/// A room that this device has joined.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SavedRoom {
    /// The room.
    pub room: RoomId,
    /// Its name, as last seen.
    pub name: String,
    /// What this device may do in it.
    pub role: Role,
    /// The name that the others see.
    pub display_name: String,
    /// Who this device is in the room.
    pub member_id: MemberId,
    /// The links that this device knows, strongest role first, as full URLs. Secret.
    pub links: Vec<(Role, String)>,
}

/// What is kept of a joined room.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Session {
    v: u8,
    room: RoomId,
    name: String,
    role: Role,
    display_name: String,
    member_id: MemberId,
    token: MemberToken,
    links: Vec<KnownLink>,
    /// Milliseconds since 1970, to show the newest first.
    joined_at: u64,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct KnownLink {
    role: Role,
    secret: LinkSecret,
}

/// The joined rooms. Cheap to clone; all clones are one.
#[derive(Clone)]
pub(crate) struct Rooms(Rc<Inner>);

struct Inner {
    api: Api,
    store: Store,
    sessions: RefCell<HashMap<RoomId, Session>>,
    /// The open uploads of each room, as last told.
    open: RefCell<HashMap<RoomId, Vec<UploadInfo>>>,
    /// One exchange of a token at a time: the others wait and use its outcome.
    rejoining: Mutex<()>,
    /// Told of changes made here.
    on: RefCell<Rc<dyn Fn()>>,
}

impl Rooms {
    /// With the sessions that the store holds.
    pub(crate) async fn load(api: Api, store: Store) -> Self {
        let inner = Inner {
            api,
            store,
            sessions: RefCell::default(),
            open: RefCell::default(),
            rejoining: Mutex::new(()),
            on: RefCell::new(Rc::new(|| ())),
        };
        let rooms = Self(Rc::new(inner));
        rooms.reload().await;
        rooms
    }

    /// Reads the sessions again: another tab changed them. The listener is not told.
    pub(crate) async fn reload(&self) {
        if !self.0.store.works() {
            return;
        }
        let saved = self.0.store.sessions().await;
        let sessions = saved.iter().filter_map(|json| serde_json::from_str::<Session>(json).ok());
        *self.0.sessions.borrow_mut() = sessions.map(|session| (session.room, session)).collect();
    }

    /// Where the functions are.
    pub(crate) fn api(&self) -> &Api {
        &self.0.api
    }

    /// Who is told of changes made here.
    pub(crate) fn on_change(&self, on: impl Fn() + 'static) {
        self.0.on.replace(Rc::new(on));
    }

    /// Newest first.
    pub(crate) fn all(&self) -> Vec<SavedRoom> {
        let mut sessions: Vec<_> = self.0.sessions.borrow().values().cloned().collect();
        sessions.sort_by_key(|session| std::cmp::Reverse(session.joined_at));
        sessions.iter().map(Session::shown).collect()
    }

    /// One of them.
    pub(crate) fn one(&self, room: RoomId) -> Option<SavedRoom> {
        self.0.sessions.borrow().get(&room).map(Session::shown)
    }

    /// Makes a room with a link for each role and joins it to manage.
    pub(crate) async fn create(&self, name: &str, display_name: &str) -> Result<SavedRoom, ClientError> {
        let room = RoomId::from_bytes(random());
        let links: Vec<_> = Role::ALL.into_iter().map(|role| KnownLink { role, secret: new_secret() }).collect();
        let body = CreateRoom {
            room_id: room,
            name: name.trim().to_owned(),
            links: links.iter().map(|link| link.shown_to_server(room)).collect(),
        };
        let call = Call::post("/rooms".into(), &body);
        // Sent again with the same links it is the same room: a lost answer makes no second one.
        match self.0.api.send::<RoomCreated>(&call, None).await {
            Err(Fault::Network) => self.0.api.send::<RoomCreated>(&call, None).await?,
            answer => answer?,
        };
        let secret = links[0].secret.clone();
        self.enter(RoomLink { room, role: Role::Manage, secret }, display_name, name.trim().to_owned(), links).await
    }

    /// Joins by link. With an earlier session in the room, the same member goes on. A link that lets do less than
    /// this device already may is kept, but changes nothing: a manager who tries the others' link stays one.
    pub(crate) async fn join(&self, link: &RoomLink, display_name: &str) -> Result<SavedRoom, ClientError> {
        let known = self.0.sessions.borrow().get(&link.room).cloned();
        let known_link = KnownLink { role: link.role, secret: link.secret.clone() };
        let Some(mut known) = known else {
            return self.enter(link.clone(), display_name, String::new(), vec![known_link]).await;
        };
        known.set_link(known_link);
        if rank(known.role) < rank(link.role) && self.room(link.room).await.is_ok() {
            self.change(link.room, |session| {
                session.links = known.links;
                true
            });
            return self.one(link.room).ok_or_else(|| Fault::no_session().into());
        }
        self.enter(link.clone(), display_name, known.name, known.links).await
    }

    /// Forgets the room on this device.
    pub(crate) fn forget(&self, room: RoomId) {
        self.0.sessions.borrow_mut().remove(&room);
        self.0.store.forget_session(room);
        self.changed();
    }

    /// Keeps what the functions say of the room.
    pub(crate) fn saw(&self, view: &RoomView) {
        self.0.open.borrow_mut().insert(view.room_id, view.uploads.clone());
        self.change(view.room_id, |session| {
            let same =
                session.name == view.name && session.role == view.role && session.display_name == view.display_name;
            session.name.clone_from(&view.name);
            session.role = view.role;
            session.display_name.clone_from(&view.display_name);
            !same
        });
    }

    /// The open uploads of the room, as last told.
    pub(crate) fn open_uploads(&self, room: RoomId) -> Vec<UploadInfo> {
        self.0.open.borrow().get(&room).cloned().unwrap_or_default()
    }

    /// Keeps a link that was made new. Gives its URL.
    pub(crate) fn set_link(&self, room: RoomId, role: Role, secret: LinkSecret) -> String {
        let url = url_of(&RoomLink { room, role, secret: secret.clone() });
        self.change(room, |session| {
            session.set_link(KnownLink { role, secret });
            true
        });
        url
    }

    /// Forgets a link that was revoked.
    pub(crate) fn drop_link(&self, room: RoomId, role: Role) {
        self.change(room, |session| {
            session.links.retain(|link| link.role != role);
            true
        });
    }

    /// Makes a call as a member of the room, once more with a new token when the old one ran out.
    pub(crate) async fn call<T: DeserializeOwned>(&self, room: RoomId, call: &Call) -> Result<T, Fault> {
        read_answer(&self.call_for_text(room, call).await?)
    }

    async fn call_for_text(&self, room: RoomId, call: &Call) -> Result<String, Fault> {
        let token = self.token(room).ok_or_else(Fault::no_session)?;
        let fault = match self.0.api.send_for_text(call, Some(&token)).await {
            Err(fault) if ran_out(&fault) => fault,
            answer => return answer,
        };
        match self.exchange(room, &token).await {
            Ok(fresh) => self.0.api.send_for_text(call, Some(&fresh)).await,
            Err(Fault::Network) => Err(Fault::Network),
            // The link no longer works either: what the first call said is the truth.
            Err(_) => Err(fault),
        }
    }

    fn token(&self, room: RoomId) -> Option<MemberToken> {
        self.0.sessions.borrow().get(&room).map(|session| session.token.clone())
    }

    /// A token in place of one that ran out. Many calls may ask at once; one of them does it.
    async fn exchange(&self, room: RoomId, old: &MemberToken) -> Result<MemberToken, Fault> {
        let _alone = self.0.rejoining.lock().await;
        let session = self.0.sessions.borrow().get(&room).cloned().ok_or_else(Fault::no_session)?;
        if session.token != *old {
            return Ok(session.token);
        }
        let secret = session.links.iter().find(|link| link.role == session.role).map(|link| link.secret.clone());
        let link = RoomLink { room, role: session.role, secret: secret.ok_or_else(Fault::no_session)? };
        let joined = self.knock(&link, &session.display_name, Some(old)).await?;
        let token = joined.member_token.clone();
        self.keep(Session { member_id: joined.member_id, token: joined.member_token, role: joined.role, ..session });
        Ok(token)
    }

    async fn enter(
        &self,
        link: RoomLink,
        display_name: &str,
        name: String,
        links: Vec<KnownLink>,
    ) -> Result<SavedRoom, ClientError> {
        let old = self.token(link.room);
        let display_name = display_name.trim().to_owned();
        let joined = self.knock(&link, &display_name, old.as_ref()).await?;
        let session = Session {
            v: 1,
            room: link.room,
            name,
            role: joined.role,
            display_name,
            member_id: joined.member_id,
            token: joined.member_token,
            links,
            joined_at: js_sys::Date::now() as u64,
        };
        let shown = session.shown();
        self.keep(session);
        Ok(shown)
    }

    async fn knock(&self, link: &RoomLink, display_name: &str, old: Option<&MemberToken>) -> Result<Joined, Fault> {
        let auth_token = link.secret.auth_token(link.room);
        let body = Join { role: link.role, auth_token, display_name: display_name.to_owned() };
        self.0.api.send(&Call::post(format!("/rooms/{}/members", link.room), &body), old).await
    }

    fn keep(&self, session: Session) {
        self.save(&session);
        self.0.sessions.borrow_mut().insert(session.room, session);
        self.changed();
    }

    /// Changes a session; `f` tells whether it did.
    fn change(&self, room: RoomId, f: impl FnOnce(&mut Session) -> bool) {
        let changed =
            self.0.sessions.borrow_mut().get_mut(&room).and_then(|session| f(session).then(|| session.clone()));
        if let Some(session) = changed {
            self.save(&session);
            self.changed();
        }
    }

    fn save(&self, session: &Session) {
        let json = serde_json::to_string(session).expect("a session has string keys");
        self.0.store.save_session(session.room, json);
    }

    fn changed(&self) {
        let on = self.0.on.borrow().clone();
        on();
    }
}

impl fmt::Debug for Rooms {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Rooms({})", self.0.sessions.borrow().len())
    }
}

impl Session {
    fn set_link(&mut self, link: KnownLink) {
        self.links.retain(|known| known.role != link.role);
        self.links.push(link);
        self.links.sort_by_key(|link| rank(link.role));
    }

    fn shown(&self) -> SavedRoom {
        let url =
            |link: &KnownLink| url_of(&RoomLink { room: self.room, role: link.role, secret: link.secret.clone() });
        SavedRoom {
            room: self.room,
            name: self.name.clone(),
            role: self.role,
            display_name: self.display_name.clone(),
            member_id: self.member_id,
            links: self.links.iter().map(|link| (link.role, url(link))).collect(),
        }
    }
}

impl KnownLink {
    fn shown_to_server(&self, room: RoomId) -> NewLink {
        NewLink { role: self.role, verifier: self.secret.auth_token(room).verifier(), wrapped_key: None }
    }
}

/// A new secret for a link.
pub(crate) fn new_secret() -> LinkSecret {
    LinkSecret::from_bytes(random())
}

/// Random bytes from the browser's own generator.
pub(crate) fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).expect("every browser has a generator");
    bytes
}

fn ran_out(fault: &Fault) -> bool {
    matches!(fault.code(), Some(ErrorCode::TokenExpired | ErrorCode::TokenMissing))
}

fn url_of(link: &RoomLink) -> String {
    format!("{}{}", sys::window().location().origin().unwrap_or_default(), link.path())
}

fn rank(role: Role) -> usize {
    Role::ALL.iter().position(|known| *known == role).unwrap_or(Role::ALL.len())
}

#[cfg(test)]
mod tests;
