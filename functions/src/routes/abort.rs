//! DELETE /api/uploads/{uploadId}: cancels an upload.

use axum::extract::State;
use http::StatusCode;
use slipway_protocol::wire::id::UploadId;
use utoipa_axum::routes;

use crate::app::App;
use crate::edge::error::ApiFailure;
use crate::edge::extract::{Ids, Member};
use crate::edge::openapi::{Failures, Routes};
use crate::uploads::abort;

/// This file's routes.
pub fn router() -> Routes {
    Routes::new().routes(routes!(cancel))
}

/// Cancels an upload and removes it from storage. For the member who began it and for managers, not for one who adopted it.
#[utoipa::path(delete, path = "/api/uploads/{uploadId}", tag = "uploads",
    params(("uploadId" = UploadId, Path)), security(("member" = [])),
    responses((status = 204, description = "Cancelled, also if it was before"), Failures))]
async fn cancel(State(app): State<App>, member: Member, Ids(upload): Ids<UploadId>) -> Result<StatusCode, ApiFailure> {
    abort::abort(&app, &member, upload).await?;
    Ok(StatusCode::NO_CONTENT)
}
