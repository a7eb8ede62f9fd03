//! Forwards parts from the page's own origin to storage, as the CDN of a deployment does. A PUT to the page's own
//! origin needs no preflight.

use std::sync::Arc;
use std::time::Duration;

use anyhow::bail;
use axum::Router;
use axum::body::{Body, HttpBody as _};
use axum::extract::Request;
use axum::response::{IntoResponse as _, Response};
use functions::config::Config;
use http::header::{ALLOW, CONTENT_LENGTH, CONTENT_TYPE, ETAG, HeaderName, IF_NONE_MATCH, RETRY_AFTER};
use http::uri::{Authority, PathAndQuery, Scheme};
use http::{HeaderMap, Method, StatusCode, Uri};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use tokio::sync::Semaphore;
use tower::ServiceExt as _;
use tower_http::timeout::TimeoutBody;

/// Headers of a signed PUT that are forwarded, beside its length.
const REQUEST_HEADERS: [HeaderName; 3] = [CONTENT_TYPE, HeaderName::from_static("content-md5"), IF_NONE_MATCH];
/// Headers of the answer that are forwarded.
const ANSWER_HEADERS: [HeaderName; 5] =
    [CONTENT_LENGTH, CONTENT_TYPE, ETAG, RETRY_AFTER, HeaderName::from_static("x-amz-request-id")];

/// Concurrent parts; the other connections are left to the page and the calls.
const MOST_PARTS: usize = 512;
const CONNECT_LIMIT: Duration = Duration::from_secs(3);
/// Bytes per second below which a part is aborted.
const LEAST_RATE: u64 = 8 << 10;
/// Time limit of a part, whatever its length: the largest part of a plan, 528 MiB, needs 150 KiB/s.
const MOST_TIME: Duration = Duration::from_secs(3600);

/// Forwards signed PUTs to the bucket, and nothing else.
#[derive(Clone, Debug)]
pub struct ToStorage {
    /// Such as `/storage`.
    path: String,
    /// What the paths of all objects begin with.
    bucket: String,
    storage: Authority,
    client: Client<HttpConnector, Body>,
    /// Of the parts that are passed on now.
    slots: Arc<Semaphore>,
}

fn client() -> Client<HttpConnector, Body> {
    let mut connector = HttpConnector::new();
    // With Nagle's algorithm, the last bytes of a part would wait for an acknowledgement of those before.
    connector.set_nodelay(true);
    connector.set_connect_timeout(Some(CONNECT_LIMIT));
    Client::builder(TokioExecutor::new()).build(connector)
}

impl ToStorage {
    /// None: browsers reach storage themselves.
    ///
    /// # Errors
    /// A sentence: storage is not one that a local server can stand before.
    pub fn new(config: &Config) -> anyhow::Result<Option<Self>> {
        let Some(path) = config.s3_upload_path.clone() else { return Ok(None) };
        let plain = config.s3_endpoint.as_deref().and_then(|url| url.strip_prefix("http://"));
        let (Some(authority), true) = (plain, config.s3_path_style) else {
            bail!(
                "dev-server passes uploads on to a local storage only: for SLIPWAY_S3_UPLOAD_PATH, set \
                 SLIPWAY_S3_ENDPOINT to one that begins with http://, and SLIPWAY_S3_PATH_STYLE to true"
            );
        };
        Ok(Some(Self {
            path,
            bucket: format!("/{}/", config.bucket),
            storage: authority.parse()?,
            client: client(),
            slots: Arc::new(Semaphore::new(MOST_PARTS)),
        }))
    }

    /// What begins with the path goes to storage, everything else to `rest`. A body may stand still for `pause`, and a
    /// part may take that and the time for its length.
    pub fn beside(self, rest: Router, pause: Duration) -> Router {
        Router::new().fallback(async move |request: Request<Body>| match self.target(request.uri()) {
            None => rest.clone().oneshot(request).await,
            Some(target) => Ok(self.pass_in_time(target, request, pause).await),
        })
    }

    /// The path and query behind our own path; none if it is another one.
    fn target(&self, uri: &Uri) -> Option<String> {
        let behind = uri.path_and_query()?.as_str().strip_prefix(self.path.as_str())?;
        behind.starts_with('/').then(|| behind.to_owned())
    }

    async fn pass_in_time(&self, target: String, request: Request, pause: Duration) -> Response {
        // What users sent is never served from the origin whose scripts hold the keys of rooms (decision 11).
        if request.method() != Method::PUT {
            let text = "Parts of uploads are sent here, and nothing is to be read.\n";
            return (StatusCode::METHOD_NOT_ALLOWED, [(ALLOW, "PUT")], text).into_response();
        }
        let Some(uri) = self.signed(&target) else {
            return (StatusCode::FORBIDDEN, "Only signed requests for the bucket are passed on.\n").into_response();
        };
        let Some(length) = request.body().size_hint().exact() else {
            return (StatusCode::LENGTH_REQUIRED, "The length of the part is missing.\n").into_response();
        };
        let Ok(_slot) = self.slots.try_acquire() else {
            let text = "Too many parts are on their way. Send it again.\n";
            return (StatusCode::TOO_MANY_REQUESTS, [(RETRY_AFTER, "1")], text).into_response();
        };
        let limit = pause + Duration::from_secs(length / LEAST_RATE).min(MOST_TIME);
        let request = request.map(|body| Body::new(TimeoutBody::new(pause, body)));
        tokio::time::timeout(limit, self.pass(uri, length, request)).await.unwrap_or_else(|_| not_taken("out of time"))
    }

