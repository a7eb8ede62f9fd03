//! Between the functions and storage: a wire on which answers get lost, or turn into errors.

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
    /// Storage did it, and the answer is lost.
    AnswerLost,
    /// Storage did it, and says that it did not, inside of a 200.
    ErrorInside200,
    /// Storage never got it, and says so inside of a 200.
    NotDone,
}

/// A reverse proxy that troubles the first completes.
pub(crate) struct Wire {
    pub(crate) endpoint: String,
    state: Arc<WireState>,
}

struct WireState {
    storage: String,
    client: reqwest::Client,
    trouble: Trouble,
    left: AtomicU32,
}

impl Wire {
    pub(crate) async fn to(storage: &str, trouble: Trouble, times: u32) -> Self {
        let state = Arc::new(WireState {
            storage: storage.to_owned(),
            client: reqwest::Client::new(),
            trouble,
            left: AtomicU32::new(times),
        });
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let router = Router::new().fallback(pass).with_state(state.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { endpoint, state }
    }

    /// How many completes will still be troubled.
    pub(crate) fn left(&self) -> u32 {
        self.state.left.load(Ordering::SeqCst)
    }
}

async fn pass(State(wire): State<Arc<WireState>>, request: Request) -> Response {
    let query = request.uri().query().unwrap_or_default();
    let is_complete = request.method() == Method::POST && query.contains("uploadId=");
    let takes = |left: u32| left.checked_sub(1);
    let troubled = is_complete && wire.left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, takes).is_ok();
    match (troubled, wire.trouble) {
        (true, Trouble::NotDone) => error_inside(),
        (true, Trouble::ErrorInside200) => {
            forward(&wire, request).await;
            error_inside()
        }
        (true, Trouble::AnswerLost) => {
            forward(&wire, request).await;
            // A gateway's word for it; the SDK would try a cut connection again by itself.
            StatusCode::BAD_GATEWAY.into_response()
        }
        (false, _) => forward(&wire, request).await,
    }
}

/// The signature covers the host, so the request goes on with the one it came with.
async fn forward(wire: &WireState, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let url = format!("{}{}", wire.storage, parts.uri);
    let body: Bytes = axum::body::to_bytes(body, usize::MAX).await.unwrap();
    let call = wire.client.request(parts.method, url).headers(parts.headers).body(body);
    let answer = call.send().await.unwrap();
    let (status, headers) = (answer.status(), answer.headers().clone());
    (status, headers, answer.bytes().await.unwrap()).into_response()
}

fn error_inside() -> Response {
    let body =
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>InternalError</Code><Message>x</Message></Error>";
    ([("content-type", "application/xml")], body).into_response()
}
