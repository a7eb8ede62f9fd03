//! Answers as S3 gives them, open to every origin.

use axum::body::Body;
use axum::extract::Request;
use axum::http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_REQUEST_HEADERS, CONTENT_LENGTH, CONTENT_TYPE, ETAG,
};
use axum::http::response::Builder;
use axum::http::{HeaderValue, StatusCode};
use axum::response::Response;

/// Without a body.
pub(super) fn ok(status: StatusCode) -> Response {
    finish(begin(status), Body::empty())
}

/// With an ETag, and for HEAD the size of what is not sent.
pub(super) fn with_etag(status: StatusCode, etag: &str, size: Option<u64>) -> Response {
    let mut answer = begin(status).header(ETAG, format!("\"{etag}\""));
    if let Some(size) = size {
        answer = answer.header(CONTENT_LENGTH, size);
    }
    finish(answer, Body::empty())
}

/// An element with content.
pub(super) fn xml(name: &str, content: &str) -> Response {
    document(StatusCode::OK, name, content)
}

pub(super) fn error(status: StatusCode, code: &str) -> Response {
    document(status, "Error", &format!("<Code>{code}</Code><Message>{code}</Message>"))
}

/// A browser asks before each PUT.
pub(super) fn preflight(request: &Request) -> Response {
    let headers = request.headers().get(ACCESS_CONTROL_REQUEST_HEADERS).cloned();
    let headers = headers.unwrap_or(HeaderValue::from_static("*"));
    let answer = begin(StatusCode::NO_CONTENT).header(ACCESS_CONTROL_ALLOW_METHODS, "PUT, GET, HEAD");
    finish(answer.header(ACCESS_CONTROL_ALLOW_HEADERS, headers), Body::empty())
}

fn document(status: StatusCode, name: &str, content: &str) -> Response {
    let text = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?><{name} xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">{content}</{name}>"
    );
    // S3's own errors have no namespace.
    let text = if name == "Error" { format!("<Error>{content}</Error>") } else { text };
    finish(begin(status).header(CONTENT_TYPE, "application/xml"), Body::from(text))
}

fn begin(status: StatusCode) -> Builder {
    Response::builder()
        .status(status)
        .header(ACCESS_CONTROL_ALLOW_ORIGIN, "*")
        .header(ACCESS_CONTROL_EXPOSE_HEADERS, "ETag")
}

fn finish(answer: Builder, body: Body) -> Response {
    answer.body(body).unwrap_or_default()
}
