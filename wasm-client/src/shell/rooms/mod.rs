//! The rooms that this device has joined: their tokens, their links, and every call that needs a token.
//!
//! An expired token is exchanged for a new one by joining again with the saved link. The old token is sent with it, so that
//! the member stays the same.

mod links;

use std::cell::RefCell;
use std::cmp::Reverse;
use std::collections::HashMap;
use std::fmt;
use std::rc::Rc;

use futures::future::LocalBoxFuture;
use futures::lock::Mutex;
use slipway_protocol::calls::{self, Call, Fault, Request};
use slipway_protocol::room::{KnownLink, SavedRoom, Session};
use slipway_protocol::wire::error::ErrorCode;
use slipway_protocol::wire::id::RoomId;
use slipway_protocol::wire::link::{LinkSecret, MemberToken, Role, RoomLink};
use slipway_protocol::wire::{CreateRoom, Join, Joined, RoomView};

use crate::ClientError;
use crate::browser::json;
use crate::browser::selftest::own_origin;
use crate::browser::store::Store;
use crate::shell::api::{Api, PageJson};

/// The joined rooms. Cheap to clone; all clones share them.
#[derive(Clone)]
pub(crate) struct Rooms(Rc<Inner>);

struct Inner {
    api: Api,
    store: Store,
    sessions: RefCell<HashMap<RoomId, Session>>,
    /// Held while a token is exchanged. Other calls wait, and use the new token.
    exchange_lock: Mutex<()>,
    /// Called after changes by this tab.
    on_change: RefCell<Rc<dyn Fn()>>,
}

impl Rooms {
    /// With the sessions that the store holds.
    pub(crate) async fn load(api: Api, store: Store) -> Self {
        let inner = Inner {
            api,
            store,
            sessions: RefCell::default(),
            exchange_lock: Mutex::new(()),
            on_change: RefCell::new(Rc::new(|| ())),
        };
        let rooms = Self(Rc::new(inner));
        rooms.reload().await;
        rooms
    }

    /// Reads the sessions again after another tab changed them. Does not call the listener.
    pub(crate) async fn reload(&self) {
        if !self.0.store.is_open() {
            return;
        }
        let saved = self.0.store.sessions().await;
        let sessions = saved.iter().filter_map(|json| json::from_str::<Session>(json));
        *self.0.sessions.borrow_mut() = sessions.map(|session| (session.room, session)).collect();
    }

    /// The API.
    pub(crate) fn api(&self) -> &Api {
        &self.0.api
    }

    /// Sets the listener for changes by this tab.
    pub(crate) fn on_change(&self, on_change: impl Fn() + 'static) {
        self.0.on_change.replace(Rc::new(on_change));
    }

    /// Newest first.
    pub(crate) fn all(&self) -> Vec<SavedRoom> {
        let mut sessions: Vec<_> = self.0.sessions.borrow().values().cloned().collect();
        sessions.sort_unstable_by_key(|session| Reverse(session.joined_at));
        sessions.iter().map(shown).collect()
    }

    /// One joined room.
    pub(crate) fn get(&self, room: RoomId) -> Option<SavedRoom> {
        self.0.sessions.borrow().get(&room).map(shown)
    }

    /// Makes a room with a link for each role and joins it to manage.
    pub(crate) async fn create(&self, name: &str, display_name: &str) -> Result<SavedRoom, ClientError> {
        let room = RoomId::from_bytes(random());
        let links: Vec<_> = Role::ALL.into_iter().map(|role| KnownLink { role, secret: new_secret() }).collect();
        let body = CreateRoom {
            room_id: room,
            name: name.trim().into(),
            sealed: false,
            links: links.iter().map(|link| link.verified(room)).collect(),
        };
        let call = calls::CreateRoom { body };
        // Repeated with the same links the call is idempotent, so a lost answer creates no second room.
        match self.0.api.call(&call, None).await {
            Err(Fault::Network) => self.0.api.call(&call, None).await?,
            answer => answer?,
        };
        // `Role::ALL` begins with the strongest, which is manage.
        let secret = links[0].secret.clone();
        let known = KnownRoom { name: name.trim().to_owned(), links, requested: Vec::new() };
        self.enter(RoomLink { room, role: Role::Manage, secret }, display_name, known).await
    }

    /// Joins by link. With an earlier session in the room the member stays the same. A link whose role adds nothing to the
    /// present one changes nothing: a manager who opens the others' link stays a manager.
    pub(crate) async fn join(&self, link: &RoomLink, display_name: &str) -> Result<SavedRoom, ClientError> {
        let session = self.0.sessions.borrow().get(&link.room).cloned();
        let known_link = KnownLink { role: link.role, secret: link.secret.clone() };
        let Some(mut session) = session else {
            let known = KnownRoom { links: vec![known_link], ..KnownRoom::default() };
            return self.enter(link.clone(), display_name, known).await;
        };
        if session.role != link.role && session.covers(link.role) {
            match self.room(link.room).await {
                Ok(_) => {
                    // This secret is untested, so it does not replace one that may be newer.
                    self.change(link.room, |session| session.offer_link(known_link));
                    return self.get(link.room).ok_or_else(|| no_session().into());
                }
                // The session has ended, so even the weaker link is better.
                Err(fault) if fault.ends_session() => {}
                Err(fault) => return Err(fault.into()),
            }
        }
        session.set_link(known_link);
        let known = KnownRoom { name: session.name, links: session.links, requested: session.requested };
        self.enter(link.clone(), display_name, known).await
    }

