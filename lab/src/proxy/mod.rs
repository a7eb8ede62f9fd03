//! A proxy between the browser and a server that breaks the wire on demand.
//!
//! It understands HTTP/1.1 just enough to log requests and to aim faults at them, and passes
//! every byte on as it came: the `Host` header, too, since that is part of the signature.

mod aim;
mod head;
mod line;
mod log;
mod relay;
mod shape;
#[cfg(test)]
mod tests;
mod wire;

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::watch;

pub use aim::{Aim, Canned, Fault, Rule};
pub use log::Entry;
pub use shape::Link;

use log::Log;
use shape::Shape;

/// What the sender may have in the kernel's buffers of one connection, in bytes.
///
/// Small on purpose: what lies in a buffer looks sent to the browser.
const RECEIVE_BUFFER_BYTES: u32 = 256 * 1024;

/// A running proxy. Dropping it ends it and every connection through it.
#[derive(Debug)]
pub struct Proxy {
    shared: Arc<Shared>,
    port: u16,
    up: watch::Sender<bool>,
    listening: watch::Receiver<bool>,
    tasks: Vec<tokio::task::JoinHandle<()>>,
}

/// What all connections of one proxy share.
#[derive(Debug)]
pub(crate) struct Shared {
    upstream: SocketAddr,
    rules: Mutex<Vec<Rule>>,
    log: Log,
    shape: Mutex<Arc<Shape>>,
    /// Changes when the rules are cleared: stalled requests end then.
    cleared: watch::Sender<u64>,
}

impl Proxy {
    /// Listens on a free port of 127.0.0.1 and passes everything on to `upstream`.
    pub async fn start(upstream: SocketAddr) -> io::Result<Self> {
        let listener = bind(0)?;
        let inner = bind(0)?;
        let port = listener.local_addr()?.port();
        let inner_port = inner.local_addr()?.port();
        let shared = Arc::new(Shared {
            upstream,
            rules: Mutex::default(),
            log: Log::new(),
            shape: Mutex::new(Arc::new(Shape::new(Link::default()))),
            cleared: watch::Sender::new(0),
        });
        let up = watch::Sender::new(true);
        let (listening_tx, listening) = watch::channel(true);
        let front = Front { shared: shared.clone(), inner_port, up: up.subscribe(), listening: listening_tx };
        let tasks = vec![
            tokio::spawn(front.run(listener, port)),
            tokio::spawn(serve_inner(shared.clone(), inner, up.subscribe())),
        ];
        Ok(Self { shared, port, up, listening, tasks })
    }

    /// The port on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// `http://127.0.0.1:PORT`, without a slash at the end.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Adds a rule. Of the rules that match a request, the first with shots left is applied.
    pub fn rule(&self, rule: Rule) {
        self.shared.rules.lock().unwrap().push(rule);
    }

    /// Forgets all rules. Requests that a rule holds go on ([`Fault::Hold`]) or end ([`Fault::Stall`], [`Fault::HoldAnswer`]).
    pub fn clear(&self) {
        self.shared.rules.lock().unwrap().clear();
        self.shared.cleared.send_modify(|count| *count += 1);
    }

    /// Every request so far, in the order in which they began.
    pub fn log(&self) -> Vec<Entry> {
        self.shared.log.entries()
    }

    /// How many requests a fault has hit so far.
    pub fn hit_count(&self) -> usize {
        self.log().iter().filter(|entry| entry.fault.is_some()).count()
    }

    /// Shapes the link from now on. Rates hold for open connections, too; the round trip for new ones.
    pub fn set_link(&self, link: Link) {
        *self.shared.shape.lock().unwrap() = Arc::new(Shape::new(link));
    }

    /// The network is lost: resets every connection and refuses new ones, until [`Proxy::reconnect`].
    pub async fn disconnect(&self) {
        self.switch(false).await;
    }

    /// The network is back, on the same port.
    pub async fn reconnect(&self) {
        self.switch(true).await;
    }

    /// Loses the network for a time.
    pub async fn lose_network(&self, time: Duration) {
        self.disconnect().await;
        tokio::time::sleep(time).await;
        self.reconnect().await;
    }

    async fn switch(&self, up: bool) {
        self.up.send_replace(up);
        let mut listening = self.listening.clone();
        // An error means that the accept loop is gone, and then nothing listens any more.
        let _ = listening.wait_for(|now| *now == up).await;
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        for task in &self.tasks {
            task.abort();
        }
        self.up.send_replace(false);
    }
}

impl Shared {
    pub(crate) fn shape(&self) -> Arc<Shape> {
        self.shape.lock().unwrap().clone()
    }
}

/// Accepts what comes from the browser.
struct Front {
    shared: Arc<Shared>,
    inner_port: u16,
    up: watch::Receiver<bool>,
    listening: watch::Sender<bool>,
}

impl Front {
    async fn run(mut self, listener: TcpListener, port: u16) {
        let mut listener = Some(listener);
        loop {
            if let Some(listener) = listener.take() {
                self.accept_while_up(&listener).await;
            }
            self.listening.send_replace(false);
            if self.up.wait_for(|up| *up).await.is_err() {
                return;
            }
            listener = Some(rebind(port).await);
            self.listening.send_replace(true);
        }
    }

    async fn accept_while_up(&mut self, listener: &TcpListener) {
        loop {
            let accepted = tokio::select! {
                accepted = listener.accept() => accepted,
                _ = self.up.wait_for(|up| !*up) => return,
            };
            if let Ok((stream, _)) = accepted {
                self.spawn(Arc::new(stream));
            }
        }
    }

    fn spawn(&self, client: Arc<TcpStream>) {
        let (shared, inner, up) = (self.shared.clone(), self.inner_port, self.up.clone());
        let link = shared.shape().link;
        tokio::spawn(async move {
            if link.round_trip.is_zero() {
                guard(client.clone(), up, relay::serve(shared, client)).await;
            } else {
                guard(client.clone(), up, line::carry(client, inner, link)).await;
            }
        });
    }
}

/// Accepts what comes out of a delay line.
async fn serve_inner(shared: Arc<Shared>, listener: TcpListener, up: watch::Receiver<bool>) {
    while let Ok((stream, _)) = listener.accept().await {
        let (client, shared) = (Arc::new(stream), shared.clone());
        tokio::spawn(guard(client.clone(), up.clone(), relay::serve(shared, client)));
    }
}

/// Runs a connection until it ends, or until the network is lost: then the client sees a reset.
async fn guard(client: Arc<TcpStream>, mut up: watch::Receiver<bool>, work: impl Future<Output = ()>) {
    tokio::select! {
        () = work => {}
        _ = up.wait_for(|up| !*up) => wire::reset_on_close(&client),
    }
}

fn bind(port: u16) -> io::Result<TcpListener> {
    let socket = TcpSocket::new_v4()?;
    // A network that is back has the same port, where earlier connections may still linger.
    socket.set_reuseaddr(true)?;
    // On the listener: the sockets that it accepts inherit the size.
    socket.set_recv_buffer_size(RECEIVE_BUFFER_BYTES)?;
    socket.bind(SocketAddr::from(([127, 0, 0, 1], port)))?;
    socket.listen(1024)
}

/// The old listener may take a moment to go.
async fn rebind(port: u16) -> TcpListener {
    loop {
        match bind(port) {
            Ok(listener) => return listener,
            Err(_) => tokio::time::sleep(Duration::from_millis(10)).await,
        }
    }
}
