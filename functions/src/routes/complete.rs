//! POST /api/uploads/{uploadId}/complete, POST /api/rooms/{roomId}/completions: verify and complete.

use axum::Json;
use axum::extract::State;
use http::StatusCode;
use slipway_protocol::wire::id::{RoomId, UploadId};
use slipway_protocol::wire::{CompleteMany, CompletedMany, Completion};
use utoipa_axum::routes;

use crate::app::App;
use crate::edge::error::ApiFailure;
use crate::edge::extract::{Body, Ids, Member};
use crate::edge::openapi::{Failures, Routes};
use crate::edge::request_id::RequestId;
use crate::uploads::complete;

/// This file's routes.
pub fn router() -> Routes {
    Routes::new().routes(routes!(one)).routes(routes!(many))
}

/// Verifies the stored parts against their promises, and lists the file in the room. Idempotent.
#[utoipa::path(post, path = "/api/uploads/{uploadId}/complete", tag = "uploads",
    params(("uploadId" = UploadId, Path)), security(("member" = [])),
    responses((status = 200, body = Completion, description = "The file is in the room"),
        (status = 202, body = Completion, description = "Still at work: ask the status"), Failures))]
async fn one(
    State(app): State<App>,
    member: Member,
    Ids(upload): Ids<UploadId>,
) -> Result<(StatusCode, Json<Completion>), ApiFailure> {
    let completion = complete::complete(&app, &member, upload).await?;
    let status = match &completion {
        Completion::Completed { .. } => StatusCode::OK,
        Completion::Completing { .. } => StatusCode::ACCEPTED,
    };
    Ok((status, Json(completion)))
}

/// Completes several uploads of one room. Small files are listed in one transaction; a failure of one does not affect the
/// others.
#[utoipa::path(post, path = "/api/rooms/{roomId}/completions", tag = "uploads",
    params(("roomId" = RoomId, Path)), request_body = CompleteMany, security(("member" = [])),
    responses((status = 200, body = CompletedMany), Failures))]
async fn many(
    State(app): State<App>,
    member: Member,
    Ids(room): Ids<RoomId>,
    request_id: RequestId,
    Body(request): Body<CompleteMany>,
) -> Result<Json<CompletedMany>, ApiFailure> {
    let member = member.in_room(room)?;
    complete::complete_many(&app, &member, &request, &request_id).await.map(Json)
}
