//! What a CDN is to the browser: TLS and HTTP/2 before page, API and parts.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::Result;
use http::header::{HOST, HeaderValue};
use http::{Method, Request, Response, Uri, Version};
use hyper::body::Incoming;
use hyper::server::conn::http2;
use hyper::service::service_fn;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls_pki_types::PrivateKeyDer;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;

/// A running one, with a certificate of its own. Dropping it ends it.
#[derive(Debug)]
pub struct Front {
    port: u16,
    puts: Arc<Puts>,
    task: JoinHandle<()>,
}

#[derive(Debug, Default)]
struct Puts {
    now: AtomicUsize,
    most: AtomicUsize,
}

/// One in flight.
struct Put(Arc<Puts>);

impl Front {
    /// Passes everything on to `upstream`, over HTTP/1.1.
    ///
    /// # Errors
    /// No port is free, or no certificate can be made.
    pub async fn start(upstream: SocketAddr) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let port = listener.local_addr()?.port();
        let acceptor = TlsAcceptor::from(Arc::new(tls()?));
        let puts = Arc::new(Puts::default());
        let mut connector = HttpConnector::new();
        connector.set_nodelay(true);
        let passing =
            Passing { client: Client::builder(TokioExecutor::new()).build(connector), upstream, puts: puts.clone() };
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, acceptor.clone(), passing.clone()));
            }
        });
        Ok(Self { port, puts, task })
    }

    /// Without a slash at the end.
    pub fn url(&self) -> String {
        format!("https://localhost:{}", self.port)
    }

    /// The most PUTs that were in flight at once.
    pub fn most_puts(&self) -> usize {
        self.puts.most.load(Ordering::Relaxed)
    }
}

impl Drop for Front {
    fn drop(&mut self) {
        self.task.abort();
    }
}

fn tls() -> Result<ServerConfig> {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()])?;
    let key = PrivateKeyDer::Pkcs8(made.signing_key.serialize_der().into());
    let provider = Arc::new(tokio_rustls::rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
    let mut config = config.with_no_client_auth().with_single_cert(vec![made.cert.der().clone()], key)?;
    // Browsers speak HTTP/2 only where TLS has negotiated it.
    config.alpn_protocols = vec![b"h2".to_vec()];
    Ok(config)
}

#[derive(Clone)]
struct Passing {
    client: Client<HttpConnector, Incoming>,
    upstream: SocketAddr,
    puts: Arc<Puts>,
}

/// A connection that breaks is the browser's own affair.
async fn serve(stream: TcpStream, acceptor: TlsAcceptor, passing: Passing) {
    let _ = stream.set_nodelay(true);
    let Ok(stream) = acceptor.accept(stream).await else { return };
    let service = service_fn(move |request| {
        let passing = passing.clone();
        async move { passing.pass(request).await }
    });
    let _ = http2::Builder::new(TokioExecutor::new()).serve_connection(TokioIo::new(stream), service).await;
}

impl Passing {
    async fn pass(&self, request: Request<Incoming>) -> Result<Response<Incoming>> {
        let _put = (request.method() == Method::PUT).then(|| Put::begin(&self.puts));
        let (mut head, body) = request.into_parts();
        let path = head.uri.path_and_query().map_or("/", |path| path.as_str());
        head.uri = Uri::try_from(format!("http://{}{path}", self.upstream))?;
        // HTTP/2 has `:authority` in its place, and HTTP/1.1 requires a Host.
        head.headers.insert(HOST, HeaderValue::try_from(self.upstream.to_string())?);
        head.version = Version::HTTP_11;
        let mut answer = self.client.request(Request::from_parts(head, body)).await?;
        // Nothing of the connection behind us is the browser's.
        for name in ["connection", "keep-alive", "transfer-encoding"] {
            answer.headers_mut().remove(name);
        }
        Ok(answer)
    }
}

impl Put {
    fn begin(puts: &Arc<Puts>) -> Self {
        let now = puts.now.fetch_add(1, Ordering::Relaxed) + 1;
        puts.most.fetch_max(now, Ordering::Relaxed);
        Self(puts.clone())
    }
}

impl Drop for Put {
    fn drop(&mut self) {
        self.0.now.fetch_sub(1, Ordering::Relaxed);
    }
}
