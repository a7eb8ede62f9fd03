//! Which request is hit, and what happens to it.

use std::time::Duration;

use super::head::RequestHead;

/// One fault, aimed at some requests.
#[derive(Clone, Debug)]
pub struct Rule {
    aim: Aim,
    fault: Fault,
    skip: u32,
    every: u32,
    shots: Option<u32>,
    seen: u32,
}

impl Rule {
    /// Hits the first request that matches, once.
    pub fn new(aim: Aim, fault: Fault) -> Self {
        Self { aim, fault, skip: 0, every: 1, shots: Some(1), seen: 0 }
    }

    /// Lets the first `count` matching requests pass.
    pub fn skip(mut self, count: u32) -> Self {
        self.skip = count;
        self
    }

    /// Hits only every nth of the matching requests.
    pub fn every(mut self, nth: u32) -> Self {
        self.every = nth.max(1);
        self
    }

    /// Hits `count` requests.
    pub fn times(mut self, count: u32) -> Self {
        self.shots = Some(count);
        self
    }

    /// Hits for as long as the rule is there.
    pub fn always(mut self) -> Self {
        self.shots = None;
        self
    }

    /// Whether this request is hit; counts it.
    pub(super) fn take(&mut self, head: &RequestHead) -> Option<Fault> {
        if self.shots == Some(0) || !self.aim.matches(head) {
            return None;
        }
        self.seen += 1;
        if self.seen <= self.skip || !(self.seen - self.skip).is_multiple_of(self.every) {
            return None;
        }
        self.shots = self.shots.map(|shots| shots - 1);
        Some(self.fault.clone())
    }
}

/// Which requests a rule is for. Everything that is set must hold.
#[derive(Clone, Debug, Default)]
pub struct Aim {
    method: Option<&'static str>,
    path: Option<String>,
    part: Option<u16>,
    parts_after: Option<u16>,
    body_from: u64,
}

impl Aim {
    /// Any request of this method.
    pub fn method(method: &'static str) -> Self {
        Self { method: Some(method), ..Self::default() }
    }

    /// The PUT of a part, by its number.
    pub fn part(number: u16) -> Self {
        Self { part: Some(number), ..Self::method("PUT") }
    }

    /// The PUTs of all parts with a higher number.
    pub fn parts_after(number: u16) -> Self {
        Self { parts_after: Some(number), ..Self::method("PUT") }
    }

    /// A call of the API: a method, and what its path contains.
    pub fn call(method: &'static str, path: &str) -> Self {
        Self { path: Some(path.to_owned()), ..Self::method(method) }
    }

    /// Only bodies of at least this many bytes.
    pub fn body_from(mut self, bytes: u64) -> Self {
        self.body_from = bytes;
        self
    }

    fn matches(&self, head: &RequestHead) -> bool {
        self.method.is_none_or(|method| method == head.method)
            && self.path.as_ref().is_none_or(|path| head.path.contains(path))
            && self.part.is_none_or(|part| head.part() == Some(part))
            && self.parts_after.is_none_or(|last| head.part().is_some_and(|part| part > last))
            && head.body_bytes() >= self.body_from
    }
}

/// What happens to a request. Byte counts are of the request's body, unless they say otherwise.
#[derive(Clone, Debug)]
pub enum Fault {
    /// Closes both sides in order after this many bytes.
    Cut { after: u64 },
    /// Resets the browser's connection after this many bytes.
    Reset { after: u64 },
    /// Stops forwarding after this many bytes, and keeps the connection open.
    Stall { after: u64 },
    /// Forwards this many bytes, then ends the body upstream.
    Truncate { after: u64 },
    /// Turns over one bit of the byte at this offset.
    Corrupt { at: u64 },
    /// Sends this request at a rate, in bytes per second.
    Slow { bytes_per_second: u64 },
    /// Waits before anything is forwarded.
    Delay(Duration),
    /// Forwards nothing until the rules are cleared, and everything then.
    Hold,
    /// Reads the request and answers it here; upstream never sees it.
    Answer(Canned),
    /// Upstream does its work; the browser gets a reset in place of the answer.
    LoseAnswer,
    /// Upstream does its work; the answer never comes.
    HoldAnswer,
    /// Turns over one bit of the answer's body.
    CorruptAnswer { at: u64 },
    /// Closes after this many bytes of the answer's body.
    TruncateAnswer { after: u64 },
}

impl Fault {
    /// An S3 error answered in storage's place, readable by the page.
    pub fn s3_error(status: u16, code: &str) -> Self {
        let body = format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?><Error><Code>{code}</Code><Message>by the proxy</Message></Error>"
        );
        Self::Answer(Canned { status, content_type: "application/xml", body, readable: true })
    }

    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Cut { .. } => "cut",
            Self::Reset { .. } => "reset",
            Self::Stall { .. } => "stall",
            Self::Truncate { .. } => "truncate",
            Self::Corrupt { .. } => "corrupt",
            Self::Slow { .. } => "slow",
            Self::Delay(_) => "delay",
            Self::Hold => "hold",
            Self::Answer(_) => "answer",
            Self::LoseAnswer => "lose-answer",
            Self::HoldAnswer => "hold-answer",
            Self::CorruptAnswer { .. } => "corrupt-answer",
            Self::TruncateAnswer { .. } => "truncate-answer",
        }
    }

    /// Where in the request's body the fault strikes, if it does there.
    pub(super) fn strikes_at(&self) -> Option<u64> {
        match *self {
            Self::Cut { after } | Self::Reset { after } | Self::Stall { after } | Self::Truncate { after } => {
                Some(after)
            }
            _ => None,
        }
    }
}

/// An answer made by the proxy.
#[derive(Clone, Debug)]
pub struct Canned {
    pub status: u16,
    pub content_type: &'static str,
    pub body: String,
    /// Whether CORS lets the page read it. A gateway's own error often can't be read.
    pub readable: bool,
}

impl Canned {
    pub(super) fn bytes(&self) -> Vec<u8> {
        let cors = if self.readable { "Access-Control-Allow-Origin: *\r\n" } else { "" };
        format!(
            "HTTP/1.1 {} Proxy\r\nContent-Type: {}\r\n{cors}Content-Length: {}\r\n\r\n{}",
            self.status,
            self.content_type,
            self.body.len(),
            self.body
        )
        .into_bytes()
    }
}
