//! GET /api/openapi.json: this API, described.

use std::sync::LazyLock;

use axum::response::IntoResponse;
use http::header::CONTENT_TYPE;
use utoipa_axum::routes;

use crate::routers::{self, Routes};

/// This file's routes.
pub fn router() -> Routes {
    Routes::new().routes(routes!(openapi))
}

/// The document, made once.
static DOCUMENT: LazyLock<String> =
    LazyLock::new(|| routers::document().to_json().expect("the document is made of plain data"));

/// This API as an OpenAPI 3.1 document.
#[utoipa::path(get, path = "/api/openapi.json", tag = "health",
    responses((status = 200, description = "An OpenAPI 3.1 document", body = Object)))]
async fn openapi() -> impl IntoResponse {
    ([(CONTENT_TYPE, "application/json")], DOCUMENT.as_str())
}
