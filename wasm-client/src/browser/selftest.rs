//! Finds out why storage can't be reached.
//!
//! A browser tells the page nothing about why a request failed: no network, no such host
//! and a missing CORS rule all look alike. A request without CORS tells them apart: it
//! shows nothing of the answer, but it does show that there was one.

use std::cell::RefCell;
use std::collections::HashMap;

use gloo_net::http::{Method, RequestBuilder};
use slipway_protocol::machine::PutFault;
use web_sys::{RequestCache, RequestCredentials, RequestMode, Url};

use crate::browser::put::PutEvent;
use crate::browser::scheduling::timeout;
use crate::browser::{clock, sys};
use crate::shell::api::Api;
use crate::shell::notices::Notice;

/// A failing host is looked at again after so many milliseconds.
const AGAIN_MS: u64 = 30_000;
/// A host that does not answer within this is not there. In milliseconds.
const ANSWER_MS: u32 = 10_000;

/// Keys of the notices that end when storage takes a part.
pub(crate) const KEYS: [&str; 2] = ["storage-cors", "storage-unreachable"];

/// What is known of the hosts that parts are sent to.
#[derive(Debug, Default)]
pub(crate) struct SelfTest(RefCell<HashMap<String, Host>>);

#[derive(Clone, Copy, Debug, Default)]
struct Host {
    /// It took a part: its CORS rules are right.
    took: bool,
    /// It is in trouble since the last part that it took.
    failing: bool,
    asked_at: Option<u64>,
}

impl SelfTest {
    /// A part was stored. Tells whether the host was in trouble before.
    pub(crate) fn stored(&self, url: &str) -> bool {
        let Some(origin) = origin_of(url) else { return false };
        let before = self.0.borrow_mut().insert(origin, Host { took: true, ..Host::default() });
        before.is_some_and(|host| host.failing)
    }

    /// A PUT got no answer. Gives the host if it is worth a look now.
    pub(crate) fn failed(&self, url: &str) -> Option<Suspect> {
        let origin = origin_of(url)?;
        let mut hosts = self.0.borrow_mut();
        let host = hosts.entry(origin.clone()).or_default();
        host.failing = true;
        let now = clock::mono();
        if host.asked_at.is_some_and(|at| now < at + AGAIN_MS) {
            return None;
        }
        host.asked_at = Some(now);
        Some(Suspect { object: without_query(url)?, origin, took: host.took })
    }
}

/// A host that did not answer a PUT.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Suspect {
    origin: String,
    /// What the PUT was for, without its signature. The host's root may redirect to where the page may not go.
    object: String,
    took: bool,
}

impl Suspect {
    /// Looks at it. `None`: nothing can be said, such as when this page is offline itself.
    pub(crate) async fn diagnose(&self, api: &Api) -> Option<Notice> {
        // Our own origin needs no rules, and what is behind it answers with a status: the wire just broke.
        if self.is_own() || !clock::online() || !api.is_there().await {
            return None;
        }
        let answers = answers(&self.object).await;
        // A host that took parts before has its rules right: the wire just broke.
        if answers && self.took { None } else { Some(self.notice(answers)) }
    }

    fn is_own(&self) -> bool {
        sys::window().location().origin().is_ok_and(|own| own == self.origin)
    }

    fn notice(&self, answers: bool) -> Notice {
        let storage = self.origin.clone();
        match answers {
            true => Notice::StorageCors { storage, page: sys::window().location().origin().unwrap_or_default() },
            false => Notice::StorageUnreachable { storage: Some(storage) },
        }
    }
}

/// Whether a request goes to a path of the page's own origin, from where it is passed on to storage.
fn is_own_path(url: &str) -> bool {
    url.starts_with('/')
}

/// Nothing hides an ETag on our own origin: where there is none, something else than storage answered.
pub(crate) fn checked_on_own_origin(url: &str, event: PutEvent) -> PutEvent {
    match event {
        PutEvent::Stored(None) if is_own_path(url) => PutEvent::Failed(PutFault::Http { status: 502, code: None }),
        event => event,
    }
}

