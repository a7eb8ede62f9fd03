//! Behind a CDN the API answers to it alone.
//!
//! The gateway has a public name of its own. Calls to it would pass by whatever the CDN keeps away, and count against
//! other addresses than the same calls by the page.

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::Method;
use slipway_protocol::wire::error::ErrorCode;

use crate::app::App;
use crate::edge::error::ApiFailure;

/// What watches the gateway may ask it by its own name.
const HEALTH: &str = "/api/health";

/// Refuses calls that do not show the CDN's secret, where there is one, but for the health check.
pub async fn by_cdn_only(State(app): State<App>, request: Request, next: Next) -> Response {
    let is_health = request.method() == Method::GET && request.uri().path() == HEALTH;
    let is_shown = app.config.cdn_secret.as_ref().is_none_or(|secret| secret.is_shown(request.headers()));
    if is_health || is_shown { next.run(request).await } else { refusal().into_response() }
}

fn refusal() -> ApiFailure {
    ApiFailure::new(ErrorCode::WrongAddress, "Calls are not answered at this address. Use the one of the page.")
}
