//! POST and DELETE /api/rooms/{roomId}/links/{role}: rotate and revoke. Members who joined by the old link lose access
//! at once.

use axum::Json;
use axum::extract::State;
use http::StatusCode;
use slipway_protocol::wire::id::RoomId;
use slipway_protocol::wire::link::Role;
use slipway_protocol::wire::{LinkRotated, RotateLink};
use utoipa_axum::routes;

use super::rooms::check_wrapped_key;
use crate::app::App;
use crate::edge::error::ApiFailure;
use crate::edge::extract::{Body, Ids, Member};
use crate::edge::limits;
use crate::edge::openapi::{Failures, Routes};
use crate::records::link::{self, LINK, LinkRecord};
use crate::records::member;
use crate::rooms::journal::{self, Journal};
use crate::table::{TableError, Write};

/// Attempts while other managers keep changing the link.
const MAX_TRIES: u32 = 5;

/// This file's routes.
pub fn router() -> Routes {
    Routes::new().routes(routes!(rotate, revoke))
}

/// Replaces a link, or creates a missing one. The manager who replaces the manage link keeps access.
#[utoipa::path(post, path = "/api/rooms/{roomId}/links/{role}", tag = "links",
    params(("roomId" = RoomId, Path), ("role" = Role, Path)), request_body = RotateLink, security(("member" = [])),
    responses((status = 200, body = LinkRotated), Failures))]
async fn rotate(
    State(app): State<App>,
    caller: Member,
    Ids((room, role)): Ids<(RoomId, Role)>,
    Body(request): Body<RotateLink>,
) -> Result<Json<LinkRotated>, ApiFailure> {
    let caller = manager(&app, caller, room).await?;
    check_wrapped_key("wrappedKey", request.wrapped_key.as_deref())?;
    let version = replace(&app, &caller, role, "link-rotated", |before| {
        // A repeated call whose response was lost.
        let same = before.is_some_and(|before| before.verifier == request.verifier && !before.revoked);
        (!same).then(|| LinkRecord {
            verifier: request.verifier.clone(),
            wrapped_key: request.wrapped_key.clone(),
            version: next_version(before),
            revoked: false,
        })
    })
    .await?;
    Ok(Json(LinkRotated { role, version }))
}

/// Ends a link. The manage link can only be replaced: without one, the room could not be managed.
#[utoipa::path(delete, path = "/api/rooms/{roomId}/links/{role}", tag = "links",
    params(("roomId" = RoomId, Path), ("role" = Role, Path)), security(("member" = [])),
    responses((status = 204, description = "Ended, also if it was before"), Failures))]
async fn revoke(
    State(app): State<App>,
    caller: Member,
    Ids((room, role)): Ids<(RoomId, Role)>,
) -> Result<StatusCode, ApiFailure> {
    let caller = manager(&app, caller, room).await?;
    // Nobody could manage the room any more, nor make a new link.
    if role == Role::Manage {
        return Err(ApiFailure::bad("role", "The manage link cannot be revoked. Rotate it instead."));
    }
    replace(&app, &caller, role, "link-revoked", |before| {
        let before = before.filter(|before| !before.revoked)?;
        Some(LinkRecord { version: next_version(Some(before)), revoked: true, ..before.clone() })
    })
    .await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn manager(app: &App, caller: Member, room: RoomId) -> Result<Member, ApiFailure> {
    let caller = caller.in_room(room)?;
    caller.may_manage()?;
    limits::charge_member(app, caller.id).await?;
    Ok(caller)
}

fn next_version(before: Option<&LinkRecord>) -> u64 {
    before.map_or(0, |link| link.version) + 1
}

/// Writes the link that `change` returns, if any, and returns the link's version.
async fn replace(
    app: &App,
    caller: &Member,
    role: Role,
    action: &'static str,
    change: impl Fn(Option<&LinkRecord>) -> Option<LinkRecord>,
) -> Result<u64, ApiFailure> {
    for _ in 0..MAX_TRIES {
        let before = link::get(&app.tables, caller.room, role).await?;
        let Some(after) = change(before.as_ref()) else { return Ok(before.map_or(0, |link| link.version)) };
        let writes = replacement(caller, role, before.as_ref(), &after);
        let journal = Journal::new().audit(Some(caller.id), action, role);
        match journal::commit(app, caller.room, &writes, &journal).await {
            // Another manager was first.
            Err(error) if error.refused(LINK) => {}
            result => return result.map(|_| after.version).map_err(ApiFailure::from),
        }
    }
    Err(TableError::Busy.into())
}

fn replacement(caller: &Member, role: Role, before: Option<&LinkRecord>, after: &LinkRecord) -> Vec<Write> {
    let mut writes = vec![link::replace(caller.room, role, before, after)];
    // Members of an old link lose access at once, which must not hit whoever rotates it.
    // The caller's own token moves to the new version of its link.
    if caller.role == role {
        writes.push(caller.token.kept(after.version));
        writes.push(member::keep(caller.room, caller.id, after.version));
    }
    writes
}