    async fn pass(&self, uri: Uri, length: u64, request: Request) -> Response {
        let mut to_storage = http::Request::new(Body::empty());
        *to_storage.method_mut() = Method::PUT;
        // The client sets `Host` from the URI: storage's own name, for which the URL is signed.
        *to_storage.uri_mut() = uri;
        // Only these: cookies are none of storage's business, and S3 refuses a second authorization.
        copy(&REQUEST_HEADERS, request.headers(), to_storage.headers_mut());
        // It is signed, and clients may omit the length of an empty body.
        to_storage.headers_mut().insert(CONTENT_LENGTH, length.into());
        *to_storage.body_mut() = request.into_body();
        match self.client.request(to_storage).await {
            Ok(answer) => {
                let mut response = Response::new(Body::empty());
                *response.status_mut() = answer.status();
                copy(&ANSWER_HEADERS, answer.headers(), response.headers_mut());
                *response.body_mut() = Body::new(answer.into_body());
                response
            }
            Err(error) if error.is_connect() => not_taken("no connection"),
            Err(_) => not_taken("cut off"),
        }
    }

    /// Where the request goes, if it names a signature, which is storage's to check, and an object: storage's own
    /// administration is behind the same host.
    fn signed(&self, target: &str) -> Option<Uri> {
        let (path, query) = target.split_once('?')?;
        // Keys are made of random ids. Without dots and percent signs no path leads out of the bucket.
        let is_of_key = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'/');
        let key = path.strip_prefix(&self.bucket).filter(|key| key.bytes().all(is_of_key));
        let names = |name: &str| query.split('&').any(|pair| pair.split('=').next() == Some(name));
        // Without these the request would be anonymous, and a bucket may be open to anonymous requests.
        let is_signed = ["X-Amz-Algorithm", "X-Amz-Credential", "X-Amz-Signature"].into_iter().all(names);
        key.filter(|key| !key.is_empty() && is_signed)?;
        let parts = PathAndQuery::try_from(target).ok()?;
        Uri::builder().scheme(Scheme::HTTP).authority(self.storage.clone()).path_and_query(parts).build().ok()
    }
}

fn not_taken(why: &'static str) -> Response {
    tracing::warn!(why, "storage did not take a part");
    (StatusCode::BAD_GATEWAY, "Storage does not answer.\n").into_response()
}

fn copy(names: &[HeaderName], from: &HeaderMap, to: &mut HeaderMap) {
    for name in names {
        to.extend(from.get(name).map(|value| (name.clone(), value.clone())));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn to_storage() -> ToStorage {
        ToStorage {
            path: "/storage".into(),
            bucket: "/files/".into(),
            storage: Authority::from_static("127.0.0.1:9000"),
            client: client(),
            slots: Arc::new(Semaphore::new(1)),
        }
    }

    #[test]
    fn only_what_is_below_the_path_goes_to_storage() {
        let target = |uri: &str| to_storage().target(&uri.parse().unwrap());
        assert_eq!(target("/storage/files/a?b=c").as_deref(), Some("/files/a?b=c"));
        for other in ["/", "/storage", "/storages/a", "/api/storage/a", "/r/storage"] {
            assert_eq!(target(other), None, "{other}");
        }
    }

    #[tokio::test]
    async fn parts_beyond_the_bound_come_again_later() {
        let to_storage = to_storage();
        let pass = async || {
            let uri = "/storage/files/a?X-Amz-Algorithm=a&X-Amz-Credential=b&X-Amz-Signature=c";
            let request = http::Request::put(uri).body(Body::empty()).unwrap();
            let target = to_storage.target(request.uri()).unwrap();
            to_storage.pass_in_time(target, request, Duration::ZERO).await.status()
        };
        let held = to_storage.slots.acquire().await.unwrap();
        assert_eq!(pass().await, StatusCode::TOO_MANY_REQUESTS);
        drop(held);
        // Out of time at once: nothing is waited for. The place is free again.
        assert_eq!(pass().await, StatusCode::BAD_GATEWAY);
        assert_eq!(pass().await, StatusCode::BAD_GATEWAY);
    }

    #[test]
    fn only_signed_requests_for_objects_of_the_bucket_are_passed_on() {
        let signed = |target: &str| to_storage().signed(target).map(|uri| uri.to_string());
        let good = "/files/rooms/a-b_C/d?X-Amz-Algorithm=a&X-Amz-Credential=b&partNumber=1&X-Amz-Signature=e";
        assert_eq!(signed(good).unwrap(), format!("http://127.0.0.1:9000{good}"));
        for bad in [
            "/files/rooms/a",
            "/files/rooms/a?X-Amz-Algorithm=a&X-Amz-Credential=b",
            "/files/rooms/a?X-Amz-Signature=e",
            "/files/rooms/a?X-Amz-Algorithm=a&X-Amz-Credential=b&x=X-Amz-Signature=e",
        ] {
            assert_eq!(signed(bad), None, "{bad}");
        }
        let query = good.split('?').nth(1).unwrap();
        for bad in [
            "/files/",
            "/files",
            "/other/rooms/a",
            "/files/../minio/admin/v3/add-user",
            "/files/%2e%2e/minio/admin/v3/add-user",
            "//elsewhere/files/a",
            "/minio/admin/v3/add-user",
        ] {
            assert_eq!(signed(&format!("{bad}?{query}")), None, "{bad}");
        }
    }
}
