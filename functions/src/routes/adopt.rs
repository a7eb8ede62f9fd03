//! POST /api/uploads/{uploadId}/adopt: continues an upload begun elsewhere.

use axum::Json;
use axum::extract::State;
use slipway_protocol::wire::id::UploadId;
use slipway_protocol::wire::{Adopt, Adoption};
use utoipa_axum::routes;

use crate::app::App;
use crate::edge::error::ApiFailure;
use crate::edge::extract::{Body, Ids, Member};
use crate::edge::openapi::{Failures, Routes};
use crate::uploads::adopt;

/// This file's routes.
pub fn router() -> Routes {
    Routes::new().routes(routes!(prove))
}

/// Without proofs: names some stored parts. With their digests: hands the upload to the caller, who may finish it. An own
/// upload needs no proof.
#[utoipa::path(post, path = "/api/uploads/{uploadId}/adopt", tag = "uploads",
    params(("uploadId" = UploadId, Path)), request_body = Adopt, security(("member" = [])),
    responses((status = 200, body = Adoption), Failures))]
async fn prove(
    State(app): State<App>,
    member: Member,
    Ids(upload): Ids<UploadId>,
    Body(request): Body<Adopt>,
) -> Result<Json<Adoption>, ApiFailure> {
    adopt::adopt(&app, &member, upload, &request.proofs).await.map(Json)
}
