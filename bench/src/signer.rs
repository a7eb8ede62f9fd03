//! The peers' own server: their page, and one signed URL a call, as the servers do that they are used with: nobody deploys
//! a page that holds the keys of the bucket. It keeps no records.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use anyhow::Result;
use axum::extract::{Query, State};
use axum::routing::get;
use axum::{Json, Router};
use lab::s3::Bucket;
use serde_json::{Value, json};
use tower_http::services::ServeDir;

use crate::served::Served;

/// Signs PUTs to this bucket and serves this folder.
pub(crate) async fn start(bucket: Bucket, folder: &Path) -> Result<Served> {
    let signing = Router::new().route("/sign", get(sign)).with_state(Arc::new(bucket));
    Served::start(signing.fallback_service(ServeDir::new(folder))).await
}

/// `GET /sign?key=…`
async fn sign(State(bucket): State<Arc<Bucket>>, Query(query): Query<HashMap<String, String>>) -> Json<Value> {
    let url = match query.get("key") {
        Some(key) => bucket.presign_put(key).await.ok(),
        None => None,
    };
    Json(json!({ "url": url }))
}
