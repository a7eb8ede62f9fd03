//! POST /api/files/{fileId}/downloads, DELETE /api/files/{fileId}.

use axum::Json;
use axum::extract::State;
use http::StatusCode;
use slipway_protocol::wire::id::FileId;
use slipway_protocol::wire::{Download, DownloadGrant};
use utoipa_axum::routes;

use crate::app::App;
use crate::edge::error::ApiFailure;
use crate::edge::extract::{Body, Ids, Member};
use crate::edge::openapi::{Failures, Routes};
use crate::rooms::downloads;

/// This file's routes.
pub fn router() -> Routes {
    Routes::new().routes(routes!(grant)).routes(routes!(remove))
}

/// Grants a download: a URL for a minute, and a grant id that signs further URLs free of charge for 24 h.
#[utoipa::path(post, path = "/api/files/{fileId}/downloads", tag = "files",
    params(("fileId" = FileId, Path)), request_body = Download, security(("member" = [])),
    responses((status = 200, body = DownloadGrant), Failures))]
async fn grant(
    State(app): State<App>,
    member: Member,
    Ids(file): Ids<FileId>,
    Body(request): Body<Download>,
) -> Result<Json<DownloadGrant>, ApiFailure> {
    downloads::download(&app, &member, file, &request).await.map(Json)
}

/// Removes a file. For managers and the member who added it.
#[utoipa::path(delete, path = "/api/files/{fileId}", tag = "files",
    params(("fileId" = FileId, Path)), security(("member" = [])),
    responses((status = 204, description = "Removed"), Failures))]
async fn remove(State(app): State<App>, member: Member, Ids(file): Ids<FileId>) -> Result<StatusCode, ApiFailure> {
    downloads::remove(&app, &member, file).await?;
    Ok(StatusCode::NO_CONTENT)
}
