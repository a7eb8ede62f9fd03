//! A JSON body: its content type and size are checked, and errors name the invalid field.

use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{FromRequest, Request};
use http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue, StatusCode};
use serde::de::DeserializeOwned;
use slipway_protocol::wire::error::ErrorCode;

use crate::edge::error::ApiFailure;

/// The largest body that any call accepts, in bytes. API Gateway itself accepts 10 MB.
pub const MAX_BODY_BYTES: usize = 1 << 20;

/// The parsed body.
#[derive(Clone, Copy, Debug)]
pub struct Body<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Body<T> {
    type Rejection = ApiFailure;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiFailure> {
        if !is_json(request.headers().get(CONTENT_TYPE)) {
            let message = "Send the body as JSON, with `content-type: application/json`.";
            return Err(ApiFailure::new(ErrorCode::UnsupportedMediaType, message));
        }
        // Refused by the header, before a byte of the body is read.
        if content_length(request.headers()).is_some_and(|length| length > MAX_BODY_BYTES as u64) {
            return Err(too_large());
        }
        // The limit is set on the router: see `routers::serve`.
        let bytes = Bytes::from_request(request, state).await.map_err(|error| not_read(&error))?;
        parse(&bytes).map(Self)
    }
}

fn is_json(content_type: Option<&HeaderValue>) -> bool {
    let text = content_type.and_then(|value| value.to_str().ok()).unwrap_or_default();
    text.split(';').next().is_some_and(|kind| kind.trim().eq_ignore_ascii_case("application/json"))
}

fn content_length(headers: &HeaderMap) -> Option<u64> {
    headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

fn too_large() -> ApiFailure {
    ApiFailure::new(ErrorCode::BodyTooLarge, "The body is larger than 1 MiB. Send it in several calls.")
}

fn not_read(error: &BytesRejection) -> ApiFailure {
    if error.status() == StatusCode::PAYLOAD_TOO_LARGE {
        return too_large();
    }
    ApiFailure::new(ErrorCode::BadRequest, "The body did not arrive whole. Send it again.")
}

/// Depth needs no check: serde_json stops at 128 levels.
fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, ApiFailure> {
    let mut json = serde_json::Deserializer::from_slice(bytes);
    let value = serde_path_to_error::deserialize(&mut json).map_err(|error| {
        let path = error.path().to_string();
        explain(&path, error.inner())
    })?;
    json.end().map_err(|error| explain(".", &error))?;
    Ok(value)
}

fn explain(path: &str, error: &serde_json::Error) -> ApiFailure {
    let text = error.to_string();
    // Without the position, which is of no use for JSON that a program wrote.
    // Cut, since serde quotes the text of the caller.
    let reason: String = text.split(" at line ").next().unwrap_or(&text).chars().take(200).collect();
    match field(path, &reason) {
        Some(field) => ApiFailure::bad(field.clone(), format!("The field `{field}` is not right: {reason}.")),
        None => ApiFailure::new(ErrorCode::BadRequest, format!("The body is not right: {reason}.")),
    }
}

/// The path of the field. serde reports a missing or duplicate field at its parent, so its name is taken from the reason.
fn field(path: &str, reason: &str) -> Option<String> {
    let parent = if path == "." { "" } else { path };
    let named = ["missing field `", "duplicate field `"].iter().find_map(|words| reason.strip_prefix(words));
    let path = match named.and_then(|rest| rest.split('`').next()) {
        Some(name) if parent.is_empty() => name.to_owned(),
        Some(name) => format!("{parent}.{name}"),
        None => parent.to_owned(),
    };
    let path: String = path.chars().take(200).collect();
    if path.is_empty() { None } else { Some(path) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::edge::request_id::RequestId;

    #[derive(Debug, serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only parsed")]
    struct Outer {
        list: Vec<Inner>,
    }

    #[derive(Debug, serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only parsed")]
    struct Inner {
        size: u64,
    }

    fn field_of(json: &str) -> Option<String> {
        let failure = parse::<Outer>(json.as_bytes()).unwrap_err();
        assert_eq!(failure.code(), ErrorCode::BadRequest);
        failure.to_api_error(&RequestId::random()).field
    }

    #[test]
    fn the_field_that_is_not_right_is_named() {
        assert_eq!(field_of(r#"{}"#).as_deref(), Some("list"));
        assert_eq!(field_of(r#"{"list":[{}]}"#).as_deref(), Some("list[0].size"));
        assert_eq!(field_of(r#"{"list":[{"size":1},{"size":"x"}]}"#).as_deref(), Some("list[1].size"));
        assert_eq!(field_of(r#"{"list":[{"size":1,"more":2}]}"#).as_deref(), Some("list[0].more"));
        assert_eq!(field_of(r#"{"list":[{"size":1,"size":2}]}"#).as_deref(), Some("list[0].size"));
        assert_eq!(field_of(r#"{"list":[]} trailing"#), None);
        assert_eq!(field_of("not json"), None);
    }

    #[test]
    fn a_body_that_is_too_deep_is_refused() {
        let deep = format!(r#"{{"list":{}{}}}"#, "[".repeat(100_000), "]".repeat(100_000));
        assert!(parse::<Outer>(deep.as_bytes()).is_err());
        assert!(parse::<serde_json::Value>(deep.as_bytes()).is_err());
    }

    #[test]
    fn parameters_of_the_content_type_do_not_matter() {
        assert!(is_json(Some(&HeaderValue::from_static("Application/JSON; charset=utf-8"))));
        assert!(!is_json(Some(&HeaderValue::from_static("text/plain"))));
        assert!(!is_json(None));
    }
}
