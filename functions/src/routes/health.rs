//! GET /api/health: whether the function runs. It calls neither table nor storage, so that it costs nothing.

use axum::Json;
use slipway_protocol::wire::Health;
use utoipa_axum::routes;

use crate::edge::openapi::Routes;

/// This file's routes.
pub fn router() -> Routes {
    Routes::new().routes(routes!(health))
}

/// Whether the function runs.
#[utoipa::path(get, path = "/api/health", tag = "health", responses((status = 200, body = Health)))]
async fn health() -> Json<Health> {
    Json(Health { status: "ok".into(), version: env!("CARGO_PKG_VERSION").into() })
}
