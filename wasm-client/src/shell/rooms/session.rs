//! What is kept of a room that this device has joined, and what of it is shown.

use serde::{Deserialize, Serialize};
use slipway_protocol::wire::NewLink;
use slipway_protocol::wire::id::{MemberId, RoomId};
use slipway_protocol::wire::link::{LinkSecret, MemberToken, Role, RoomLink};

use crate::browser::sys;

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
    /// Links whose replacement was not answered: the old one may work no more, so neither is among `links`.
    pub unsure: Vec<Role>,
}

impl SavedRoom {
    /// Whether this very link is one of those that this device knows.
    pub fn knows(&self, link: &RoomLink) -> bool {
        let path = link.path();
        self.links.iter().any(|(role, url)| *role == link.role && url.ends_with(&path))
    }

    /// Whether all that the role may do can be done here already.
    pub fn covers(&self, role: Role) -> bool {
        covers(self.role, role)
    }
}

/// What is kept of a joined room.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Session {
    pub(super) v: u8,
    pub(super) room: RoomId,
    pub(super) name: String,
    pub(super) role: Role,
    pub(super) display_name: String,
    pub(super) member_id: MemberId,
    pub(super) token: MemberToken,
    pub(super) links: Vec<KnownLink>,
    /// Replacements that were asked for and not answered yet: any of them may be the room's link by now.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) asked: Vec<KnownLink>,
    /// Milliseconds since 1970, to show the newest first.
    pub(super) joined_at: u64,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct KnownLink {
    pub(super) role: Role,
    pub(super) secret: LinkSecret,
}

impl Session {
    pub(super) fn knows(&self, role: Role) -> bool {
        self.links.iter().chain(&self.asked).any(|link| link.role == role)
    }

    /// Keeps a link that works, in place of what was known or asked for. Always a change.
    pub(super) fn set_link(&mut self, link: KnownLink) -> bool {
        self.forget_link(link.role);
        self.links.push(link);
        self.links.sort_unstable_by_key(|link| rank(link.role));
        true
    }

    /// Forgets a role's link, and its replacement. Always a change.
    pub(super) fn forget_link(&mut self, role: Role) -> bool {
        self.links.retain(|known| known.role != role);
        self.asked.retain(|asked| asked.role != role);
        true
    }

    /// The link of my own role, if this device has it.
    pub(super) fn own_link(&self) -> Option<RoomLink> {
        self.links.iter().find(|link| link.role == self.role).map(|link| self.link(link))
    }

    /// The replacement of my own link, if one was asked for.
    pub(super) fn own_asked(&self) -> Option<RoomLink> {
        self.asked.iter().find(|link| link.role == self.role).map(|link| self.link(link))
    }

    fn link(&self, link: &KnownLink) -> RoomLink {
        RoomLink { room: self.room, role: link.role, secret: link.secret.clone() }
    }

    pub(super) fn shown(&self) -> SavedRoom {
        let unsure: Vec<_> = self.asked.iter().map(|asked| asked.role).collect();
        let sure = self.links.iter().filter(|link| !unsure.contains(&link.role));
        SavedRoom {
            room: self.room,
            name: self.name.clone(),
            role: self.role,
            display_name: self.display_name.clone(),
            member_id: self.member_id,
            links: sure.map(|link| (link.role, url_of(&self.link(link)))).collect(),
            unsure,
        }
    }
}

impl KnownLink {
    pub(super) fn shown_to_server(&self, room: RoomId) -> NewLink {
        NewLink { role: self.role, verifier: self.secret.auth_token(room).verifier(), wrapped_key: None }
    }
}

/// Whether `role` may do all that `other` may.
pub(super) fn covers(role: Role, other: Role) -> bool {
    let powers: [fn(Role) -> bool; 3] = [Role::may_upload, Role::may_view, Role::may_manage];
    powers.iter().all(|may| may(role) || !may(other))
}

pub(super) fn url_of(link: &RoomLink) -> String {
    format!("{}{}", sys::window().location().origin().unwrap_or_default(), link.path())
}

fn rank(role: Role) -> usize {
    Role::ALL.iter().position(|known| *known == role).unwrap_or(Role::ALL.len())
}
