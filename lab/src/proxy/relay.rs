//! One connection of the browser: requests up, answers down, and the faults in between.

use std::io;
use std::sync::Arc;

use tokio::net::TcpStream;
use tokio::sync::watch;

use super::Shared;
use super::aim::Fault;
use super::head::{AnswerHead, ChunkScan, Framing, RequestHead};
use super::shape::{self, Pace};
use super::wire::{self, Wire};

/// How a connection ends for the browser.
#[derive(Debug)]
enum End {
    Close,
    Reset,
}

impl From<io::Error> for End {
    fn from(_: io::Error) -> Self {
        Self::Reset
    }
}

/// What became of a request's body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sent {
    Whole,
    /// The rest was kept back, or upstream would not take it: no further request on this connection.
    Partial,
}

/// Serves a connection until one side ends it.
pub(super) async fn serve(shared: Arc<Shared>, client: Arc<TcpStream>) {
    let Ok(upstream) = TcpStream::connect(shared.upstream).await else {
        // The browser is connected already: a reset is as close as a proxy comes to a refused connection.
        return wire::reset_on_close(&client);
    };
    let mut connection = Connection {
        client: Wire::new(client.clone()),
        upstream: Wire::new(Arc::new(upstream)),
        each: Pace::default(),
    };
    loop {
        match connection.next_exchange(&shared).await {
            Ok(()) => {}
            Err(End::Close) => return,
            Err(End::Reset) => return wire::reset_on_close(&client),
        }
    }
}

struct Connection {
    client: Wire,
    upstream: Wire,
    each: Pace,
}

impl Connection {
    async fn next_exchange(&mut self, shared: &Shared) -> Result<(), End> {
        // A server may close an idle connection. The browser has to see that before it sends the next request.
        let bytes = tokio::select! {
            bytes = self.client.head() => bytes?.ok_or(End::Close)?,
            () = self.upstream.closed() => return Err(End::Close),
        };
        let head = RequestHead::parse(&bytes)?;
        // Before a rule is taken: none that is cleared after that may go unnoticed.
        let cleared = shared.cleared.subscribe();
        let fault = shared.rules.lock().unwrap().iter_mut().find_map(|rule| rule.take(&head));
        let id = shared.log.begin(&head, fault.as_ref().map(Fault::name));
        let (close, each, own) = (head.close, &self.each, Pace::default());
        let exchange = Exchange { shared, id, close, head, fault, cleared, each, own };
        let result = exchange.run(&bytes, &mut self.client, &mut self.upstream).await;
        shared.log.end(id, result.is_ok());
        match result? {
            After::Next => Ok(()),
            After::Close => Err(End::Close),
            After::Tunnel => self.tunnel().await,
        }
    }

    /// After a switch of protocols: bytes both ways, as they come.
    async fn tunnel(&mut self) -> Result<(), End> {
        let (down, up) = (self.client.stream.clone(), self.upstream.stream.clone());
        tokio::try_join!(copy(&mut self.client, &up), copy(&mut self.upstream, &down))?;
        Err(End::Close)
    }
}

async fn copy(from: &mut Wire, to: &TcpStream) -> io::Result<()> {
    loop {
        let bytes = from.next(usize::MAX).await?;
        if bytes.is_empty() {
            wire::finish(to);
            return Ok(());
        }
        wire::write_all(to, bytes).await?;
    }
}

/// What follows a whole answer.
enum After {
    Next,
    Close,
    Tunnel,
}

/// One request and its answer.
struct Exchange<'a> {
    shared: &'a Shared,
    id: usize,
    head: RequestHead,
    close: bool,
    fault: Option<Fault>,
    /// Changes when the rules are cleared.
    cleared: watch::Receiver<u64>,
    each: &'a Pace,
    /// For [`Fault::Slow`].
    own: Pace,
}

