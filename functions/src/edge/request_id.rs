//! The id by which the log lines of one call are found.

use std::convert::Infallible;
use std::fmt;
use std::sync::Arc;

use axum::extract::FromRequestParts;
use http::request::Parts;
use lambda_http::Context;

use crate::ids;

/// Lambda's request id, or a random one. Never the caller's: it would let a caller write into the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestId(Arc<str>);

impl RequestId {
    /// A new one.
    pub fn random() -> Self {
        Self(hex::encode(ids::random_bytes::<12>()).into())
    }

    /// The one that Lambda gave the call, else a new one.
    pub fn of(extensions: &http::Extensions) -> Self {
        match extensions.get::<Context>() {
            Some(context) if !context.request_id.is_empty() => Self(context.request_id.as_str().into()),
            _ => Self::random(),
        }
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<S: Sync> FromRequestParts<S> for RequestId {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(parts.extensions.get::<Self>().cloned().unwrap_or_else(Self::random))
    }
}
