//! Storage that discards: as much of S3 as the functions and the page use, with the bytes of parts thrown away.
//!
//! It believes the `Content-MD5` of a part, so it is for measuring only: memory at sizes that no disk here holds, and
//! the moment at which the first byte of a part arrives.

mod answer;
mod objects;

use std::sync::{Arc, Mutex};
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::Result;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{Method, StatusCode};
use axum::response::Response;
use futures::StreamExt as _;

use answer::{error, ok, preflight, xml};
use objects::{Objects, Query, is_bucket};

use crate::served::Served;

/// A running one. Dropping it ends it.
#[derive(Debug)]
pub(crate) struct Sink {
    served: Served,
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    objects: Mutex<Objects>,
    /// When the first byte of a body arrived, in milliseconds since 1970. None while there was none.
    first_byte: Mutex<Option<f64>>,
}

impl Sink {
    pub(crate) async fn start() -> Result<Self> {
        let shared = Arc::<Shared>::default();
        let served = Served::start(axum::Router::new().fallback(handle).with_state(shared.clone())).await?;
        Ok(Self { served, shared })
    }

    /// Such as `http://127.0.0.1:43210`.
    pub(crate) fn url(&self) -> String {
        self.served.url()
    }

    /// Takes when the first byte since the last call arrived, in milliseconds since 1970.
    pub(crate) fn take_first_byte(&self) -> Option<f64> {
        self.shared.first_byte.lock().expect("no holder panics").take()
    }
}

async fn handle(State(shared): State<Arc<Shared>>, request: Request) -> Response {
    let key = request.uri().path().to_owned();
    let query = Query::of(request.uri().query().unwrap_or_default());
    let promised = header(&request, "content-md5");
    let expected: Option<u64> = header(&request, "content-length").and_then(|text| text.parse().ok());
    let method = request.method().clone();
    if method == Method::OPTIONS {
        return preflight(&request);
    }
    let body = request.into_body();
    match (method, &query.upload_id) {
        (Method::PUT, _) => {
            let len = if is_bucket(&key) { Some(0) } else { discard(&shared, body).await };

            let Some(len) = len.filter(|len| expected.is_none_or(|expected| expected == *len || is_bucket(&key)))
            else {
                return error(StatusCode::BAD_REQUEST, "IncompleteBody");
            };
            shared.objects().put(&key, &query, len, promised.as_deref())
        }
        (Method::POST, None) => xml("InitiateMultipartUploadResult", &shared.objects().create(&key)),
        (Method::POST, Some(_)) => shared.objects().complete(&key),
        (Method::GET, Some(_)) => shared.objects().list(&key, &query),
        (Method::HEAD, _) => shared.objects().head(&key),
        (Method::DELETE, _) => shared.objects().remove(&key, &query),
        _ => ok(StatusCode::OK),
    }
}

/// Reads a body to its end; the number of its bytes, or none if it broke off.
async fn discard(shared: &Shared, body: Body) -> Option<u64> {
    let (mut bytes, mut pieces) = (0, body.into_data_stream());
    while let Some(piece) = pieces.next().await {
        if bytes == 0 {
            shared.first_byte.lock().expect("no holder panics").get_or_insert_with(now_ms);
        }
        bytes += piece.ok()?.len() as u64;
    }
    Some(bytes)
}

fn now_ms() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0.0, |time| time.as_secs_f64() * 1000.0)
}

fn header(request: &Request, name: &str) -> Option<String> {
    request.headers().get(name)?.to_str().ok().map(str::to_owned)
}

impl Shared {
    fn objects(&self) -> std::sync::MutexGuard<'_, Objects> {
        self.objects.lock().expect("no holder panics")
    }
}
