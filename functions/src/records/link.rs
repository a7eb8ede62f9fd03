//! A room's link for one role: `ROOM#id` / `LINK#role`.

use serde::{Deserialize, Serialize};
use slipway_protocol::wire::id::RoomId;
use slipway_protocol::wire::link::{AuthToken, Role, Verifier};
use subtle::ConstantTimeEq as _;

use super::room::partition;
use crate::table::Key;

/// What is known of a link: never its secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LinkRecord {
    /// SHA-256 of the auth token.
    pub verifier: Verifier,
    /// The room's key wrapped for this link, opaque.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wrapped_key: Option<String>,
    /// Counts from 1 and up with each rotation and revocation: who joined by an older version is out.
    pub version: u64,
    /// Nobody joins by it any more.
    #[serde(default)]
    pub revoked: bool,
}

/// The link's key.
pub fn key(room: RoomId, role: Role) -> Key {
    Key::new(partition(room), format!("LINK#{role}"))
}

/// The link, if this token opens it. Takes as long where there is no link.
pub fn opened_by(link: Option<LinkRecord>, token: &AuthToken) -> Option<LinkRecord> {
    let nobody = Verifier::from_bytes([0; 32]);
    let verifier = link.as_ref().map_or(&nobody, |link| &link.verifier);
    let same = bool::from(verifier.as_bytes().ct_eq(token.verifier().as_bytes()));
    link.filter(|link| same && !link.revoked)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn link(token: &AuthToken, revoked: bool) -> LinkRecord {
        LinkRecord { verifier: token.verifier(), wrapped_key: None, version: 1, revoked }
    }

    #[test]
    fn only_its_own_token_opens_a_link() {
        let (mine, other) = (AuthToken::from_bytes([1; 32]), AuthToken::from_bytes([2; 32]));
        assert!(opened_by(Some(link(&mine, false)), &mine).is_some());
        assert!(opened_by(Some(link(&mine, false)), &other).is_none());
        assert!(opened_by(Some(link(&mine, true)), &mine).is_none());
        assert!(opened_by(None, &mine).is_none());
    }
}
