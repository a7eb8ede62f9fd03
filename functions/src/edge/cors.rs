//! CORS: only for the configured origins, and never with credentials.
//!
//! In the cloud the gateway can answer preflights itself, so that none arrive here.

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_METHOD, ORIGIN, VARY,
};
use http::{HeaderValue, Method, StatusCode};

use crate::app::App;

/// Lets the listed origins read answers, and answers their preflights.
pub async fn cors(State(app): State<App>, request: Request, next: Next) -> Response {
    let Some(origin) = allowed_origin(&app, &request) else { return next.run(request).await };
    let preflight =
        request.method() == Method::OPTIONS && request.headers().contains_key(ACCESS_CONTROL_REQUEST_METHOD);
    let mut response = if preflight { preflight_answer() } else { next.run(request).await };
    let headers = response.headers_mut();
    headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
    // Otherwise a page of another origin reads neither, and does not know how long to wait.
    headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static("x-request-id, retry-after"));
    // The answer is for this origin, and a cache must not give it to another one.
    headers.append(VARY, HeaderValue::from_static("origin"));
    response
}

fn allowed_origin(app: &App, request: &Request) -> Option<HeaderValue> {
    let origin = request.headers().get(ORIGIN)?;
    app.config.page_origins.iter().any(|allowed| allowed.as_bytes() == origin.as_bytes()).then(|| origin.clone())
}

fn preflight_answer() -> Response {
    let headers = [
        (ACCESS_CONTROL_ALLOW_METHODS, "GET, POST, DELETE"),
        (ACCESS_CONTROL_ALLOW_HEADERS, "authorization, content-type, idempotency-key"),
        // The most that Chromium remembers a preflight for.
        (ACCESS_CONTROL_MAX_AGE, "7200"),
    ];
    (StatusCode::NO_CONTENT, headers).into_response()
}
