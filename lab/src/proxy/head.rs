//! Heads of requests and answers: what is needed to frame bodies and to aim faults.

use std::io;

/// How the end of a body is found (RFC 9112, section 6.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Framing {
    Length(u64),
    Chunked,
    UntilClose,
}

/// A request's first line and the fields that matter here.
#[derive(Clone, Debug)]
pub(super) struct RequestHead {
    pub(super) method: String,
    /// Without the query.
    pub(super) path: String,
    pub(super) query: Vec<(String, String)>,
    pub(super) framing: Framing,
    pub(super) close: bool,
}

/// An answer's status and how its body ends.
#[derive(Clone, Copy, Debug)]
pub(super) struct AnswerHead {
    pub(super) status: u16,
    pub(super) framing: Framing,
    pub(super) close: bool,
}

impl RequestHead {
    pub(super) fn parse(bytes: &[u8]) -> io::Result<Self> {
        let mut fields = [httparse::EMPTY_HEADER; 100];
        let mut request = httparse::Request::new(&mut fields);
        request.parse(bytes).map_err(invalid)?;
        let target = request.path.unwrap_or("/");
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let fields = Fields::of(request.headers);
        Ok(Self {
            method: request.method.unwrap_or_default().to_owned(),
            path: path.to_owned(),
            query: query.split('&').filter(|pair| !pair.is_empty()).map(pair).collect(),
            // A request that declares no body has none (RFC 9112, section 6.3).
            framing: fields.framing().unwrap_or(Framing::Length(0)),
            close: fields.close,
        })
    }

    /// The value of a query parameter.
    pub(super) fn parameter(&self, key: &str) -> Option<&str> {
        self.query.iter().find(|(name, _)| name == key).map(|(_, value)| value.as_str())
    }

    pub(super) fn part(&self) -> Option<u16> {
        self.parameter("partNumber")?.parse().ok()
    }

    /// As declared; 0 where it is not.
    pub(super) fn body_bytes(&self) -> u64 {
        match self.framing {
            Framing::Length(bytes) => bytes,
            Framing::Chunked | Framing::UntilClose => 0,
        }
    }
}

impl AnswerHead {
    pub(super) fn parse(bytes: &[u8], method: &str) -> io::Result<Self> {
        let mut fields = [httparse::EMPTY_HEADER; 100];
        let mut answer = httparse::Response::new(&mut fields);
        answer.parse(bytes).map_err(invalid)?;
        let status = answer.code.unwrap_or(0);
        let fields = Fields::of(answer.headers);
        // These have no body, whatever their headers say (RFC 9112, section 6.3).
        let bodyless = method == "HEAD" || status < 200 || status == 204 || status == 304;
        let framing = if bodyless { Framing::Length(0) } else { fields.framing().unwrap_or(Framing::UntilClose) };
        Ok(Self { status, framing, close: fields.close || framing == Framing::UntilClose })
    }
}

#[derive(Default)]
struct Fields {
    length: Option<u64>,
    chunked: bool,
    close: bool,
}

impl Fields {
    fn of(headers: &[httparse::Header<'_>]) -> Self {
        let mut fields = Self::default();
        for header in headers {
            let value = String::from_utf8_lossy(header.value).to_ascii_lowercase();
            match header.name.to_ascii_lowercase().as_str() {
                "content-length" => fields.length = value.trim().parse().ok(),
                "transfer-encoding" => fields.chunked = value.contains("chunked"),
                "connection" => fields.close = value.contains("close"),
                _ => {}
            }
        }
        fields
    }

    fn framing(&self) -> Option<Framing> {
        // Transfer-Encoding overrides Content-Length (RFC 9112, section 6.3).
        if self.chunked { Some(Framing::Chunked) } else { self.length.map(Framing::Length) }
    }
}

/// Follows a chunked body (RFC 9112, section 7.1) that is passed on as it is, to find its end.
#[derive(Debug, Default)]
pub(super) struct ChunkScan {
    state: Scan,
    line: Vec<u8>,
}

#[derive(Debug, Default)]
enum Scan {
    #[default]
    Size,
    /// The number of bytes still to come, including the line end after them.
    Data(u64),
    Trailer,
}

impl ChunkScan {
    /// How many of these bytes belong to the body, and whether it ends with them.
    pub(super) fn scan(&mut self, bytes: &[u8]) -> io::Result<(usize, bool)> {
        let mut at = 0;
        while at < bytes.len() {
            if let Scan::Data(left) = self.state {
                let step = left.min((bytes.len() - at) as u64);
                at += step as usize;
                self.state = if step == left { Scan::Size } else { Scan::Data(left - step) };
            } else {
                let byte = bytes[at];
                at += 1;
                if byte == b'\n' && self.end_of_line()? {
                    return Ok((at, true));
                } else if byte != b'\n' && byte != b'\r' {
                    self.line.push(byte);
                }
            }
        }
        Ok((at, false))
    }

    fn end_of_line(&mut self) -> io::Result<bool> {
        let line = std::mem::take(&mut self.line);
        if matches!(self.state, Scan::Trailer) {
            return Ok(line.is_empty());
        }
        let text = String::from_utf8_lossy(&line);
        let size = text.split(';').next().unwrap_or("").trim();
        let size = u64::from_str_radix(size, 16).map_err(invalid)?;
        self.state = if size == 0 { Scan::Trailer } else { Scan::Data(size + 2) };
        Ok(false)
    }
}

fn pair(text: &str) -> (String, String) {
    let (key, value) = text.split_once('=').unwrap_or((text, ""));
    (key.to_owned(), value.to_owned())
}

fn invalid(error: impl std::error::Error + Send + Sync + 'static) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, error)
}
