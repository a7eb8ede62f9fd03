//! POST /api/rooms/{roomId}/members, DELETE …/members/{memberId}.

use axum::Json;
use axum::extract::State;
use http::StatusCode;
use slipway_protocol::wire::id::{MemberId, RoomId};
use slipway_protocol::wire::link::MemberToken;
use slipway_protocol::wire::{Join, Joined};
use utoipa_axum::routes;

use crate::app::App;
use crate::edge::error::ApiFailure;
use crate::edge::extract::{Body, Ids, Member, OldToken, member_removed};
use crate::edge::limits;
use crate::edge::openapi::{Failures, Routes};
use crate::edge::source::Source;
use crate::edge::text;
use crate::ids;
use crate::records::link::{self, LinkRecord};
use crate::records::member::{self, MemberRecord, Principal};
use crate::records::room::{self, RoomRecord};
use crate::records::token::{self, IDLE_SECONDS, TokenRecord};
use crate::rooms::journal::{self, Journal};
use crate::table::{TableError, Write, read};

/// The longest display name, in characters.
const MAX_DISPLAY_NAME: usize = 60;

/// This file's routes.
pub fn router() -> Routes {
    Routes::new().routes(routes!(join)).routes(routes!(remove))
}

/// Joins by a link. With an old token beside it, dead or alive, the same member goes on.
#[utoipa::path(post, path = "/api/rooms/{roomId}/members", tag = "members", params(("roomId" = RoomId, Path)),
    request_body = Join, security((), ("member" = [])), responses((status = 201, body = Joined), Failures))]
async fn join(
    State(app): State<App>,
    Ids(room): Ids<RoomId>,
    source: Source,
    OldToken(old): OldToken,
    Body(request): Body<Join>,
) -> Result<(StatusCode, Json<Joined>), ApiFailure> {
    let name = text::name("displayName", &request.display_name, MAX_DISPLAY_NAME)?;
    limits::charge_join(&app, &source).await?;
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
    let member_id = joining.record(&app).await?;
    let joined = Joined {
        member_id,
        member_token: token,
        role: request.role,
        idle_seconds: IDLE_SECONDS,
        wrapped_key: link.wrapped_key,
    };
    Ok((StatusCode::CREATED, Json(joined)))
}

/// The link, if room and link are there and the secret is right. One read and one comparison, whichever is wrong.
async fn open_link(app: &App, room: RoomId, request: &Join) -> Result<Option<LinkRecord>, TableError> {
    let mut items = app.table.get_many(&[room::key(room), link::key(room, request.role)]).await?.into_iter();
    let mut next = || items.next().flatten();
    let (record, link) = (next(), next());
    let open = record.map(read::<RoomRecord>).transpose()?.is_some_and(|record| !record.closed);
    let link = link.map(read).transpose()?;
    Ok(link::opened_by(link, &request.auth_token).filter(|_| open))
}

/// The member that goes on, if the old token is of this room.
///
/// # Errors
/// `member-removed` for who was removed and comes by the same link again. By a newer link, the manager's doing, a
/// removed member comes in as a new one.
async fn find_before(
    app: &App,
    room: RoomId,
    old: &MemberToken,
    request: &Join,
    link: &LinkRecord,
) -> Result<Option<MemberId>, ApiFailure> {
    let Some(old) = token::find(&app.table, old).await?.filter(|old| old.room_id == room) else { return Ok(None) };
    let member: Option<MemberRecord> = app.table.get(&member::key(room, old.member_id)).await?;
    match member {
        Some(member) if !member.removed => Ok(Some(member.member_id)),
        Some(_) if old.role == request.role && old.link_version == link.version => Err(member_removed()),
        _ => Ok(None),
    }
}

/// A join that is let in.
struct Joining<'a> {
    room: RoomId,
    before: Option<MemberId>,
    name: String,
    request: &'a Join,
    link: &'a LinkRecord,
    token: &'a MemberToken,
}

impl Joining<'_> {
    /// Writes member and token, if link and member still are as they were read.
    async fn record(&self, app: &App) -> Result<MemberId, ApiFailure> {
        let member_id = self.before.unwrap_or_else(ids::member_id);
        let token = self.token_record(app, member_id);
        let writes = [
            Write::check(&link::key(self.room, self.request.role))
                .when("#version = :version AND #revoked = :no")
                .bind("version", self.link.version)
                .bind("no", false)
                .label(LINK_LABEL),
            self.member_write(app, member_id),
            Write::put(&token::key(&token.hash), &token).ttl(Some(token.ttl())).when("attribute_not_exists(#pk)"),
        ];
        let action = if self.before.is_some() { "member-rejoined" } else { "member-joined" };
        let journal = Journal::new().audit(Some(member_id), action, self.request.role);
        match journal::commit(app, self.room, &writes, &journal).await {
            Ok(_) => Ok(member_id),
            Err(error) if error.refused(LINK_LABEL) => Err(ApiFailure::not_found()),
            Err(error) if error.refused(MEMBER_LABEL) => Err(member_removed()),
            Err(error) => Err(error.into()),
        }
    }

    fn member_write(&self, app: &App, member_id: MemberId) -> Write {
        let key = member::key(self.room, member_id);
        if self.before.is_none() {
            return Write::put(&key, &self.member_record(app, member_id)).when("attribute_not_exists(#pk)");
        }
        Write::update(&key, "SET #displayName = :name, #role = :role, #linkVersion = :version")
            .when("#removed = :no")
            .bind("name", &self.name)
            .bind("role", self.request.role)
            .bind("version", self.link.version)
            .bind("no", false)
            .label(MEMBER_LABEL)
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
        let now = app.clock.now_seconds();
        TokenRecord {
            hash: self.token.verifier(),
            room_id: self.room,
            member_id,
            role: self.request.role,
            link_version: self.link.version,
            created_at: now,
            last_seen: now,
        }
    }
}

const LINK_LABEL: &str = "link";
const MEMBER_LABEL: &str = "member";

/// Removes a member. Its next call is refused, and its link does not let it in again under the same name.
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
    let key = member::key(room, member_id);
    let member: Option<MemberRecord> = app.table.get(&key).await?;
    if member.ok_or_else(ApiFailure::not_found)?.removed {
        return Ok(StatusCode::NO_CONTENT);
    }
    let write = Write::update(&key, "SET #removed = :yes").when("#removed = :no").label(MEMBER_LABEL);
    let write = write.bind("yes", true).bind("no", false);
    let journal = Journal::new().audit(Some(caller.id), "member-removed", member_id);
    match journal::commit(&app, room, &[write], &journal).await {
        // Two at once remove it once.
        Err(error) if error.refused(MEMBER_LABEL) => Ok(StatusCode::NO_CONTENT),
        result => result.map(|_| StatusCode::NO_CONTENT).map_err(ApiFailure::from),
    }
}