impl Exchange<'_> {
    async fn run(&self, bytes: &[u8], client: &mut Wire, upstream: &mut Wire) -> Result<After, End> {
        if let Some(Fault::Delay(time)) = self.fault {
            tokio::time::sleep(time).await;
        }
        if let Some(Fault::Hold) = self.fault {
            self.until_cleared().await;
        }
        if let Some(Fault::Answer(canned)) = &self.fault {
            self.send_body(client, None).await?;
            wire::write_all(&client.stream, &canned.bytes()).await?;
            return Ok(After::Next);
        }
        let (down, up) = (client.stream.clone(), upstream.stream.clone());
        wire::write_all(&up, bytes).await?;
        let send = self.send_body(client, Some(&up));
        let answer = self.pass_answer(upstream, &down);
        self.both(send, answer).await
    }

    /// Body and answer at the same time: storage may refuse before it has read everything.
    async fn both(
        &self,
        send: impl Future<Output = Result<Sent, End>>,
        answer: impl Future<Output = Result<AnswerHead, End>>,
    ) -> Result<After, End> {
        tokio::pin!(send, answer);
        let (sent, answer) = tokio::select! {
            sent = &mut send => (sent?, answer.await?),
            answer = &mut answer => (send.await?, answer?),
        };
        Ok(if answer.status == 101 {
            After::Tunnel
        } else if sent == Sent::Partial || answer.close || self.close {
            After::Close
        } else {
            After::Next
        })
    }

    /// Passes the request's body on, or only reads it where there is no upstream.
    async fn send_body(&self, client: &mut Wire, upstream: Option<&TcpStream>) -> Result<Sent, End> {
        let mut body = Body::new(self.head.framing);
        let mut at = 0;
        loop {
            if self.fault.as_ref().and_then(Fault::strikes_at).is_some_and(|strike| at >= strike) {
                return self.strike(upstream).await;
            }
            if body.is_over() {
                return Ok(Sent::Whole);
            }
            let bytes = client.next(body.most(self.up_step(at))).await?;
            if bytes.is_empty() {
                return Err(End::Close);
            }
            let count = body.take(bytes)?;
            let surplus = bytes.len() - count;
            self.corrupt(at, &mut bytes[..count]);
            self.pass_up(count).await;
            if let Some(upstream) = upstream
                && wire::write_all(upstream, &bytes[..count]).await.is_err()
            {
                // Storage refused before it read everything, and its answer is still to be passed on.
                return Ok(Sent::Partial);
            }
            client.put_back(surplus);
            at += count as u64;
            self.shared.log.update(self.id, |entry| entry.sent_bytes = at);
        }
    }

    fn up_step(&self, at: u64) -> usize {
        let own = match self.fault {
            Some(Fault::Slow { bytes_per_second }) => shape::step(Some(bytes_per_second)),
            _ => usize::MAX,
        };
        let strike = self.fault.as_ref().and_then(Fault::strikes_at).map_or(u64::MAX, |strike| strike - at);
        own.min(self.shared.shape().up_step()).min(usize::try_from(strike).unwrap_or(usize::MAX))
    }

    async fn pass_up(&self, bytes: usize) {
        if let Some(Fault::Slow { bytes_per_second }) = self.fault {
            self.own.pass(bytes, bytes_per_second).await;
        }
        self.shared.shape().pass_up(bytes, self.each).await;
    }

    fn corrupt(&self, from: u64, bytes: &mut [u8]) {
        if let Some(Fault::Corrupt { at }) = self.fault {
            flip(at, from, bytes);
        }
    }

    async fn strike(&self, upstream: Option<&TcpStream>) -> Result<Sent, End> {
        match self.fault {
            Some(Fault::Truncate { .. }) => {
                if let Some(upstream) = upstream {
                    wire::finish(upstream);
                }
                Ok(Sent::Partial)
            }
            Some(Fault::Cut { .. }) => Err(End::Close),
            Some(Fault::Stall { .. }) => self.hold().await,
            _ => Err(End::Reset),
        }
    }

    /// Until the rules are cleared; then the connection is of no use any more.
    async fn hold<T>(&self) -> Result<T, End> {
        self.until_cleared().await;
        Err(End::Reset)
    }

    async fn until_cleared(&self) {
        // An error means that the proxy is gone, and nothing holds any more.
        let _ = self.cleared.clone().changed().await;
    }

    async fn pass_answer(&self, upstream: &mut Wire, client: &TcpStream) -> Result<AnswerHead, End> {
        let lost = matches!(self.fault, Some(Fault::LoseAnswer | Fault::HoldAnswer));
        let (head, bytes) = self.final_head(upstream, client).await?;
        self.shared.log.update(self.id, |entry| entry.status = Some(head.status));
        if wire::is_gone(client) {
            // Nobody reads it any more: it must not count as delivered.
            return Err(End::Close);
        }
        if !lost {
            wire::write_all(client, &bytes).await?;
        }
        if head.status != 101 {
            self.answer_body(head.framing, upstream, (!lost).then_some(client)).await?;
        }
        match self.fault {
            Some(Fault::LoseAnswer) => Err(End::Reset),
            Some(Fault::HoldAnswer) => self.hold().await,
            _ => Ok(head),
        }
    }

    /// Passes interim answers on, up to the one that counts.
    async fn final_head(&self, upstream: &mut Wire, client: &TcpStream) -> Result<(AnswerHead, Vec<u8>), End> {
        loop {
            let bytes = upstream.head().await?.ok_or(End::Close)?;
            let head = AnswerHead::parse(&bytes, &self.head.method)?;
            if head.status >= 200 || head.status == 101 {
                return Ok((head, bytes));
            }
            wire::write_all(client, &bytes).await?;
        }
    }

    async fn answer_body(&self, framing: Framing, upstream: &mut Wire, client: Option<&TcpStream>) -> Result<(), End> {
        let mut body = Body::new(framing);
        let mut at = 0;
        while !body.is_over() {
            let shape = self.shared.shape();
            let bytes = upstream.next(body.most(shape.down_step()).min(self.answer_left(at)?)).await?;
            if bytes.is_empty() {
                return if framing == Framing::UntilClose { Ok(()) } else { Err(End::Close) };
            }
            let count = body.take(bytes)?;
            let surplus = bytes.len() - count;
            if let Some(Fault::CorruptAnswer { at: target }) = self.fault {
                flip(target, at, &mut bytes[..count]);
            }
            shape.pass_down(count).await;
            if let Some(client) = client {
                wire::write_all(client, &bytes[..count]).await?;
            }
            upstream.put_back(surplus);
            at += count as u64;
            self.shared.log.update(self.id, |entry| entry.answer_bytes = at);
        }
        Ok(())
    }

    /// How much of the answer may still pass before it is cut off.
    fn answer_left(&self, at: u64) -> Result<usize, End> {
        match self.fault {
            Some(Fault::TruncateAnswer { after }) if at >= after => Err(End::Close),
            Some(Fault::TruncateAnswer { after }) => Ok(usize::try_from(after - at).unwrap_or(usize::MAX)),
            _ => Ok(usize::MAX),
        }
    }
}

