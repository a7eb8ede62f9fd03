//! The record that a device keeps of a room it has joined, and what of it is shown.

use serde::{Deserialize, Serialize};

use crate::wire::id::{MemberId, RoomId};
use crate::wire::link::{LinkSecret, MemberToken, Role, RoomLink};
use crate::wire::{Joined, NewLink, RoomView};

/// A room that this device has joined, as it is shown.
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
    /// Links whose rotation was not answered. The old one may no longer work, so neither is among `links`.
    pub unsure: Vec<Role>,
}

impl SavedRoom {
    /// Whether this very link is one of those that this device knows.
    pub fn knows(&self, link: &RoomLink) -> bool {
        let path = link.path();
        self.links.iter().any(|(role, url)| *role == link.role && url.ends_with(&path))
    }

    /// Whether this device may do all that the role allows.
    pub fn covers(&self, role: Role) -> bool {
        covers(self.role, role)
    }
}

/// What is kept of a joined room. The secrets in it exist nowhere else.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Session {
    pub v: u8,
    pub room: RoomId,
    pub name: String,
    pub role: Role,
    pub display_name: String,
    pub member_id: MemberId,
    pub token: MemberToken,
    pub links: Vec<KnownLink>,
    /// Rotations that were requested and not answered: each secret may be the room's link by now.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub asked: Vec<KnownLink>,
    /// Milliseconds since 1970, to show the newest first.
    pub joined_at: u64,
}

/// A link whose secret this device has.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KnownLink {
    pub role: Role,
    pub secret: LinkSecret,
}

/// The secret to rotate a link to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rotation {
    pub secret: LinkSecret,
    /// False when the same rotation was requested before and not answered.
    pub is_new: bool,
}

impl Session {
    /// Whether the role's link, or its replacement, is known.
    pub fn knows(&self, role: Role) -> bool {
        self.links.iter().chain(&self.asked).any(|link| link.role == role)
    }

    /// Whether this device may do all that the role allows.
    pub fn covers(&self, role: Role) -> bool {
        covers(self.role, role)
    }

    /// Keeps a link that works, in place of what was known or requested.
    pub fn set_link(&mut self, link: KnownLink) {
        self.forget_link(link.role);
        self.links.push(link);
        self.links.sort_unstable_by_key(|link| rank(link.role));
    }

    /// Keeps a link whose secret nobody has tried, unless one of its role is known: that may be newer. Returns whether
    /// it is kept.
    pub fn offer_link(&mut self, link: KnownLink) -> bool {
        let is_unknown = !self.knows(link.role);
        if is_unknown {
            self.set_link(link);
        }
        is_unknown
    }

    /// Forgets a role's link and its replacement.
    pub fn forget_link(&mut self, role: Role) {
        self.links.retain(|known| known.role != role);
        self.asked.retain(|asked| asked.role != role);
    }

    /// The link of this device's own role, if it is known.
    pub fn own_link(&self) -> Option<RoomLink> {
        self.links.iter().find(|link| link.role == self.role).map(|link| self.link(link))
    }

    /// The requested replacement of the own link. When the own link no longer works, this one may.
    pub fn own_replacement(&self) -> Option<RoomLink> {
        self.asked.iter().find(|link| link.role == self.role).map(|link| self.link(link))
    }

    /// The secret to rotate the role's link to: the one that was requested before and not answered, since it may be in
    /// force already and nobody else has it; else `fresh`, which has to be on disk before the call.
    pub fn begin_rotation(&mut self, role: Role, fresh: LinkSecret) -> Rotation {
        if let Some(asked) = self.asked.iter().find(|asked| asked.role == role) {
            return Rotation { secret: asked.secret.clone(), is_new: false };
        }
        self.asked.push(KnownLink { role, secret: fresh.clone() });
        Rotation { secret: fresh, is_new: true }
    }

    /// The rotation was refused. Returns whether the record changed: a refused first request did nothing, but the
    /// outcome of an earlier one stays unknown.
    pub fn rotation_refused(&mut self, role: Role, rotation: &Rotation) -> bool {
        if rotation.is_new {
            self.asked.retain(|asked| asked.role != role);
        }
        rotation.is_new
    }

    /// Takes in what the functions say of the room. Returns whether the record changed.
    pub fn update(&mut self, view: &RoomView) -> bool {
        // A sealed name says nothing: what this device called itself and the room stays.
        let name = view.name.plain().unwrap_or(&self.name).to_owned();
        let display_name = view.display_name.plain().unwrap_or(&self.display_name).to_owned();
        let same = self.name == name && self.role == view.role && self.display_name == display_name;
        self.name = name;
        self.role = view.role;
        self.display_name = display_name;
        !same
    }

    /// The session after its token was exchanged.
    #[must_use]
    pub fn rejoined(self, joined: Joined) -> Self {
        Self { member_id: joined.member_id, token: joined.member_token, role: joined.role, ..self }
    }

