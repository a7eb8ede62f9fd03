//! Random identifiers and tokens, from the system's generator.

use slipway_protocol::wire::id::{FileId, GrantId, MemberId, UploadId};
use slipway_protocol::wire::link::MemberToken;

/// `N` random bytes.
///
/// # Panics
/// When the system has no randomness: nothing safe can be done then.
pub fn random_bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).expect("the system gives random bytes");
    bytes
}

/// A number below `bound`, for jitter. Not exactly uniform, and need not be. 0 when `bound` is 0.
pub fn random_below(bound: u64) -> u64 {
    u64::from_le_bytes(random_bytes()).checked_rem(bound).unwrap_or(0)
}

/// A new upload's id.
pub fn upload_id() -> UploadId {
    UploadId::from_bytes(random_bytes())
}

/// A new file's id.
pub fn file_id() -> FileId {
    FileId::from_bytes(random_bytes())
}

/// A new member's id.
pub fn member_id() -> MemberId {
    MemberId::from_bytes(random_bytes())
}

/// A new download grant's id.
pub fn grant_id() -> GrantId {
    GrantId::from_bytes(random_bytes())
}

/// A new member token: 256 bits.
pub fn member_token() -> MemberToken {
    MemberToken::from_bytes(random_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_differ() {
        assert_ne!(upload_id(), upload_id());
        assert_ne!(member_token(), member_token());
    }

    #[test]
    fn jitter_keeps_its_bound() {
        assert_eq!(random_below(0), 0);
        assert!((0..1000).all(|_| random_below(7) < 7));
    }
}
