//! Which permissions a run takes away: all of them takes longer than CI has.

use sha2::{Digest as _, Sha256};

use super::policy::Permission;

/// In a run that is not asked for all.
const SAMPLE: usize = 6;

/// As many as fit into each run, drawn by the commit: the same for a run of the same commit, so that a failure can be
/// repeated, and each its turn over time.
pub(super) fn drawn(all: &[Permission], commit: &str) -> Vec<Permission> {
    let rank = |permission: &Permission| Sha256::digest(format!("{commit} {permission}"));
    let mut ranked: Vec<_> = all.iter().map(|permission| (rank(permission), permission)).collect();
    ranked.sort_by_key(|(rank, _)| *rank);
    let drawn: Vec<_> = ranked.into_iter().take(SAMPLE).map(|(_, permission)| permission).collect();
    // In their own order, in which those of a function are together.
    all.iter().filter(|permission| drawn.contains(permission)).cloned().collect()
}

/// Those with one of these words in them.
pub(super) fn named(all: &[Permission], words: &[String]) -> Vec<Permission> {
    let is_named = |permission: &&Permission| words.iter().any(|word| permission.to_string().contains(word));
    all.iter().filter(is_named).cloned().collect()
}
