//! The HTTP server, with limits of connections, headers and bodies against slow or idle clients.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use http::{Request, Response, StatusCode};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tower::{ServiceBuilder, ServiceExt as _};
use tower_http::timeout::{RequestBodyTimeoutLayer, TimeoutLayer};

use crate::ToStorage;

/// Limits of a client.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Until a request's headers are whole, and between two requests of a connection.
    pub headers: Duration,
    /// Between two pieces of a body.
    pub body_pause: Duration,
    /// Until the answer begins, as at the gateway. The API answers before: see [`functions::config::CallTimes`].
    pub call: Duration,
    /// Between two pieces of a part's body. The page itself aborts a stalled PUT.
    pub part_pause: Duration,
    /// Connections at once; more wait.
    pub connections: usize,
}

impl Default for Limits {
    fn default() -> Self {
        let seconds = Duration::from_secs;
        Self {
            headers: seconds(30),
            body_pause: seconds(10),
            call: seconds(30),
            part_pause: seconds(120),
            connections: 1024,
        }
    }
}

/// What is served.
#[derive(Clone, Debug)]
pub struct Site {
    /// The API, and the page if there is one.
    pub calls: Router,
    /// Where parts come by the page's own origin.
    pub storage: Option<ToStorage>,
}

impl From<Router> for Site {
    fn from(calls: Router) -> Self {
        Self { calls, storage: None }
    }
}

/// Time that running calls have to end at shutdown.
const STOP_LIMIT: Duration = Duration::from_secs(5);

/// Serves until `stopped`, then lets running calls end.
pub async fn serve_until(
    listener: TcpListener,
    site: impl Into<Site>,
    limits: Limits,
    stopped: impl Future<Output = ()>,
) {
    let Site { calls, storage } = site.into();
    let calls = ServiceBuilder::new()
        .layer(TimeoutLayer::with_status_code(StatusCode::SERVICE_UNAVAILABLE, limits.call))
        .layer(RequestBodyTimeoutLayer::new(limits.body_pause))
        .map_request(|request: Request<_>| request.map(Body::new))
        .service(calls);
    let calls = Router::new().fallback_service(calls);
    // A part may take as long as its link needs.
    let router = match storage {
        Some(storage) => storage.beside(calls, limits.part_pause),
        None => calls,
    };
    let slots = Arc::new(Semaphore::new(limits.connections));
    let (end, ending) = watch::channel(());
    let mut stopped = pin!(stopped);
    loop {
        // Before accepting, so that connections beyond the limit wait in the queue of the kernel.
        let slot = slots.clone().acquire_owned().await;
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = &mut stopped => break,
        };
        match (accepted, slot) {
            (Ok(accepted), Ok(slot)) => {
                tokio::spawn(connection(accepted, router.clone(), limits.headers, ending.clone(), slot));
            }
            // Usually out of file handles, which is temporary.
            _ => tokio::time::sleep(Duration::from_millis(50)).await,
        }
    }
    // Without its sender `ending` changes: each connection ends after its running call.
    drop((listener, end));
    let all = u32::try_from(limits.connections).unwrap_or(u32::MAX);
    // All slots are free once the last connection has ended.
    let _ = tokio::time::timeout(STOP_LIMIT, slots.acquire_many(all)).await;
}

/// Serves one connection; at the end of the server, until its running call has ended.
async fn connection(
    (stream, peer): (TcpStream, SocketAddr),
    router: Router,
    header_limit: Duration,
    mut ending: watch::Receiver<()>,
    slot: OwnedSemaphorePermit,
) {
    // With Nagle's algorithm, an answer of several writes would wait for the client to acknowledge the first.
    let _ = stream.set_nodelay(true);
    let service = service_fn(move |request| call(router.clone(), peer, request));
    // Not hyper-util's `auto`: it waits for a first byte without any limit.
    let mut builder = http1::Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(header_limit);
    let mut connection = pin!(builder.serve_connection(TokioIo::new(stream), service).with_upgrades());
    // Disconnected clients are not logged.
    tokio::select! {
        _ = connection.as_mut() => {}
        _ = ending.changed() => {
            connection.as_mut().graceful_shutdown();
            let _ = connection.await;
        }
    }
    drop(slot);
}

async fn call(router: Router, peer: SocketAddr, request: Request<Incoming>) -> Result<Response<Body>, Infallible> {
    let mut request = request.map(Body::new);
    request.extensions_mut().insert(ConnectInfo(peer));
    router.oneshot(request).await
}
