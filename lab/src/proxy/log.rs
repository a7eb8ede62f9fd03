//! What went over the wire, without anything that must stay secret.

use std::sync::Mutex;
use std::time::{Duration, Instant};

use super::head::RequestHead;

/// Parameters whose values tell nothing secret. Of all others only the name is kept.
const PLAIN_PARAMETERS: [&str; 6] = ["partNumber", "uploadId", "uploads", "prefix", "list-type", "after"];

/// One request and its answer.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Since the proxy's start.
    pub began: Duration,
    /// Since the proxy's start; `None` while it runs.
    pub ended: Option<Duration>,
    pub method: String,
    /// Without the query.
    pub path: String,
    /// Values are kept only where they are no secret.
    pub query: Vec<(String, Option<String>)>,
    /// Of the body, as the request declared it.
    pub body_bytes: u64,
    /// Of the body, as forwarded so far.
    pub sent_bytes: u64,
    /// Of the answer's body, as forwarded so far.
    pub answer_bytes: u64,
    /// Of upstream's answer, whether or not the browser got it.
    pub status: Option<u16>,
    /// The fault that hit it.
    pub fault: Option<&'static str>,
    /// Whether the whole answer was passed on, to a browser that was still there.
    pub delivered: bool,
}

impl Entry {
    /// The part number of a part's PUT.
    pub fn part(&self) -> Option<u16> {
        self.parameter("partNumber")?.parse().ok()
    }

    /// Storage's id of the multipart upload.
    pub fn upload_id(&self) -> Option<&str> {
        self.parameter("uploadId")
    }

    /// Whether storage has these bytes now.
    pub fn is_stored_put(&self) -> bool {
        self.method == "PUT" && self.status == Some(200)
    }

    fn parameter(&self, key: &str) -> Option<&str> {
        self.query.iter().find(|(name, _)| name == key)?.1.as_deref()
    }
}

impl std::fmt::Display for Entry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let seconds = |time: Duration| format!("{:.3}", time.as_secs_f64());
        let part = self.part().map(|part| format!(" part {part}")).unwrap_or_default();
        let status = self.status.map_or_else(|| "no status".to_owned(), |status| status.to_string());
        let delivered = if self.delivered { "" } else { ", not delivered" };
        write!(
            f,
            "{}-{} {} {}{part}: {} of {} bytes, {status}{delivered}",
            seconds(self.began),
            self.ended.map(seconds).unwrap_or_default(),
            self.method,
            self.path,
            self.sent_bytes,
            self.body_bytes
        )?;
        self.fault.map_or(Ok(()), |fault| write!(f, ", {fault}"))
    }
}

#[derive(Debug)]
pub(super) struct Log {
    start: Instant,
    entries: Mutex<Vec<Entry>>,
}

impl Log {
    pub(super) fn new() -> Self {
        Self { start: Instant::now(), entries: Mutex::default() }
    }

    pub(super) fn entries(&self) -> Vec<Entry> {
        self.entries.lock().unwrap().clone()
    }

    pub(super) fn begin(&self, head: &RequestHead, fault: Option<&'static str>) -> usize {
        let entry = Entry {
            began: self.start.elapsed(),
            ended: None,
            method: head.method.clone(),
            path: head.path.clone(),
            query: head.query.iter().map(redacted).collect(),
            body_bytes: head.body_bytes(),
            sent_bytes: 0,
            answer_bytes: 0,
            status: None,
            fault,
            delivered: false,
        };
        let mut entries = self.entries.lock().unwrap();
        entries.push(entry);
        entries.len() - 1
    }

    pub(super) fn update(&self, index: usize, change: impl FnOnce(&mut Entry)) {
        change(&mut self.entries.lock().unwrap()[index]);
    }

    pub(super) fn end(&self, index: usize, delivered: bool) {
        let now = self.start.elapsed();
        self.update(index, |entry| {
            entry.ended = Some(now);
            entry.delivered = delivered;
        });
    }
}

fn redacted((key, value): &(String, String)) -> (String, Option<String>) {
    (key.clone(), PLAIN_PARAMETERS.contains(&key.as_str()).then(|| value.clone()))
}
