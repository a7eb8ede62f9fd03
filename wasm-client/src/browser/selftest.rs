//! Finds out whether a host answers.
//!
//! A `no-cors` request hides the answer, but not whether there was one (Fetch, opaque responses).

use gloo_net::http::{Method, RequestBuilder};
use slipway_protocol::machine::network::self_test::Findings;
use web_sys::{RequestCache, RequestCredentials, RequestMode, Url};

use crate::browser::scheduling::timeout;
use crate::browser::{bindings, clock};
use crate::shell::api::Api;

/// A host that does not answer within this counts as unreachable. In milliseconds.
const ANSWER_MS: u32 = 10_000;

/// Findings about the host that a PUT to `url` did not reach. It requests the object without the signature, not the host's
/// root, which may redirect to an origin that the page's content-security-policy forbids.
pub(crate) async fn examine(url: &str, api: &Api) -> Findings {
    let is_own = origin_of(url).is_some_and(|origin| origin == own_origin());
    let functions_answer = !is_own && clock::online() && api.is_reachable().await;
    let storage_answers = functions_answer && answers(&without_query(url).unwrap_or_default()).await;
    Findings { is_own, functions_answer, storage_answers }
}

/// The origin of a part's URL, which may be a path of the page's own origin.
pub(crate) fn origin_of(url: &str) -> Option<String> {
    resolve(url).map(|url| url.origin())
}

/// The origin of this page.
pub(crate) fn own_origin() -> String {
    bindings::window().location().origin().unwrap_or_default()
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
    resolve(url).map(|url| url.origin() + &url.pathname())
}

fn resolve(url: &str) -> Option<Url> {
    Url::new_with_base(url, &own_origin()).ok()
}

#[cfg(test)]
mod tests {
    use wasm_bindgen_test::wasm_bindgen_test;

    use super::*;

    const URL: &str = "https://bucket.example:9000/key?X-Amz-Signature=secret";

    #[wasm_bindgen_test]
    fn the_request_has_no_signature() {
        assert_eq!(origin_of(URL).as_deref(), Some("https://bucket.example:9000"));
        assert_eq!(without_query(URL).as_deref(), Some("https://bucket.example:9000/key"));
        let own = "/storage/key?X-Amz-Signature=secret";
        assert_eq!(origin_of(own), Some(own_origin()));
        assert_eq!(without_query(own), Some(format!("{}/storage/key", own_origin())));
    }

    #[wasm_bindgen_test]
    async fn the_own_origin_is_recognized() {
        let found = examine("/storage/key", &Api::at("http://127.0.0.1:1")).await;
        assert_eq!(found, Findings { is_own: true, functions_answer: false, storage_answers: false });
    }

    #[wasm_bindgen_test]
    async fn a_request_without_cors_tells_whether_a_host_answers() {
        assert!(answers(&own_origin()).await);
        assert!(!answers("http://127.0.0.1:1").await);
    }
}
