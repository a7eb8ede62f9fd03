//! Ids of the path and parameters of the query.

use axum::extract::{FromRequestParts, Path, Query};
use http::request::Parts;
use serde::de::DeserializeOwned;

use crate::edge::error::ApiFailure;

/// The ids of the path, in their order. A malformed id is answered like an unknown one.
#[derive(Clone, Copy, Debug)]
pub struct Ids<T>(pub T);

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for Ids<T> {
    type Rejection = ApiFailure;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiFailure> {
        let path = Path::<T>::from_request_parts(parts, state).await;
        // An id of a wrong form gets the same 404 as an unknown one.
        path.map(|Path(ids)| Self(ids)).map_err(|_| ApiFailure::not_found())
    }
}

/// The parameters of the query.
#[derive(Clone, Copy, Debug)]
pub struct Params<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Params<T> {
    type Rejection = ApiFailure;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiFailure> {
        // axum's own path-to-error names the parameter in its message; `field` stays with the whole query.
        let params = Query::<T>::try_from_uri(&parts.uri);
        params.map(|Query(params)| Self(params)).map_err(|_| {
            ApiFailure::bad("query", "A parameter behind the `?` is not right. Check its name and its form.")
        })
    }
}
