//! A line with a round trip and a window: bytes come out later than they went in.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::sync::{Semaphore, mpsc};
use tokio::time::{Instant, sleep, sleep_until};

use super::shape::Link;
use super::wire;

const WINDOW_BYTES: usize = 256 * 1024;
const STEP_BYTES: usize = 64 * 1024;

/// Joins the client with the relay on `inner_port` by two such lines, one each way.
pub(super) async fn carry(client: Arc<TcpStream>, inner_port: u16, link: Link) {
    // The handshake: a client may send only after one round trip.
    sleep(link.round_trip).await;
    let Ok(inner) = TcpStream::connect(SocketAddr::from(([127, 0, 0, 1], inner_port))).await else {
        return wire::reset_on_close(&client);
    };
    let inner = Arc::new(inner);
    for stream in [&client, &inner] {
        let _ = stream.set_nodelay(true);
    }
    let line = Line { one_way: link.round_trip / 2, window: link.window.unwrap_or(WINDOW_BYTES) };
    if tokio::try_join!(line.run(&client, &inner), line.run(&inner, &client)).is_err() {
        wire::reset_on_close(&client);
        wire::reset_on_close(&inner);
    }
}

struct Line {
    one_way: Duration,
    window: usize,
}

impl Line {
    async fn run(&self, from: &TcpStream, to: &TcpStream) -> io::Result<()> {
        let window = Semaphore::new(self.window);
        // Unbounded, since the window bounds what is in them.
        let (flying, arriving) = mpsc::unbounded_channel();
        let (landed, acknowledged) = mpsc::unbounded_channel();
        tokio::try_join!(
            self.depart(from, &window, flying),
            self.arrive(to, arriving, landed),
            self.acknowledge(&window, acknowledged),
        )?;
        Ok(())
    }

    async fn depart(
        &self,
        from: &TcpStream,
        window: &Semaphore,
        flying: mpsc::UnboundedSender<(Instant, Vec<u8>)>,
    ) -> io::Result<()> {
        loop {
            // Room in the window first: what is not read yet holds back the sender.
            let first = window.acquire().await.expect("never closed");
            let mut bytes = vec![0; STEP_BYTES.min(window.available_permits() + 1)];
            let count = wire::read_some(from, &mut bytes).await?;
            if count == 0 {
                return Ok(());
            }
            bytes.truncate(count);
            first.forget();
            window.forget_permits(count - 1);
            let _ = flying.send((Instant::now() + self.one_way, bytes));
        }
    }

    async fn arrive(
        &self,
        to: &TcpStream,
        mut arriving: mpsc::UnboundedReceiver<(Instant, Vec<u8>)>,
        landed: mpsc::UnboundedSender<(Instant, usize)>,
    ) -> io::Result<()> {
        while let Some((due, bytes)) = arriving.recv().await {
            sleep_until(due).await;
            wire::write_all(to, &bytes).await?;
            let _ = landed.send((Instant::now() + self.one_way, bytes.len()));
        }
        wire::finish(to);
        Ok(())
    }

    async fn acknowledge(
        &self,
        window: &Semaphore,
        mut acknowledged: mpsc::UnboundedReceiver<(Instant, usize)>,
    ) -> io::Result<()> {
        while let Some((due, count)) = acknowledged.recv().await {
            sleep_until(due).await;
            window.add_permits(count);
        }
        Ok(())
    }
}
