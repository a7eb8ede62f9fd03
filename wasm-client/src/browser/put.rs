//! One PUT of a slice of the file to storage, by XMLHttpRequest: the only interface that reports upload progress.
//!
//! The body is the slice itself, or a small file unsliced. The browser reads it from disk while it sends, so memory use does
//! not depend on its size. An ArrayBuffer would be held in memory whole, and Chromium sends it slowly.

use std::cell::Cell;
use std::rc::Rc;

use gloo_timers::callback::Timeout;
use slipway_protocol::machine::PutFault;
use slipway_protocol::machine::network::storage_answer;
use slipway_protocol::wire::SignedRequest;
use wasm_bindgen::prelude::*;
use web_sys::{Blob, ProgressEvent, XmlHttpRequest, XmlHttpRequestResponseType};

use crate::browser::listener::Listener;
use crate::browser::{clock, files};

/// Least time between two progress reports of one PUT, in milliseconds.
const PROGRESS_MS: u64 = 100;
/// If no byte of a PUT was sent within this, the file is probed: WebKitGTK never ends the PUT of a file that changed. Less
/// than the machine's watchdog. In milliseconds.
const STALL_MS: u32 = 10_000;
/// Set by the browser itself, which refuses them (Fetch, forbidden request-header names).
const FORBIDDEN: [&str; 3] = ["content-length", "host", "connection"];
const CONTENT_TYPE: &str = "content-type";

/// Events of a PUT.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum PutEvent {
    /// Bytes handed to the network so far; more than storage has received.
    Sent(u64),
    /// Storage has it. The ETag is `None` where CORS hides it. The last event.
    Stored(Option<String>),
    /// It failed. The last event.
    Failed(PutFault),
}

/// A PUT in flight. Dropping it aborts the request; no event follows.
#[derive(Debug)]
pub(crate) struct Put {
    xhr: XmlHttpRequest,
    /// Dropped with the request, so nothing of it outlives it.
    _listeners: Vec<Listener>,
    _stall_check: Timeout,
    is_live: Rc<Cell<bool>>,
}

impl Put {
    /// Sends `body` as the request says. `on_event` is called in tasks of its own, never during this call.
    ///
    /// # Errors
    /// The URL or a header is not one that a browser can send.
    pub(crate) fn start(
        body: &Blob,
        request: &SignedRequest,
        on_event: impl Fn(PutEvent) + 'static,
    ) -> Result<Self, BadRequest> {
        let xhr = open(request, body)?;
        let is_live = Rc::new(Cell::new(true));
        let reporter = Rc::new(Reporter {
            on_event: Box::new(on_event),
            is_live: is_live.clone(),
            last_report: Cell::new(0),
            has_sent: Cell::new(false),
        });
        let listeners = listen(&xhr, &reporter, body, &request.url);
        xhr.send_with_opt_blob(Some(body)).map_err(|_| BadRequest)?;
        let body = body.clone();
        let stall_check = Timeout::new(STALL_MS, move || reporter.check_stalled(&body));
        Ok(Self { xhr, _listeners: listeners, _stall_check: stall_check, is_live })
    }
}

impl Drop for Put {
    fn drop(&mut self) {
        self.is_live.set(false);
        // Aborting a request that is done does nothing.
        let _ = self.xhr.abort();
    }
}

/// A browser can't send the signed request. Never printed, since it contains a signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct BadRequest;

fn open(request: &SignedRequest, body: &Blob) -> Result<XmlHttpRequest, BadRequest> {
    let xhr = XmlHttpRequest::new().map_err(|_| BadRequest)?;
    xhr.open_with_async(&request.method, &request.url, true).map_err(|_| BadRequest)?;
    xhr.set_response_type(XmlHttpRequestResponseType::Text);
    for (name, value) in &request.headers {
        if !FORBIDDEN.contains(&name.to_ascii_lowercase().as_str()) {
            xhr.set_request_header(name, value).map_err(|_| BadRequest)?;
        }
    }
    // A whole file sends its own type, a slice none. Storage must not keep a type that a browser would run.
    if !body.type_().is_empty() && !request.headers.keys().any(|name| name.eq_ignore_ascii_case(CONTENT_TYPE)) {
        xhr.set_request_header(CONTENT_TYPE, "application/octet-stream").map_err(|_| BadRequest)?;
    }
    Ok(xhr)
}

struct Reporter {
    on_event: Box<dyn Fn(PutEvent)>,
    is_live: Rc<Cell<bool>>,
    /// On the monotonic clock, in milliseconds.
    last_report: Cell<u64>,
    has_sent: Cell<bool>,
}

impl Reporter {
    /// Fails the PUT if nothing was sent and the file can't be read any more.
    fn check_stalled(self: &Rc<Self>, body: &Blob) {
        if self.has_sent.get() || !self.is_live.get() {
            return;
        }
        let (reporter, body) = (self.clone(), body.clone());
        wasm_bindgen_futures::spawn_local(async move {
            if let Err(fault) = files::probe(&body).await
                && !reporter.has_sent.get()
            {
                reporter.report(PutEvent::Failed(PutFault::Read(fault)));
            }
        });
    }

    fn report(&self, event: PutEvent) {
        if self.is_live.get() {
            (self.on_event)(event);
        }
    }

    /// Forwards fewer progress events than the browser sends, one per 50 ms and PUT.
    fn progress(&self, event: &ProgressEvent) {
        self.has_sent.set(self.has_sent.get() || event.loaded() > 0.0);
        let now = clock::mono();
        let is_complete = event.length_computable() && event.loaded() >= event.total();
        if is_complete || now >= self.last_report.get() + PROGRESS_MS {
            self.last_report.set(now);
            self.report(PutEvent::Sent(event.loaded() as u64));
        }
    }
}