/// Whether what stands before storage on our own origin says that a part did not get there.
pub(crate) fn is_gateway_error(url: &str, fault: &PutFault) -> bool {
    is_own_path(url) && matches!(fault, PutFault::Http { status: 502..=504, code: None })
}

async fn answers(object: &str) -> bool {
    let request = RequestBuilder::new(object)
        .method(Method::HEAD)
        .mode(RequestMode::NoCors)
        .cache(RequestCache::NoStore)
        .credentials(RequestCredentials::Omit);
    timeout(ANSWER_MS, request.send()).await.is_some_and(|answer| answer.is_ok())
}

fn without_query(url: &str) -> Option<String> {
    whole(url).map(|url| url.origin() + &url.pathname())
}

fn origin_of(url: &str) -> Option<String> {
    whole(url).map(|url| url.origin())
}

/// Parts may go to paths of the page's own origin.
fn whole(url: &str) -> Option<Url> {
    Url::new_with_base(url, &sys::window().location().origin().ok()?).ok()
}

#[cfg(test)]
mod tests {
    use wasm_bindgen_test::wasm_bindgen_test;

    use super::*;

    const URL: &str = "https://bucket.example:9000/key?X-Amz-Signature=secret";

    #[wasm_bindgen_test]
    fn a_failing_host_is_looked_at_once_in_a_while() {
        let test = SelfTest::default();
        let suspect = test.failed(URL).unwrap();
        let (origin, object) = ("https://bucket.example:9000".into(), "https://bucket.example:9000/key".into());
        assert_eq!(suspect, Suspect { origin, object, took: false });
        assert_eq!(test.failed(URL), None);
        assert!(test.failed("https://other.example/key").is_some());
        assert!(test.stored(URL) && !test.stored(URL));
        assert!(test.failed(URL).unwrap().took);
        let own = sys::window().location().origin().unwrap();
        let suspect = test.failed("/storage/key?X-Amz-Signature=secret").unwrap();
        assert_eq!(suspect, Suspect { object: format!("{own}/storage/key"), origin: own, took: false });
        assert!(suspect.is_own() && !test.failed("https://third.example/key").unwrap().is_own());
    }

    #[wasm_bindgen_test]
    fn on_the_pages_own_origin_only_storage_shows_an_etag() {
        let stored = |etag: Option<&str>| PutEvent::Stored(etag.map(str::to_owned));
        let gateway = |status| PutFault::Http { status, code: None };
        assert_eq!(checked_on_own_origin(URL, stored(None)), stored(None), "hidden by CORS");
        assert_eq!(checked_on_own_origin("/storage/key", stored(Some("e"))), stored(Some("e")));
        assert_eq!(checked_on_own_origin("/storage/key", stored(None)), PutEvent::Failed(gateway(502)));
        assert!([502, 503, 504].into_iter().all(|status| is_gateway_error("/storage/key", &gateway(status))));
        assert!(!is_gateway_error(URL, &gateway(502)) && !is_gateway_error("/storage/key", &gateway(500)));
        let slow_down = PutFault::Http { status: 503, code: Some("SlowDown".into()) };
        assert!(!is_gateway_error("/storage/key", &slow_down), "storage itself");
    }

    #[wasm_bindgen_test]
    fn the_notice_names_both_sides_and_no_secret() {
        let suspect = SelfTest::default().failed(URL).unwrap();
        let (storage, page) = ("https://bucket.example:9000", sys::window().location().origin().unwrap());
        let cors = suspect.notice(true);
        assert_eq!(cors, Notice::StorageCors { storage: storage.into(), page });
        let unreachable = suspect.notice(false);
        assert_eq!(unreachable, Notice::StorageUnreachable { storage: Some(storage.into()) });
        assert_eq!([cors.key(), unreachable.key()], KEYS);
    }

    #[wasm_bindgen_test]
    async fn a_request_without_cors_tells_who_answers() {
        assert!(answers(&sys::window().location().origin().unwrap()).await);
        assert!(!answers("http://127.0.0.1:1").await);
    }
}