    /// Forgets the room on this device.
    pub(crate) fn forget(&self, room: RoomId) {
        self.0.sessions.borrow_mut().remove(&room);
        self.0.store.forget_session(room);
        self.changed();
    }

    /// Updates the session from what the functions report of the room.
    pub(crate) fn update_session(&self, view: &RoomView) {
        self.change(view.room_id, |session| session.update(view));
    }

    /// Makes a call as a member of the room. If the token has expired, exchanges it and repeats the call once.
    pub(crate) async fn call<C: Call>(&self, room: RoomId, call: &C) -> Result<C::Answer, Fault> {
        call.answer::<PageJson>(&self.send(room, call.request::<PageJson>()).await?)
    }

    /// Boxed, so that the page contains it once, not once per call type.
    fn send(&self, room: RoomId, request: Request) -> LocalBoxFuture<'_, Result<String, Fault>> {
        Box::pin(async move {
            let token = self.token(room).ok_or_else(no_session)?;
            let fault = match self.0.api.send(&request, Some(&token)).await {
                Err(fault) if fault.needs_rejoin() => fault,
                answer => return answer,
            };
            match self.exchange(room, &token).await {
                Ok(fresh) => self.0.api.send(&request, Some(&fresh)).await,
                Err(Fault::Network) => Err(Fault::Network),
                // The link does not work either, so the first answer stands.
                Err(_) => Err(fault),
            }
        })
    }

    fn token(&self, room: RoomId) -> Option<MemberToken> {
        self.0.sessions.borrow().get(&room).map(|session| session.token.clone())
    }

    /// Exchanges an expired token. Of several concurrent calls, one does it.
    async fn exchange(&self, room: RoomId, old: &MemberToken) -> Result<MemberToken, Fault> {
        let _guard = self.0.exchange_lock.lock().await;
        let session = self.0.sessions.borrow().get(&room).cloned().ok_or_else(no_session)?;
        // Another call exchanged it while this one waited.
        if session.token != *old {
            return Ok(session.token);
        }
        let (joined, session) = self.rejoin(session, old).await?;
        let token = joined.member_token.clone();
        self.keep(session.rejoined(joined));
        Ok(token)
    }

    async fn enter(&self, link: RoomLink, display_name: &str, known: KnownRoom) -> Result<SavedRoom, ClientError> {
        let old = self.token(link.room);
        let display_name = display_name.trim().to_owned();
        let joined = self.join_by(&link, &display_name, old.as_ref()).await?;
        let session = Session {
            v: 1,
            room: link.room,
            name: known.name,
            role: joined.role,
            display_name,
            member_id: joined.member_id,
            token: joined.member_token,
            links: known.links,
            requested: known.requested,
            joined_at: js_sys::Date::now() as u64,
        };
        let shown = shown(&session);
        self.keep(session);
        Ok(shown)
    }

    async fn join_by(&self, link: &RoomLink, display_name: &str, old: Option<&MemberToken>) -> Result<Joined, Fault> {
        let auth_token = link.secret.auth_token(link.room);
        let body = Join { role: link.role, auth_token, display_name: display_name.into() };
        self.0.api.call(&calls::Join { room: link.room, body }, old).await
    }

    fn keep(&self, session: Session) {
        self.save(&session);
        self.0.sessions.borrow_mut().insert(session.room, session);
        self.changed();
    }

    /// Changes a session and saves it. `f` returns whether it changed anything.
    fn change(&self, room: RoomId, f: impl FnOnce(&mut Session) -> bool) {
        let changed =
            self.0.sessions.borrow_mut().get_mut(&room).and_then(|session| f(session).then(|| session.clone()));
        if let Some(session) = changed {
            self.save(&session);
            self.changed();
        }
    }

    fn save(&self, session: &Session) {
        // Never fails: a session consists of strings and numbers.
        if let Ok(json) = serde_json::to_string(session) {
            self.0.store.save_session(session.room, json);
        }
    }

    fn changed(&self) {
        let on_change = self.0.on_change.borrow().clone();
        on_change();
    }
}

impl fmt::Debug for Rooms {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Rooms({})", self.0.sessions.borrow().len())
    }
}

/// What this device knows of a room before it joins.
#[derive(Default)]
struct KnownRoom {
    name: String,
    links: Vec<KnownLink>,
    requested: Vec<KnownLink>,
}

/// The room as the page shows it, with links as URLs of this origin.
fn shown(session: &Session) -> SavedRoom {
    session.shown(&own_origin())
}

/// A new secret for a link.
fn new_secret() -> LinkSecret {
    LinkSecret::from_bytes(random())
}

/// Random bytes from the browser's own generator.
pub(crate) fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).expect("every browser has a random generator");
    bytes
}

/// The error for a room that this device has not joined, as the functions would answer.
fn no_session() -> Fault {
    Fault::refused(ErrorCode::TokenMissing)
}

#[cfg(test)]
mod tests;
