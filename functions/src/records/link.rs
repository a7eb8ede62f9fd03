//! A room's link for one role: `ROOM#id` / `LINK#role`, in Access.

use serde::{Deserialize, Serialize};
use slipway_protocol::wire::id::RoomId;
use slipway_protocol::wire::link::{AuthToken, Role, Verifier};
use subtle::ConstantTimeEq as _;

use super::room::partition;
use crate::table::{Key, TableError, Tables, Write};

/// Label of the condition that fails when the link was changed meanwhile.
pub const LINK: &str = "link";

/// A link, without its secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LinkRecord {
    /// SHA-256 of the auth token.
    pub verifier: Verifier,
    /// The room's key wrapped for this link, opaque.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wrapped_key: Option<String>,
    /// Starts at 1 and increases with each rotation and revocation, which invalidates tokens of older versions.
    pub version: u64,
    /// Whether it is ended.
    #[serde(default)]
    pub revoked: bool,
}

/// The link's key.
pub fn key(room: RoomId, role: Role) -> Key {
    Key::access(partition(room), format!("LINK#{role}"))
}

/// The link as of now; none where there never was one.
pub async fn get(tables: &Tables, room: RoomId, role: Role) -> Result<Option<LinkRecord>, TableError> {
    tables.get(&key(room, role)).await
}

/// The write that replaces the link that was read.
pub fn replace(room: RoomId, role: Role, before: Option<&LinkRecord>, after: &LinkRecord) -> Write {
    let write = Write::put(&key(room, role), after).label(LINK);
    match before {
        Some(before) => write.when("#version = :before").bind("before", before.version),
        None => write.when("attribute_not_exists(#pk)"),
    }
}

/// The check of a join's transaction that the link has not changed since it was read.
pub fn is_still(room: RoomId, role: Role, link: &LinkRecord) -> Write {
    Write::check(&key(room, role))
        .when("#version = :version AND #revoked = :no")
        .bind("version", link.version)
        .bind("no", false)
        .label(LINK)
}

/// The link, if the token matches it. Takes the same time without a link, so that timing does not reveal whether it exists.
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
