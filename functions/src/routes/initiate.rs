//! POST /api/rooms/{roomId}/uploads: begins uploads.

use axum::Json;
use axum::extract::State;
use http::{HeaderMap, StatusCode};
use slipway_protocol::wire::id::RoomId;
use slipway_protocol::wire::{IDEMPOTENCY_KEY, Initiate, Initiated};
use utoipa_axum::routes;

use crate::app::App;
use crate::edge::error::ApiFailure;
use crate::edge::extract::{Body, Ids, Member};
use crate::edge::openapi::{Failures, Routes};
use crate::edge::source::Source;
use crate::uploads::initiate;

/// This file's routes.
pub fn router() -> Routes {
    Routes::new().routes(routes!(begin))
}

/// Begins uploads, all or none, and signs the parts that are hashed already.
///
/// With an `Idempotency-Key` the same call can be repeated until it is answered: it begins nothing twice, and signs its
/// parts again.
#[utoipa::path(post, path = "/api/rooms/{roomId}/uploads", tag = "uploads",
    params(("roomId" = RoomId, Path),
        ("idempotency-key" = Option<String>, Header, description = "1 to 128 letters, digits and `-_.:`")),
    request_body = Initiate, security(("member" = [])), responses((status = 201, body = Initiated), Failures))]
async fn begin(
    State(app): State<App>,
    member: Member,
    source: Source,
    Ids(room): Ids<RoomId>,
    headers: HeaderMap,
    Body(request): Body<Initiate>,
) -> Result<(StatusCode, Json<Initiated>), ApiFailure> {
    let member = member.in_room(room)?;
    // A header that is no text is refused like one with an invalid character.
    let key = headers.get(IDEMPOTENCY_KEY).map(|value| value.to_str().unwrap_or_default());
    let initiated = initiate::initiate(&app, (&member, &source), key, &request).await?;
    Ok((StatusCode::CREATED, Json(initiated)))
}
