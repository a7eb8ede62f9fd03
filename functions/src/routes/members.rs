//! POST /api/rooms/{roomId}/members, DELETE …/members/{memberId}.

use axum::Json;
use axum::extract::State;
use http::StatusCode;
use slipway_protocol::wire::id::{MemberId, RoomId};
use slipway_protocol::wire::link::MemberToken;
use slipway_protocol::wire::{Join, Joined, Label};
use utoipa_axum::routes;

use crate::app::App;
use crate::edge::error::ApiFailure;
use crate::edge::extract::{Body, Ids, Member, OldToken, member_removed};
use crate::edge::limits;
use crate::edge::openapi::{Failures, Routes};
use crate::edge::source::Source;
use crate::edge::text;
use crate::ids;
use crate::records::link::{self, LINK, LinkRecord};
use crate::records::member::{self, MEMBER, MemberRecord, Principal};
use crate::records::room::{self, RoomRecord};
use crate::records::token::{self, IDLE_SECONDS, TokenRecord};
use crate::rooms::journal::{self, Journal};
use crate::table::{TableError, read};

/// The longest display name, in characters.
const MAX_DISPLAY_NAME: usize = 60;

/// This file's routes.
pub fn router() -> Routes {
    Routes::new().routes(routes!(join)).routes(routes!(remove))
}

/// Joins by a link. With an old token, expired or not, as the same member.
#[utoipa::path(post, path = "/api/rooms/{roomId}/members", tag = "members", params(("roomId" = RoomId, Path)),
    request_body = Join, security((), ("member" = [])), responses((status = 201, body = Joined), Failures))]
async fn join(
    State(app): State<App>,
    Ids(room): Ids<RoomId>,
    source: Source,
    OldToken(old): OldToken,
    Body(request): Body<Join>,
) -> Result<(StatusCode, Json<Joined>), ApiFailure> {
    let name = text::label("displayName", &request.display_name, MAX_DISPLAY_NAME)?;
    limits::charge_join(&app, &source).await?;
    // Before the secret is compared: once an address has guessed too often, even a right guess tells it nothing.
    limits::check_misses(&app, &source).await?;
    let Some(link) = open_link(&app, room, &request).await? else {
        limits::count_miss(&app, &source).await?;
        return Err(ApiFailure::not_found());
    };
    let before = match old {
        Some(old) => find_before(&app, room, &old, &request, &link).await?,
        None => None,
    };
    let token = ids::member_token();
    let joining = Joining { room, before, name, request: &request, link: &link, token: &token };
    let member_id = joining.let_in(&app).await?;
    let joined = Joined {
        member_id,
        member_token: token,
        role: request.role,
        idle_seconds: IDLE_SECONDS,
        wrapped_key: link.wrapped_key,
    };
    Ok((StatusCode::CREATED, Json(joined)))
}

/// The link, if room and link exist and the secret is right. One read and one comparison in every case, so that timing does
/// not show which of them is wrong.
async fn open_link(app: &App, room: RoomId, request: &Join) -> Result<Option<LinkRecord>, TableError> {
    let keys = [room::key(room), link::key(room, request.role)];
    let mut items = app.tables.get_many(&keys).await?.into_iter();
    let mut next = || items.next().flatten();
    let (record, link) = (next(), next());
    let open = record.map(read::<RoomRecord>).transpose()?.is_some_and(|record| !record.closed);
    let link = link.map(read).transpose()?;
    Ok(link::opened_by(link, &request.auth_token).filter(|_| open))
}

/// The member of the old token, if it is of this room.
///
/// # Errors
/// `member-removed` for a removed member with the same link. With a newer link, which only a manager can make, a removed
/// member joins as a new one.
async fn find_before(
    app: &App,
    room: RoomId,
    old: &MemberToken,
    request: &Join,
    link: &LinkRecord,
) -> Result<Option<MemberId>, ApiFailure> {
    let Some(old) = token::find(&app.tables, old).await?.filter(|old| old.room_id == room) else { return Ok(None) };
    match member::get(&app.tables, room, old.member_id).await? {
        Some(member) if !member.removed => Ok(Some(member.member_id)),
        // Removed, and back by the same link: only a new one readmits them.
        Some(_) if old.role == request.role && old.link_version == link.version => Err(member_removed()),
        _ => Ok(None),
    }
}

/// An accepted join.
struct Joining<'a> {
    room: RoomId,
    before: Option<MemberId>,
    name: Label,
    request: &'a Join,
    link: &'a LinkRecord,
    token: &'a MemberToken,
}

impl Joining<'_> {
    /// Writes member and token, if link and member have not changed since they were read.
    async fn let_in(&self, app: &App) -> Result<MemberId, ApiFailure> {
        let member_id = self.before.unwrap_or_else(ids::member_id);
        let member = self.member_record(app, member_id);
        let writes = [
            link::is_still(self.room, self.request.role, self.link),
            if self.before.is_some() { member.readmit(self.room) } else { member.admit(self.room) },
            self.token_record(app, member_id).issue(),
        ];
        let action = if self.before.is_some() { "member-rejoined" } else { "member-joined" };
        let journal = Journal::new().audit(Some(member_id), action, self.request.role);
        match journal::commit(app, self.room, &writes, &journal).await {
            Ok(_) => Ok(member_id),
            // Rotated since it was read, so the secret is a wrong one by now.
            Err(error) if error.refused(LINK) => Err(ApiFailure::not_found()),
            Err(error) if error.refused(MEMBER) => Err(member_removed()),
            Err(error) => Err(error.into()),
        }
    }

    fn member_record(&self, app: &App, member_id: MemberId) -> MemberRecord {
        MemberRecord {
            member_id,
            display_name: self.name.clone(),
            role: self.request.role,
            link_version: self.link.version,
            principal: Principal::Anonymous,
            joined_at: app.clock.now_ms(),
            removed: false,
        }
    }

    fn token_record(&self, app: &App, member_id: MemberId) -> TokenRecord {
        TokenRecord {
            hash: self.token.verifier(),
            room_id: self.room,
            member_id,
            role: self.request.role,
            link_version: self.link.version,
            created_at: app.clock.now_seconds(),
        }
    }
}

/// Removes a member. Its next call is refused, and it cannot rejoin as the same member by the same link.
#[utoipa::path(delete, path = "/api/rooms/{roomId}/members/{memberId}", tag = "members",
    params(("roomId" = RoomId, Path), ("memberId" = MemberId, Path)), security(("member" = [])),
    responses((status = 204, description = "Removed, also if it was before"), Failures))]
async fn remove(
    State(app): State<App>,
    caller: Member,
    Ids((room, member_id)): Ids<(RoomId, MemberId)>,
) -> Result<StatusCode, ApiFailure> {
    let caller = caller.in_room(room)?;
    caller.may_manage()?;
    limits::charge_member(&app, caller.id).await?;
    let member = member::get(&app.tables, room, member_id).await?;
    if member.ok_or_else(ApiFailure::not_found)?.removed {
        return Ok(StatusCode::NO_CONTENT);
    }
    let journal = Journal::new().audit(Some(caller.id), "member-removed", member_id);
    match journal::commit(&app, room, &[member::remove(room, member_id)], &journal).await {
        // A concurrent call was first.
        Err(error) if error.refused(MEMBER) => Ok(StatusCode::NO_CONTENT),
        result => result.map(|_| StatusCode::NO_CONTENT).map_err(ApiFailure::from),
    }
}
