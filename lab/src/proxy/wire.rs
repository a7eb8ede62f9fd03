//! One side of a connection: a socket with a read buffer.

use std::io;
use std::sync::Arc;

use tokio::net::TcpStream;

/// Large enough for bulk, small enough for hundreds of connections.
const BUFFER_BYTES: usize = 256 * 1024;

/// A socket that is read through a buffer. It is written to directly, by whoever holds it.
#[derive(Debug)]
pub(super) struct Wire {
    pub(super) stream: Arc<TcpStream>,
    buffer: Box<[u8]>,
    start: usize,
    end: usize,
}

impl Wire {
    pub(super) fn new(stream: Arc<TcpStream>) -> Self {
        // Without this, small answers wait for the peer's delayed acknowledgement.
        let _ = stream.set_nodelay(true);
        Self { stream, buffer: vec![0; BUFFER_BYTES].into_boxed_slice(), start: 0, end: 0 }
    }

    /// The next head with its empty line, or `None` where the peer closed before one began.
    pub(super) async fn head(&mut self) -> io::Result<Option<Vec<u8>>> {
        loop {
            let seen = &self.buffer[self.start..self.end];
            if let Some(at) = seen.windows(4).position(|four| four == b"\r\n\r\n") {
                let head = seen[..at + 4].to_vec();
                self.start += at + 4;
                return Ok(Some(head));
            }
            if self.fill().await? == 0 {
                return if self.start == self.end { Ok(None) } else { Err(io::ErrorKind::UnexpectedEof.into()) };
            }
        }
    }

    /// Up to `max` bytes, as they come; none at the end of the stream.
    pub(super) async fn next(&mut self, max: usize) -> io::Result<&mut [u8]> {
        if self.start == self.end {
            self.fill().await?;
        }
        let from = self.start;
        self.start = self.end.min(from.saturating_add(max));
        Ok(&mut self.buffer[from..self.start])
    }

    /// Gives back what was taken too much by the last [`Wire::next`].
    pub(super) fn put_back(&mut self, bytes: usize) {
        self.start -= bytes;
    }

    /// Waits until an idle peer closes, or says something that nobody asked for.
    pub(super) async fn closed(&self) {
        // A spurious wake-up must not count, so look whether something is really there.
        while self.stream.readable().await.is_ok() {
            match self.stream.try_read(&mut [0; 1]) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                _ => return,
            }
        }
    }

    async fn fill(&mut self) -> io::Result<usize> {
        if self.start == self.end {
            (self.start, self.end) = (0, 0);
        } else if self.end == self.buffer.len() {
            self.buffer.copy_within(self.start..self.end, 0);
            (self.start, self.end) = (0, self.end - self.start);
        }
        if self.end == self.buffer.len() {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "a head of more than 256 KiB"));
        }
        let count = read_some(&self.stream, &mut self.buffer[self.end..]).await?;
        self.end += count;
        Ok(count)
    }
}

/// Reads what is there, at least one byte; 0 at the end of the stream.
pub(super) async fn read_some(stream: &TcpStream, buffer: &mut [u8]) -> io::Result<usize> {
    loop {
        stream.readable().await?;
        match stream.try_read(buffer) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            done => return done,
        }
    }
}

pub(super) async fn write_all(stream: &TcpStream, mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        stream.writable().await?;
        match stream.try_write(bytes) {
            Ok(count) => bytes = &bytes[count..],
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Whether the peer, from which nothing is expected now, has closed or reset the connection.
pub(super) fn is_gone(stream: &TcpStream) -> bool {
    let mut byte = [std::mem::MaybeUninit::uninit(); 1];
    match socket2::SockRef::from(stream).peek(&mut byte) {
        Ok(count) => count == 0,
        Err(error) => error.kind() != io::ErrorKind::WouldBlock,
    }
}

/// Says that no more bytes come, and leaves the other direction open.
pub(super) fn finish(stream: &TcpStream) {
    let _ = socket2::SockRef::from(stream).shutdown(std::net::Shutdown::Write);
}

/// Makes the close of this socket a reset (RST) in place of an orderly end.
pub(super) fn reset_on_close(stream: &TcpStream) {
    let _ = stream.set_zero_linger();
}
