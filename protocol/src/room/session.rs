//! The record of a joined room on a device, and its public view.

use crate::prelude::*;
use serde::{Deserialize, Serialize};

use crate::wire::id::{MemberId, RoomId};
use crate::wire::link::{LinkSecret, MemberToken, Role, RoomLink};
use crate::wire::{Joined, NewLink, RoomView};

/// A room that this device has joined, as the page shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SavedRoom {
    /// The room.
    pub room: RoomId,
    /// Its name, as last received.
    pub name: String,
    /// This device's role in it.
    pub role: Role,
    /// The display name of this device's member.
    pub display_name: String,
    /// This device's member id.
    pub member_id: MemberId,
    /// The links that this device knows, strongest role first, as full URLs. Secret.
    pub links: Vec<(Role, String)>,
    /// Roles whose link rotation was not answered. Either link may be valid, so neither is in `links`.
    pub unsure: Vec<Role>,
}

impl SavedRoom {
    /// Whether this device knows the link.
    pub fn knows(&self, link: &RoomLink) -> bool {
        let path = link.path();
        self.links.iter().any(|(role, url)| *role == link.role && url.ends_with(&path))
    }

    /// Whether this device has all permissions of the role.
    pub fn covers(&self, role: Role) -> bool {
        covers(self.role, role)
    }
}

/// The saved record of a joined room. Its secrets exist nowhere else.
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
    /// Rotations without an answer: each secret may already be the room's link.
    #[serde(default, rename = "asked", skip_serializing_if = "Vec::is_empty")]
    pub requested: Vec<KnownLink>,
    /// Milliseconds since 1970. The page shows the newest first.
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
    /// False if this repeats a rotation without an answer.
    pub is_new: bool,
}

impl Session {
    /// Whether the role's link or its requested replacement is known.
    pub fn knows(&self, role: Role) -> bool {
        self.links.iter().chain(&self.requested).any(|link| link.role == role)
    }

    /// Whether this device may do all that the role allows.
    pub fn covers(&self, role: Role) -> bool {
        covers(self.role, role)
    }

    /// Sets a link that works, and removes its requested replacement.
    pub fn set_link(&mut self, link: KnownLink) {
        self.forget_link(link.role);
        self.links.push(link);
        self.links.sort_unstable_by_key(|link| rank(link.role));
    }

    /// Sets a link whose secret is untested, unless one of its role is known, which may be newer. Returns whether it is set.
    pub fn offer_link(&mut self, link: KnownLink) -> bool {
        let is_unknown = !self.knows(link.role);
        if is_unknown {
            self.set_link(link);
        }
        is_unknown
    }

    /// Removes a role's link and its requested replacement.
    pub fn forget_link(&mut self, role: Role) {
        self.links.retain(|known| known.role != role);
        self.requested.retain(|requested| requested.role != role);
    }

    /// The link of this device's role, if it is known.
    pub fn own_link(&self) -> Option<RoomLink> {
        self.links.iter().find(|link| link.role == self.role).map(|link| self.link(link))
    }

    /// The requested replacement of the own link. It may work if the own link does not.
    pub fn own_replacement(&self) -> Option<RoomLink> {
        self.requested.iter().find(|link| link.role == self.role).map(|link| self.link(link))
    }

    /// The secret to rotate the role's link to: that of a rotation without an answer, since it may be valid already and nobody
    /// else has it; otherwise `fresh`, which has to be saved before the call.
    pub fn begin_rotation(&mut self, role: Role, fresh: LinkSecret) -> Rotation {
        if let Some(requested) = self.requested.iter().find(|requested| requested.role == role) {
            return Rotation { secret: requested.secret.clone(), is_new: false };
        }
        self.requested.push(KnownLink { role, secret: fresh.clone() });
        Rotation { secret: fresh, is_new: true }
    }

    /// The rotation was refused. Returns whether the record changed: a refused new rotation is dropped, but the outcome of an
    /// earlier one without an answer stays unknown.
    pub fn rotation_refused(&mut self, role: Role, rotation: &Rotation) -> bool {
        if rotation.is_new {
            self.requested.retain(|requested| requested.role != role);
        }
        rotation.is_new
    }

    /// Updates the record from the functions' view of the room. Returns whether it changed.
    pub fn update(&mut self, view: &RoomView) -> bool {
        // A sealed name can't be read here, so the saved one stays.
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

    /// The room as the page shows it. Its URLs begin with `origin`.
    pub fn shown(&self, origin: &str) -> SavedRoom {
        let unsure: Vec<_> = self.requested.iter().map(|requested| requested.role).collect();
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
    /// The link as the functions store it, without the secret.
    pub fn verified(&self, room: RoomId) -> NewLink {
        NewLink { role: self.role, verifier: self.secret.auth_token(room).verifier(), wrapped_key: None }
    }
}

/// Whether `role` has all permissions of `other`.
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
            requested: Vec::new(),
            joined_at: 5,
        }
    }

    #[test]
    fn a_role_covers_roles_with_fewer_permissions() {
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
        // No answer: neither link is shown, and the own one has a replacement to try.
        let shown = session.shown("");
        assert_eq!((shown.links, shown.unsure), (Vec::new(), vec![Role::Manage]));
        assert_eq!(session.own_replacement().map(|link| link.secret), Some(secret(6)));
        let second = session.begin_rotation(Role::Manage, secret(7));
        assert_eq!(second, Rotation { secret: secret(6), is_new: false });
        assert!(!session.rotation_refused(Role::Manage, &second), "the first may have taken effect");
        session.set_link(KnownLink { role: Role::Manage, secret: second.secret });
        assert_eq!((session.requested.len(), session.own_link().map(|link| link.secret)), (0, Some(secret(6))));
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
    fn an_untested_link_replaces_no_known_one() {
        let mut session = session(Role::Manage);
        assert!(session.offer_link(link(Role::View, 6)));
        assert!(!session.offer_link(link(Role::View, 7)));
        session.begin_rotation(Role::Drop, secret(8));
        assert!(!session.offer_link(link(Role::Drop, 9)));
        assert_eq!(session.links, [link(Role::Manage, 4), link(Role::View, 6)]);
    }
}
