//! POST /api/uploads/{uploadId}/parts: signs parts.

use axum::Json;
use axum::extract::State;
use slipway_protocol::wire::id::UploadId;
use slipway_protocol::wire::{Presign, Presigned};
use utoipa_axum::routes;

use crate::app::App;
use crate::edge::error::ApiFailure;
use crate::edge::extract::{Body, Ids, Member};
use crate::edge::openapi::{Failures, Routes};
use crate::uploads::presign;

/// This file's routes.
pub fn router() -> Routes {
    Routes::new().routes(routes!(sign))
}

/// Signs parts of the plan for exactly the promised bytes. A part's digest is promised once.
#[utoipa::path(post, path = "/api/uploads/{uploadId}/parts", tag = "uploads",
    params(("uploadId" = UploadId, Path)), request_body = Presign, security(("member" = [])),
    responses((status = 200, body = Presigned), Failures))]
async fn sign(
    State(app): State<App>,
    member: Member,
    Ids(upload): Ids<UploadId>,
    Body(request): Body<Presign>,
) -> Result<Json<Presigned>, ApiFailure> {
    presign::presign(&app, &member, upload, &request).await.map(Json)
}
