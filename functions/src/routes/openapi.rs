//! GET /api/openapi.json: this API, described.

use std::sync::OnceLock;

use axum::Extension;
use axum::response::IntoResponse;
use http::header::CONTENT_TYPE;
use utoipa::openapi::OpenApi;
use utoipa_axum::routes;

use crate::edge::openapi::Routes;

/// Makes the document of all routes, this one among them.
#[derive(Clone, Copy)]
struct Document(fn() -> OpenApi);

/// This file's routes.
pub fn router(document: fn() -> OpenApi) -> Routes {
    Routes::new().routes(routes!(openapi)).layer(Extension(Document(document)))
}

/// The document, made once.
static JSON: OnceLock<String> = OnceLock::new();

/// This API as an OpenAPI 3.1 document.
#[utoipa::path(get, path = "/api/openapi.json", tag = "health",
    responses((status = 200, description = "An OpenAPI 3.1 document", body = Object)))]
async fn openapi(Extension(Document(document)): Extension<Document>) -> impl IntoResponse {
    let json = JSON.get_or_init(|| document().to_json().expect("the document is made of plain data"));
    ([(CONTENT_TYPE, "application/json")], json.as_str())
}
