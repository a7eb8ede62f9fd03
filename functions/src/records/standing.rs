//! Whether a token's member still has access to its room.

use super::link::{self, LinkRecord};
use super::member::{self, MemberRecord};
use super::room::{self, RoomRecord};
use super::seen::{self, Seen};
use super::token::TokenRecord;
use crate::table::{TableError, Tables, read, read_known};

/// Whether a token's member still has access to its room.
#[derive(Clone, Debug)]
pub enum Standing {
    /// A member whose link has not changed since the join.
    Good(MemberRecord),
    /// Removed, or the link was rotated or revoked.
    Removed,
    /// There is no such room any more.
    RoomClosed,
}

/// Reads room, member, link and the token's last use with one batch read of both tables.
pub async fn look_up(tables: &Tables, token: &TokenRecord) -> Result<(Standing, Option<Seen>), TableError> {
    let keys = [
        room::key(token.room_id),
        member::key(token.room_id, token.member_id),
        link::key(token.room_id, token.role),
        seen::key(&token.hash),
    ];
    // In one batch, since every call of a member waits for it.
    let mut items = tables.get_many(&keys).await?.into_iter();
    let mut next = || items.next().flatten();
    let (room, member, link, seen) = (next(), next(), next(), next());
    // Every call may write it, so a newer release that is rolled back leaves one behind for each member. The token's age
    // alone decides then.
    let seen = seen.map(read_known::<Seen>).transpose()?.flatten();
    if room.map(read::<RoomRecord>).transpose()?.is_none_or(|room| room.closed) {
        return Ok((Standing::RoomClosed, seen));
    }
    let member = member.map(read::<MemberRecord>).transpose()?.filter(|member| !member.removed);
    let link = link.map(read::<LinkRecord>).transpose()?;
    // Rotating or revoking a link ends the access of all who joined by it, without touching their records.
    let same_link = link.is_some_and(|link| !link.revoked && link.version == token.link_version);
    Ok((member.filter(|_| same_link).map_or(Standing::Removed, Standing::Good), seen))
}
