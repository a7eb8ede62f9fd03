//! GET /api/health: whether the function runs. It asks neither table nor storage, so that it costs nothing.

use axum::Json;
use serde::Serialize;
use utoipa_axum::routes;

use crate::edge::openapi::Routes;

/// This file's routes.
pub fn router() -> Routes {
    Routes::new().routes(routes!(health))
}

/// That the function runs.
#[derive(Debug, Serialize, utoipa::ToSchema)]
struct Health {
    /// Always `ok`.
    status: &'static str,
    /// The version of the code.
    version: &'static str,
}

/// Whether the function runs.
#[utoipa::path(get, path = "/api/health", tag = "health", responses((status = 200, body = Health)))]
async fn health() -> Json<Health> {
    Json(Health { status: "ok", version: env!("CARGO_PKG_VERSION") })
}
