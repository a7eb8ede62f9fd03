//! When a token was last used: `SEEN#hash` / `META`, in Main.
//!
//! Not in the token itself, so that functions which authenticate members only read Access.

use serde::{Deserialize, Serialize};
use slipway_protocol::wire::link::Verifier;

use super::token::IDLE_SECONDS;
use crate::table::{Key, TableError, Tables, Write, was_written};

/// Minimum interval between two notes of a token's use, in seconds.
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

/// Notes a use of the token at `now`, in seconds since 1970, unless one was noted within the last five minutes, or another
/// release noted one.
pub async fn note(tables: &Tables, hash: &Verifier, last_seen: u64, now: u64) -> Result<(), TableError> {
    if now < last_seen.saturating_add(NOTE_SECONDS) {
        return Ok(());
    }
    // May expire once the token would have died of idleness: its age alone decides then.
    let seen = Write::put(&key(hash), &Seen { last_seen: now }).ttl(Some(now + 2 * IDLE_SECONDS));
    // It has no condition but that of the version.
    was_written(tables.write(&seen).await).map(drop)
}