/// Finds the end of a body.
enum Body {
    Left(u64),
    Chunked(ChunkScan),
    Over,
    Endless,
}

impl Body {
    fn new(framing: Framing) -> Self {
        match framing {
            Framing::Length(bytes) => Self::Left(bytes),
            Framing::Chunked => Self::Chunked(ChunkScan::default()),
            Framing::UntilClose => Self::Endless,
        }
    }

    fn is_over(&self) -> bool {
        matches!(self, Self::Left(0) | Self::Over)
    }

    fn most(&self, step: usize) -> usize {
        match self {
            Self::Left(bytes) => step.min(usize::try_from(*bytes).unwrap_or(usize::MAX)),
            _ => step,
        }
    }

    /// How many of these bytes belong to the body.
    fn take(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Left(left) => *left -= bytes.len() as u64,
            Self::Chunked(scan) => {
                let (count, over) = scan.scan(bytes)?;
                if over {
                    *self = Self::Over;
                }
                return Ok(count);
            }
            Self::Over | Self::Endless => {}
        }
        Ok(bytes.len())
    }
}

/// Turns over the lowest bit of the byte at offset `target`, where `bytes` begin at offset `from`.
fn flip(target: u64, from: u64, bytes: &mut [u8]) {
    let index = target.checked_sub(from).and_then(|index| usize::try_from(index).ok());
    if let Some(byte) = index.and_then(|index| bytes.get_mut(index)) {
        *byte ^= 1;
    }
}
