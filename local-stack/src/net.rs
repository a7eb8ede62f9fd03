//! Free ports, and a minimal HTTP client to check whether a server is up.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::time::Duration;

use anyhow::{Context, Result, bail};

/// Time-out of one request.
const TIMEOUT: Duration = Duration::from_secs(2);

/// A port of 127.0.0.1 that is free now. Another process may still take it first.
pub fn free_port() -> Result<u16> {
    let listener = TcpListener::bind("127.0.0.1:0").context("no free port on 127.0.0.1")?;
    Ok(listener.local_addr()?.port())
}

/// Whether this port can be listened on.
pub(crate) fn is_free(host: &str, port: u16) -> bool {
    TcpListener::bind((host, port)).is_ok()
}

/// The status of `GET path`, such as 200.
pub fn http_status(address: SocketAddr, path: &str) -> Result<u16> {
    let mut stream = TcpStream::connect_timeout(&address, TIMEOUT)?;
    stream.set_read_timeout(Some(TIMEOUT))?;
    stream.set_write_timeout(Some(TIMEOUT))?;
    write!(stream, "GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n")?;
    let mut head = Vec::new();
    stream.take(64).read_to_end(&mut head).or_else(|e| if head.is_empty() { Err(e) } else { Ok(0) })?;
    parse_status(&head)
}

fn parse_status(head: &[u8]) -> Result<u16> {
    let text = String::from_utf8_lossy(head);
    match text.split(' ').nth(1).map(str::parse) {
        Some(Ok(status)) if text.starts_with("HTTP/1.") => Ok(status),
        _ => bail!("not an HTTP answer"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_line_is_read() {
        assert_eq!(parse_status(b"HTTP/1.1 503 Service Unavailable\r\n").unwrap(), 503);
        assert!(parse_status(b"SSH-2.0-OpenSSH").is_err());
        assert!(parse_status(b"").is_err());
    }

    #[test]
    fn a_port_in_use_is_not_free() {
        let held = TcpListener::bind("127.0.0.1:0").unwrap();
        assert!(!is_free("127.0.0.1", held.local_addr().unwrap().port()));
    }
}
