//! The items of the table: one file a kind, with its key and what may be done to it.
//!
//! | item | key |
//! | --- | --- |
//! | room, quota, sequence | `ROOM#id` / `META`, `QUOTA`, `SEQ` |
//! | link, member | `ROOM#id` / `LINK#role`, `MEMBER#id` |
//! | token | `TOKEN#hash` / `META` |
//! | upload, its promised parts, a challenge | `UPLOAD#id` / `META`, `PLAN#nnn`, `ADOPT#member` |
//! | open upload, file | `ROOM#id` / `UPLOAD#id`, `FILE#time.id`; `FILE#id` / `META` says where |
//! | what sweep looks at | `DUE#hour#shard` / `UPLOAD#id`, `UPLOADED#fileId`; `SWEEP` / `CURSOR` |
//! | repeated call, download | `IDEM#member#key`, `GRANT#id` / `META` |
//! | event, audit | `ROOM#id` / `EVENT#number`, `AUDIT#number` |
//! | limit | `LIMIT#kind#whom#minute` / `COUNT` |

pub mod change;
pub mod due;
pub mod file;
pub mod link;
pub mod member;
pub mod plan;
pub mod room;
pub mod sequence;
pub mod token;
pub mod upload;

use member::MemberRecord;
use token::TokenRecord;

use crate::table::{Table, TableError, read};

/// How a token's member stands in its room.
#[derive(Clone, Debug)]
pub enum Standing {
    /// A member, by a link that still is the one that was joined by.
    Good(MemberRecord),
    /// Removed, or the link was rotated or revoked.
    Removed,
    /// There is no such room any more.
    RoomClosed,
}

/// Looks at room, member and link, in one read.
pub async fn standing(table: &Table, token: &TokenRecord) -> Result<Standing, TableError> {
    let keys =
        [room::key(token.room_id), member::key(token.room_id, token.member_id), link::key(token.room_id, token.role)];
    let mut items = table.get_many(&keys).await?.into_iter();
    let mut next = || items.next().flatten();
    let (room, member, link) = (next(), next(), next());
    let Some(room) = room.map(read::<room::RoomRecord>).transpose()?.filter(|room| !room.closed) else {
        return Ok(Standing::RoomClosed);
    };
    drop(room);
    let member = member.map(read::<MemberRecord>).transpose()?.filter(|member| !member.removed);
    let link = link.map(read::<link::LinkRecord>).transpose()?;
    let same_link = link.is_some_and(|link| !link.revoked && link.version == token.link_version);
    Ok(member.filter(|_| same_link).map_or(Standing::Removed, Standing::Good))
}
