//! When a token was last used: `SEEN#hash` / `META`, in Main.
//!
//! Apart from the token itself, so that the functions which let members in only ever read Access.

use serde::{Deserialize, Serialize};
use slipway_protocol::wire::link::Verifier;

use super::token::IDLE_SECONDS;
use crate::table::{Key, TableError, Tables, Write};

/// A use is noted at most so often, in seconds.
const NOTE_SECONDS: u64 = 5 * 60;

/// The last use of a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Seen {
    /// Seconds since 1970, late by up to five minutes.
    pub last_seen: u64,
}

/// The key. `hash`: the token's.
pub fn key(hash: &Verifier) -> Key {
    Key::main(format!("SEEN#{}", hash.expose()), "META")
}

/// Notes at `now`, in seconds since 1970, that the token was used, unless that was noted a moment ago.
pub async fn note(tables: &Tables, hash: &Verifier, last_seen: u64, now: u64) -> Result<(), TableError> {
    if now < last_seen.saturating_add(NOTE_SECONDS) {
        return Ok(());
    }
    // Dropped once the token is dead of idleness anyway: then the token's own age says the same.
    let seen = Write::put(&key(hash), &Seen { last_seen: now }).ttl(Some(now + 2 * IDLE_SECONDS));
    tables.write(&seen).await
}
