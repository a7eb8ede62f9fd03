//! A member token: `TOKEN#hash` / `META`, in Access. Only its SHA-256 is stored. Its last use is recorded in
//! [`super::seen`].

use serde::{Deserialize, Serialize};
use slipway_protocol::wire::id::{MemberId, RoomId};
use slipway_protocol::wire::link::{MemberToken, Role, Verifier};

use crate::table::{Key, TableError, Tables, Write};

/// How long a token lives without a call, in seconds: 12 h.
pub const IDLE_SECONDS: u64 = 12 * 3600;
/// How long a token lives at most, in seconds: 30 days.
pub const LIFE_SECONDS: u64 = 30 * 24 * 3600;
/// The record outlives the token: an expired token is then distinct from an unknown one, and its member can rejoin.
const KEEP_SECONDS: u64 = 2 * LIFE_SECONDS;

/// A token.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TokenRecord {
    /// SHA-256 of the token: its key.
    pub hash: Verifier,
    /// The room it opens.
    pub room_id: RoomId,
    /// Its member.
    pub member_id: MemberId,
    /// The role of the link that was joined by.
    pub role: Role,
    /// The version of that link. A newer version invalidates the token.
    pub link_version: u64,
    /// Seconds since 1970.
    pub created_at: u64,
}

/// The token's key.
pub fn key(hash: &Verifier) -> Key {
    Key::access(format!("TOKEN#{}", hash.expose()), "META")
}

/// The record of a token, expired or not.
pub async fn find(tables: &Tables, token: &MemberToken) -> Result<Option<TokenRecord>, TableError> {
    tables.get(&key(&token.verifier())).await
}

impl TokenRecord {
    /// The write that makes it valid.
    pub fn issue(&self) -> Write {
        let ttl = self.created_at + KEEP_SECONDS;
        Write::put(&key(&self.hash), self).ttl(Some(ttl)).when("attribute_not_exists(#pk)")
    }

    /// The write that moves it to another version of its link.
    pub fn kept(&self, link_version: u64) -> Write {
        let write = Write::update(&key(&self.hash), "SET #linkVersion = :version").when("attribute_exists(#pk)");
        write.bind("version", link_version)
    }

    /// Whether the token is dead at `now`. Both in seconds since 1970; `last_seen`: none if it was not used since it was
    /// made.
    pub fn is_expired(&self, last_seen: Option<u64>, now: u64) -> bool {
        let last_seen = last_seen.unwrap_or_default().max(self.created_at);
        now >= last_seen.saturating_add(IDLE_SECONDS) || now >= self.created_at.saturating_add(LIFE_SECONDS)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token() -> TokenRecord {
        TokenRecord {
            hash: Verifier::from_bytes([0; 32]),
            room_id: RoomId::from_bytes([1; 16]),
            member_id: MemberId::from_bytes([2; 16]),
            role: Role::View,
            link_version: 1,
            created_at: 1_000,
        }
    }

    #[test]
    fn a_token_dies_of_idleness_and_of_age() {
        assert!(!token().is_expired(Some(5_000), 5_000 + IDLE_SECONDS - 1));
        assert!(token().is_expired(Some(5_000), 5_000 + IDLE_SECONDS));
        let busy = Some(1_000 + LIFE_SECONDS - 10);
        assert!(!token().is_expired(busy, 1_000 + LIFE_SECONDS - 1));
        assert!(token().is_expired(busy, 1_000 + LIFE_SECONDS));
    }

    #[test]
    fn a_token_that_was_never_used_is_as_old_as_itself() {
        assert!(!token().is_expired(None, 1_000 + IDLE_SECONDS - 1));
        assert!(token().is_expired(None, 1_000 + IDLE_SECONDS));
    }
}
