//! The rooms that this device has joined: their tokens, their links, and every call that
//! needs a token.
//!
//! A token that ran out is exchanged for a new one by the link that this device still
//! knows, with the old token beside it, so that the same member goes on.

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

/// The joined rooms. Cheap to clone; all clones are one.
#[derive(Clone)]
pub(crate) struct Rooms(Rc<Inner>);

struct Inner {
    api: Api,
    store: Store,
    sessions: RefCell<HashMap<RoomId, Session>>,
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
        let sessions = saved.iter().filter_map(|json| json::from_str::<Session>(json));
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
        sessions.sort_unstable_by_key(|session| Reverse(session.joined_at));
        sessions.iter().map(shown).collect()
    }

    /// One of them.
    pub(crate) fn one(&self, room: RoomId) -> Option<SavedRoom> {
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
        // Sent again with the same links it is the same room: a lost answer makes no second one.
        match self.0.api.call(&call, None).await {
            Err(Fault::Network) => self.0.api.call(&call, None).await?,
            answer => answer?,
        };
        let secret = links[0].secret.clone();
        let before = Before { name: name.trim().to_owned(), links, asked: Vec::new() };
        self.enter(RoomLink { room, role: Role::Manage, secret }, display_name, before).await
    }

    /// Joins by link. With an earlier session in the room, the same member goes on. A link that adds nothing to
    /// what this device may do already changes nothing: a manager who tries the others' link stays one.
    pub(crate) async fn join(&self, link: &RoomLink, display_name: &str) -> Result<SavedRoom, ClientError> {
        let known = self.0.sessions.borrow().get(&link.room).cloned();
        let known_link = KnownLink { role: link.role, secret: link.secret.clone() };
        let Some(mut known) = known else {
            let before = Before { links: vec![known_link], ..Before::default() };
            return self.enter(link.clone(), display_name, before).await;
        };
        if known.role != link.role && known.covers(link.role) {
            match self.room(link.room).await {
                Ok(_) => {
                    // Nobody has tried this secret: it does not replace one that may be newer.
                    self.change(link.room, |session| session.offer_link(known_link));
                    return self.one(link.room).ok_or_else(|| no_session().into());
                }
                // This session is over, so the weaker link is a way in.
                Err(fault) if fault.ends_session() => {}
                Err(fault) => return Err(fault.into()),
            }
        }
        known.set_link(known_link);
        let before = Before { name: known.name, links: known.links, asked: known.asked };
        self.enter(link.clone(), display_name, before).await
    }

    /// Forgets the room on this device.
    pub(crate) fn forget(&self, room: RoomId) {
        self.0.sessions.borrow_mut().remove(&room);
        self.0.store.forget_session(room);
        self.changed();
    }

    /// Keeps what the functions say of the room.
    pub(crate) fn saw(&self, view: &RoomView) {
        self.change(view.room_id, |session| session.update(view));
    }

    /// Makes a call as a member of the room, once more with a new token when the old one ran out.
    pub(crate) async fn call<C: Call>(&self, room: RoomId, call: &C) -> Result<C::Answer, Fault> {
        call.answer::<PageJson>(&self.send(room, call.request::<PageJson>()).await?)
    }

    /// Boxed, so that the many calls do not each have it within them.
    fn send(&self, room: RoomId, request: Request) -> LocalBoxFuture<'_, Result<String, Fault>> {
        Box::pin(async move {
            let token = self.token(room).ok_or_else(no_session)?;
            let fault = match self.0.api.send(&request, Some(&token)).await {
                Err(fault) if fault.asks_to_rejoin() => fault,
                answer => return answer,
            };
            match self.exchange(room, &token).await {
                Ok(fresh) => self.0.api.send(&request, Some(&fresh)).await,
                Err(Fault::Network) => Err(Fault::Network),
                // The link no longer works either: what the first call said is the truth.
                Err(_) => Err(fault),
            }
        })
    }

    fn token(&self, room: RoomId) -> Option<MemberToken> {
        self.0.sessions.borrow().get(&room).map(|session| session.token.clone())
    }

    /// A token in place of one that ran out. Many calls may ask at once; one of them does it.
    async fn exchange(&self, room: RoomId, old: &MemberToken) -> Result<MemberToken, Fault> {
        let _alone = self.0.rejoining.lock().await;
        let session = self.0.sessions.borrow().get(&room).cloned().ok_or_else(no_session)?;
        if session.token != *old {
            return Ok(session.token);
        }
        let (joined, session) = self.rejoin(session, old).await?;
        let token = joined.member_token.clone();
        self.keep(session.rejoined(joined));
        Ok(token)
    }

    async fn enter(&self, link: RoomLink, display_name: &str, before: Before) -> Result<SavedRoom, ClientError> {
        let old = self.token(link.room);
        let display_name = display_name.trim().to_owned();
        let joined = self.join_by(&link, &display_name, old.as_ref()).await?;
        let session = Session {
            v: 1,
            room: link.room,
            name: before.name,
            role: joined.role,
            display_name,
            member_id: joined.member_id,
            token: joined.member_token,
            links: before.links,
            asked: before.asked,
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
        // Never refused: a session has nothing but texts and numbers.
        if let Ok(json) = serde_json::to_string(session) {
            self.0.store.save_session(session.room, json);
        }
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

/// What is known of a room before it is entered.
#[derive(Default)]
struct Before {
    name: String,
    links: Vec<KnownLink>,
    asked: Vec<KnownLink>,
}

/// As the page shows it, with its links as URLs of this origin.
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
    getrandom::fill(&mut bytes).expect("every browser has a generator");
    bytes
}

/// As the functions would say it of a room that this device is no member of.
fn no_session() -> Fault {
    Fault::refused(ErrorCode::TokenMissing)
}

#[cfg(test)]
mod tests;