fn listen(xhr: &XmlHttpRequest, reporter: &Rc<Reporter>, body: &Blob, url: &str) -> Vec<Listener> {
    let mut listeners = Vec::with_capacity(3);
    if let Ok(upload) = xhr.upload() {
        let reporter = reporter.clone();
        listeners.push(Listener::new(&upload, "progress", move |event| reporter.progress(event.unchecked_ref())));
    }
    for name in ["load", "error"] {
        let (request, reporter, body, url) = (xhr.clone(), reporter.clone(), body.clone(), url.to_owned());
        listeners.push(Listener::new(xhr, name, move |_| finish(&reporter, outcome_of(&request, &url), &body)));
    }
    listeners
}

/// Reports the outcome. A fault that the file may have caused is reported only after the file was probed.
fn finish(reporter: &Rc<Reporter>, event: PutEvent, body: &Blob) {
    let may_be_the_file =
        matches!(&event, PutEvent::Failed(fault) if storage_answer::may_be_the_file(fault, reporter.has_sent.get()));
    if !may_be_the_file {
        return reporter.report(event);
    }
    let (reporter, body) = (reporter.clone(), body.clone());
    wasm_bindgen_futures::spawn_local(async move {
        reporter.report(match files::probe(&body).await {
            Ok(()) => event,
            Err(fault) => PutEvent::Failed(PutFault::Read(fault)),
        });
    });
}

fn outcome_of(xhr: &XmlHttpRequest, url: &str) -> PutEvent {
    let status = xhr.status().unwrap_or(0);
    // Asking for a header by name would log a console error for every part where CORS hides it.
    let headers = xhr.get_all_response_headers().unwrap_or_default();
    let body = xhr.response_text().ok().flatten().unwrap_or_default();
    storage_answer::outcome(url, status, &headers, &body).map_or_else(PutEvent::Failed, PutEvent::Stored)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use slipway_protocol::machine::ReadFault;
    use slipway_protocol::wire::id::PartNumber;
    use wasm_bindgen_test::wasm_bindgen_test;

    use super::*;
    use crate::testing::{Recorder, file, file_in, open as open_file, opfs_folder, sleep, write};

    /// The test's own server, which answers a PUT with an error.
    fn here() -> String {
        format!("{}/no-such-thing", crate::browser::bindings::window().location().origin().unwrap())
    }

    /// Nothing listens on port 1, and browsers block it.
    const NOWHERE: &str = "http://127.0.0.1:1/bucket/key";

    fn request(url: &str, header: (&str, &str)) -> SignedRequest {
        SignedRequest {
            part_number: PartNumber::FIRST,
            method: "PUT".into(),
            url: url.into(),
            headers: BTreeMap::from([(header.0.to_owned(), header.1.to_owned())]),
            expires_in_seconds: 900,
        }
    }

    fn body() -> Blob {
        files::slice(&file("a", b"abcdef"), 1, 3).unwrap()
    }

    async fn outcome(body: Blob, url: &str) -> PutEvent {
        let recorder = Recorder::new();
        let _put =
            Put::start(&body, &request(url, ("content-md5", "kAFQmDzST7DWlj99KOF/cg==")), recorder.callback()).unwrap();
        for _ in 0..500 {
            if let Some(last) = recorder.all().iter().find(|event| !matches!(event, PutEvent::Sent(_))) {
                return last.clone();
            }
            sleep(10).await;
        }
        panic!("no outcome");
    }

    #[wasm_bindgen_test]
    async fn an_error_answer_has_its_status() {
        let PutEvent::Failed(PutFault::Http { status, code }) = outcome(body(), &here()).await else {
            panic!("an answer came")
        };
        assert!((400..600).contains(&status), "{status}");
        assert_eq!(code, None);
    }

    #[wasm_bindgen_test]
    async fn no_answer_is_a_network_fault() {
        assert_eq!(outcome(body(), NOWHERE).await, PutEvent::Failed(PutFault::Network));
    }

    #[wasm_bindgen_test]
    async fn a_file_that_changed_is_not_a_network_fault() {
        let handle = file_in(&opfs_folder().await, "a", b"abcdef").await;
        let body = files::slice(&open_file(&handle).await.into(), 0, 6).unwrap();
        write(&handle, b"something else").await;
        let PutEvent::Failed(PutFault::Read(fault)) = outcome(body, NOWHERE).await else {
            panic!("the file can't be read")
        };
        // Firefox reports a rewritten file of the origin-private file system as gone.
        assert!(matches!(fault, ReadFault::Changed | ReadFault::Gone), "{fault:?}");
    }

    #[wasm_bindgen_test]
    async fn a_dropped_put_reports_nothing() {
        let recorder = Recorder::new();
        let put = Put::start(&body(), &request(&here(), ("x-amz-meta-a", "b")), recorder.callback()).unwrap();
        let xhr = put.xhr.clone();
        drop(put);
        sleep(300).await;
        assert_eq!(recorder.all(), []);
        assert_eq!(xhr.ready_state(), XmlHttpRequest::UNSENT);
    }

    #[wasm_bindgen_test]
    fn what_a_browser_cannot_send_is_refused() {
        for (url, header) in [("http://", ("a", "b")), (NOWHERE, ("not a name", "b")), (NOWHERE, ("a", "two\nlines"))] {
            assert_eq!(Put::start(&body(), &request(url, header), |_| ()).err(), Some(BadRequest), "{url} {header:?}");
        }
        assert!(Put::start(&body(), &request(NOWHERE, ("Content-Length", "3")), |_| ()).is_ok());
    }
}