    /// As it is shown. `origin` is what its URLs begin with.
    pub fn shown(&self, origin: &str) -> SavedRoom {
        let unsure: Vec<_> = self.asked.iter().map(|asked| asked.role).collect();
        let sure = self.links.iter().filter(|link| !unsure.contains(&link.role));
        SavedRoom {
            room: self.room,
            name: self.name.clone(),
            role: self.role,
            display_name: self.display_name.clone(),
            member_id: self.member_id,
            links: sure.map(|link| (link.role, format!("{origin}{}", self.link(link).path()))).collect(),
            unsure,
        }
    }

    fn link(&self, link: &KnownLink) -> RoomLink {
        RoomLink { room: self.room, role: link.role, secret: link.secret.clone() }
    }
}

impl KnownLink {
    /// As the functions keep it: without the secret.
    pub fn verified(&self, room: RoomId) -> NewLink {
        NewLink { role: self.role, verifier: self.secret.auth_token(room).verifier(), wrapped_key: None }
    }
}

/// Whether `role` may do all that `other` may.
fn covers(role: Role, other: Role) -> bool {
    let powers: [fn(Role) -> bool; 3] = [Role::may_upload, Role::may_view, Role::may_manage];
    powers.iter().all(|may| may(role) || !may(other))
}

fn rank(role: Role) -> usize {
    Role::ALL.iter().position(|known| *known == role).unwrap_or(Role::ALL.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret(byte: u8) -> LinkSecret {
        LinkSecret::from_bytes([byte; 32])
    }

    fn link(role: Role, byte: u8) -> KnownLink {
        KnownLink { role, secret: secret(byte) }
    }

    fn session(role: Role) -> Session {
        Session {
            v: 1,
            room: RoomId::from_bytes([1; 16]),
            name: "Trip".into(),
            role,
            display_name: "Ada".into(),
            member_id: MemberId::from_bytes([2; 16]),
            token: MemberToken::from_bytes([3; 32]),
            links: vec![link(role, 4)],
            asked: Vec::new(),
            joined_at: 5,
        }
    }

    #[test]
    fn a_role_covers_what_it_includes() {
        let covered = |role| Role::ALL.into_iter().filter(|other| covers(role, *other)).collect::<Vec<_>>();
        assert_eq!(covered(Role::Manage), Role::ALL);
        assert_eq!(covered(Role::Contribute), [Role::Contribute, Role::View, Role::Drop]);
        assert_eq!((covered(Role::View), covered(Role::Drop)), (vec![Role::View], vec![Role::Drop]));
    }

    #[test]
    fn links_are_shown_strongest_first() {
        let mut session = session(Role::Manage);
        for (role, byte) in [(Role::Drop, 6), (Role::Contribute, 7), (Role::View, 8)] {
            session.set_link(link(role, byte));
        }
        let shown = session.shown("https://slipway.example");
        assert_eq!(shown.links.iter().map(|(role, _)| *role).collect::<Vec<_>>(), Role::ALL);
        assert!(shown.links.iter().all(|(_, url)| url.starts_with("https://slipway.example/r/")));
        assert!(shown.knows(&RoomLink { room: session.room, role: Role::View, secret: secret(8) }));
        assert!(!shown.knows(&RoomLink { room: session.room, role: Role::View, secret: secret(9) }));
    }

    #[test]
    fn a_rotation_without_an_answer_is_requested_again_with_its_secret() {
        let mut session = session(Role::Manage);
        let first = session.begin_rotation(Role::Manage, secret(6));
        assert_eq!(first, Rotation { secret: secret(6), is_new: true });
        // No answer: neither link is sure, and the own one has a replacement to try.
        let shown = session.shown("");
        assert_eq!((shown.links, shown.unsure), (Vec::new(), vec![Role::Manage]));
        assert_eq!(session.own_replacement().map(|link| link.secret), Some(secret(6)));
        let second = session.begin_rotation(Role::Manage, secret(7));
        assert_eq!(second, Rotation { secret: secret(6), is_new: false });
        assert!(!session.rotation_refused(Role::Manage, &second), "the first may have been done");
        session.set_link(KnownLink { role: Role::Manage, secret: second.secret });
        assert_eq!((session.asked.len(), session.own_link().map(|link| link.secret)), (0, Some(secret(6))));
    }

    #[test]
    fn a_refused_first_rotation_changes_nothing() {
        let mut session = session(Role::Manage);
        let before = session.clone();
        let rotation = session.begin_rotation(Role::View, secret(6));
        assert!(session.rotation_refused(Role::View, &rotation));
        assert_eq!(session, before);
    }

    #[test]
    fn an_untried_link_replaces_none_that_is_known() {
        let mut session = session(Role::Manage);
        assert!(session.offer_link(link(Role::View, 6)));
        assert!(!session.offer_link(link(Role::View, 7)));
        session.begin_rotation(Role::Drop, secret(8));
        assert!(!session.offer_link(link(Role::Drop, 9)));
        assert_eq!(session.links, [link(Role::Manage, 4), link(Role::View, 6)]);
    }
}
