//! GET /api/rooms/{roomId}/audit.

use axum::Json;
use axum::extract::State;
use slipway_protocol::wire::AuditPage;
use slipway_protocol::wire::id::RoomId;
use utoipa_axum::routes;

use super::AfterNumber;
use crate::app::App;
use crate::edge::error::ApiFailure;
use crate::edge::extract::{Ids, Member, Params};
use crate::edge::openapi::{Failures, Routes};
use crate::rooms::audit;

/// This file's routes.
pub fn router() -> Routes {
    Routes::new().routes(routes!(read))
}

/// The audit log of the room. For managers.
#[utoipa::path(get, path = "/api/rooms/{roomId}/audit", tag = "rooms",
    params(("roomId" = RoomId, Path), AfterNumber), security(("member" = [])),
    responses((status = 200, body = AuditPage), Failures))]
async fn read(
    State(app): State<App>,
    member: Member,
    Ids(room): Ids<RoomId>,
    Params(after): Params<AfterNumber>,
) -> Result<Json<AuditPage>, ApiFailure> {
    let member = member.in_room(room)?;
    member.may_manage()?;
    audit::page(&app, room, after.after).await.map(Json)
}
