//! A member token: `TOKEN#hash` / `META`. The table knows only the SHA-256 of what the member shows.

use serde::{Deserialize, Serialize};
use slipway_protocol::wire::id::{MemberId, RoomId};
use slipway_protocol::wire::link::{MemberToken, Role, Verifier};

use crate::app::App;
use crate::table::{Key, Table, TableError, Write};

/// Without a call for so long, a token is dead, in seconds: 12 h.
pub const IDLE_SECONDS: u64 = 12 * 3600;
/// However busy, a token is dead so long after it was made, in seconds: 30 days.
pub const LIFE_SECONDS: u64 = 30 * 24 * 3600;
/// The record outlives the token, so that a dead one is told from an unknown one and its member can go on.
const KEEP_SECONDS: u64 = 2 * LIFE_SECONDS;
/// A call is noted at most so often, in seconds.
const TOUCH_SECONDS: u64 = 5 * 60;

/// What is known of a token.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TokenRecord {
    /// SHA-256 of the token: its key.
    pub hash: Verifier,
    /// The room it opens.
    pub room_id: RoomId,
    /// For whom.
    pub member_id: MemberId,
    /// What the link that was joined by allows.
    pub role: Role,
    /// The version of that link: another one now, and the token opens nothing.
    pub link_version: u64,
    /// Seconds since 1970.
    pub created_at: u64,
    /// Seconds since 1970, late by up to five minutes.
    pub last_seen: u64,
}

/// The token's key.
pub fn key(hash: &Verifier) -> Key {
    Key::new(format!("TOKEN#{}", hash.expose()), "META")
}

/// The record of a token, dead or alive.
pub async fn find(table: &Table, token: &MemberToken) -> Result<Option<TokenRecord>, TableError> {
    table.get(&key(&token.verifier())).await
}

impl TokenRecord {
    /// When the table may drop it, in seconds since 1970.
    pub fn ttl(&self) -> u64 {
        self.created_at + KEEP_SECONDS
    }

    /// Whether the token is dead at `now`, in seconds since 1970.
    pub fn is_expired(&self, now: u64) -> bool {
        now >= self.last_seen.saturating_add(IDLE_SECONDS) || now >= self.created_at.saturating_add(LIFE_SECONDS)
    }

    /// Notes that the token was used, unless that was noted a moment ago.
    pub async fn touch(&self, app: &App) -> Result<(), TableError> {
        let now = app.clock.now_seconds();
        if now < self.last_seen.saturating_add(TOUCH_SECONDS) {
            return Ok(());
        }
        let write = Write::update(&key(&self.hash), "SET #lastSeen = :now").when("attribute_exists(#pk)");
        match app.table.write(&write.bind("now", now)).await {
            // Dropped in this moment. The next call will say so.
            Err(TableError::Refused(_)) => Ok(()),
            result => result,
        }
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
            last_seen: 5_000,
        }
    }

    #[test]
    fn a_token_dies_of_idleness_and_of_age() {
        assert!(!token().is_expired(5_000 + IDLE_SECONDS - 1));
        assert!(token().is_expired(5_000 + IDLE_SECONDS));
        let busy = TokenRecord { last_seen: 1_000 + LIFE_SECONDS - 10, ..token() };
        assert!(!busy.is_expired(1_000 + LIFE_SECONDS - 1));
        assert!(busy.is_expired(1_000 + LIFE_SECONDS));
    }
}
