//! GET /api/rooms/{roomId}/events.

use axum::Json;
use axum::extract::State;
use slipway_protocol::wire::EventPage;
use slipway_protocol::wire::id::RoomId;
use utoipa_axum::routes;

use super::AfterNumber;
use crate::app::App;
use crate::edge::error::ApiFailure;
use crate::edge::extract::{Ids, Member, Params};
use crate::edge::openapi::{Failures, Routes};
use crate::rooms::events;

/// This file's routes.
pub fn router() -> Routes {
    Routes::new().routes(routes!(read))
}

/// The events after a number. A drop member receives only those of its own uploads.
///
/// Events are kept for 7 days: when the first number is not the one after `after`, read the whole room.
#[utoipa::path(get, path = "/api/rooms/{roomId}/events", tag = "rooms",
    params(("roomId" = RoomId, Path), AfterNumber), security(("member" = [])),
    responses((status = 200, body = EventPage), Failures))]
async fn read(
    State(app): State<App>,
    member: Member,
    Ids(room): Ids<RoomId>,
    Params(after): Params<AfterNumber>,
) -> Result<Json<EventPage>, ApiFailure> {
    let member = member.in_room(room)?;
    let sees_all = member.role.may_view();
    events::page(&app, room, after.after, |event| sees_all || events::is_of(member.id, event)).await.map(Json)
}
