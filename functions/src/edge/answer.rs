//! The middleware of every answer: request id, error body, headers, one log line.

use std::panic::AssertUnwindSafe;
use std::time::{Duration, Instant};

use axum::Json;
use axum::extract::{MatchedPath, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use futures::FutureExt as _;
use http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY, RETRY_AFTER, X_CONTENT_TYPE_OPTIONS,
};
use http::{HeaderName, HeaderValue};
use slipway_protocol::wire::error::ErrorBody;
use tracing::Instrument as _;

use crate::edge::error::ApiFailure;
use crate::edge::request_id::RequestId;

/// The header with the request id, by which the log lines of a call are found.
pub const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

const HEADERS: [(HeaderName, &str); 4] = [
    // Answers carry tokens and signed URLs.
    (CACHE_CONTROL, "no-store"),
    (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (REFERRER_POLICY, "no-referrer"),
    // An answer that is opened as a page must not run anything.
    (CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'"),
];

/// Runs one call. A panic becomes a 500. A call that takes too long is dropped and answered before the gateway ends it,
/// which leaves the same state behind as a killed function.
pub async fn answer(State(limit): State<Duration>, mut request: Request, next: Next) -> Response {
    let id = RequestId::of(request.extensions());
    request.extensions_mut().insert(id.clone());
    // The route, not the path: ids are capabilities, and the query is the caller's text.
    let route = request.extensions().get::<MatchedPath>().map_or("none", MatchedPath::as_str);
    let span = tracing::info_span!("call", request_id = %id, method = %request.method(), route);
    let started = Instant::now();
    // A panic gets the same form of answer as any failure, with the id that finds it in the log.
    let call = AssertUnwindSafe(next.run(request)).catch_unwind().instrument(span.clone());
    // Before the gateway gives up at 30 s: pages often cannot read its own errors.
    let response = match tokio::time::timeout(limit, call).await {
        Ok(Ok(response)) => response,
        Ok(Err(_)) => ApiFailure::internal("a panic; its place is in the log").into_response(),
        Err(_) => ApiFailure::unavailable("the call took too long").into_response(),
    };
    span.in_scope(|| log(&response, started));
    finish(response, &id)
}

fn log(response: &Response, started: Instant) {
    let (status, ms) = (response.status().as_u16(), started.elapsed().as_millis());
    let failure = response.extensions().get::<ApiFailure>();
    let code = failure.map_or("", |failure| failure.code().as_str());
    match failure.and_then(ApiFailure::cause) {
        Some(cause) => tracing::error!(status, ms, code, cause, "failed"),
        None => tracing::info!(status, ms, code, "answered"),
    }
}

fn finish(mut response: Response, id: &RequestId) -> Response {
    if let Some(failure) = response.extensions_mut().remove::<ApiFailure>() {
        // Other layers have set headers on the bare status already.
        let headers = std::mem::take(response.headers_mut());
        response = error_response(&failure, id);
        response.headers_mut().extend(headers.into_iter().filter_map(|(name, value)| Some((name?, value))));
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    }
    let headers = response.headers_mut();
    for (name, value) in HEADERS {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
    if let Ok(id) = HeaderValue::from_str(&id.to_string()) {
        headers.insert(X_REQUEST_ID, id);
    }
    response
}

fn error_response(failure: &ApiFailure, id: &RequestId) -> Response {
    let body = ErrorBody { error: failure.to_api_error(id) };
    let mut response = (failure.status(), Json(body)).into_response();
    if let Some(seconds) = failure.retry_after_seconds() {
        response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}
