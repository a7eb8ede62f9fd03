//! GET /api/uploads/{uploadId} and …/progress.

use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use slipway_protocol::wire::id::{PartNumber, UploadId};
use slipway_protocol::wire::{Progress, UploadStatus};
use utoipa_axum::routes;

use crate::app::App;
use crate::edge::error::ApiFailure;
use crate::edge::extract::{Ids, Member, Params};
use crate::edge::openapi::{Failures, Routes};
use crate::uploads::{progress, status};

/// This file's routes.
pub fn router() -> Routes {
    Routes::new().routes(routes!(read)).routes(routes!(progress))
}

/// `?after=`: the part before the first one.
#[derive(Clone, Copy, Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
struct AfterPart {
    /// The `nextAfter` of the page before.
    after: Option<PartNumber>,
}

/// The state of an upload; for its owner with the stored parts, 1,000 per page.
#[utoipa::path(get, path = "/api/uploads/{uploadId}", tag = "uploads",
    params(("uploadId" = UploadId, Path), AfterPart), security(("member" = [])),
    responses((status = 200, body = UploadStatus), Failures))]
async fn read(
    State(app): State<App>,
    member: Member,
    Ids(upload): Ids<UploadId>,
    Params(after): Params<AfterPart>,
) -> Result<Json<UploadStatus>, ApiFailure> {
    status::status(&app, &member, upload, after.after).await.map(Json)
}

/// The progress of an upload by its stored bytes, at most 5 s old.
#[utoipa::path(get, path = "/api/uploads/{uploadId}/progress", tag = "uploads",
    params(("uploadId" = UploadId, Path)), security(("member" = [])),
    responses((status = 200, body = Progress), Failures))]
async fn progress(
    State(app): State<App>,
    member: Member,
    Ids(upload): Ids<UploadId>,
) -> Result<Json<Progress>, ApiFailure> {
    progress::progress(&app, &member, upload).await.map(Json)
}
