//! A proxy between the functions and storage that loses responses, or turns them into errors.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Request, State};
use axum::response::{IntoResponse as _, Response};
use http::{Method, StatusCode};

/// What happens to an answer to CompleteMultipartUpload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Trouble {
    /// Storage completed it, and the response is lost.
    AnswerLost,
    /// Storage completed it, and reports an error inside a 200.
    ErrorInside200,
    /// The request never reaches storage; an error inside a 200.
    NotDone,
}

/// A reverse proxy that troubles the first completes.
pub(crate) struct Wire {
    pub(crate) endpoint: String,
    state: Arc<WireState>,
}

struct WireState {
    storage: Storage,
    trouble: Trouble,
    left: AtomicU32,
}

/// What is behind the wire.
struct Storage {
    endpoint: String,
    client: reqwest::Client,
}

impl Wire {
    pub(crate) async fn to(storage: &str, trouble: Trouble, times: u32) -> Self {
        let state = Arc::new(WireState { storage: Storage::behind(storage), trouble, left: AtomicU32::new(times) });
        let endpoint = serve(Router::new().fallback(pass).with_state(state.clone())).await;
        Self { endpoint, state }
    }

    /// How many completes will still be troubled.
    pub(crate) fn left(&self) -> u32 {
        self.state.left.load(Ordering::SeqCst)
    }
}

/// The storage at this endpoint, but a request whose path ends with this is never answered.
pub(crate) async fn silent_about(endpoint: &str, key: &str) -> String {
    let (storage, key) = (Arc::new(Storage::behind(endpoint)), key.to_owned());
    let pass = move |request: Request| {
        let (storage, is_silent) = (storage.clone(), request.uri().path().ends_with(&key));
        async move {
            if is_silent {
                return std::future::pending().await;
            }
            storage.forward(request).await
        }
    };
    serve(Router::new().fallback(pass)).await
}

async fn serve(router: Router) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await });
    endpoint
}

async fn pass(State(wire): State<Arc<WireState>>, request: Request) -> Response {
    let query = request.uri().query().unwrap_or_default();
    let is_complete = request.method() == Method::POST && query.contains("uploadId=");
    let takes = |left: u32| left.checked_sub(1);
    let troubled = is_complete && wire.left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, takes).is_ok();
    match (troubled, wire.trouble) {
        (true, Trouble::NotDone) => error_inside(),
        (true, Trouble::ErrorInside200) => {
            wire.storage.forward(request).await;
            error_inside()
        }
        (true, Trouble::AnswerLost) => {
            wire.storage.forward(request).await;
            // A gateway's word for it; the SDK would try a cut connection again by itself.
            StatusCode::BAD_GATEWAY.into_response()
        }
        (false, _) => wire.storage.forward(request).await,
    }
}

impl Storage {
    fn behind(endpoint: &str) -> Self {
        Self { endpoint: endpoint.to_owned(), client: reqwest::Client::new() }
    }

    /// The signature covers the host, so the request goes on with the one it came with.
    async fn forward(&self, request: Request) -> Response {
        let (parts, body) = request.into_parts();
        let url = format!("{}{}", self.endpoint, parts.uri);
        let body: Bytes = axum::body::to_bytes(body, usize::MAX).await.unwrap();
        let call = self.client.request(parts.method, url).headers(parts.headers).body(body);
        let answer = call.send().await.unwrap();
        let (status, headers) = (answer.status(), answer.headers().clone());
        (status, headers, answer.bytes().await.unwrap()).into_response()
    }
}

fn error_inside() -> Response {
    let body =
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>InternalError</Code><Message>x</Message></Error>";
    ([("content-type", "application/xml")], body).into_response()
}
