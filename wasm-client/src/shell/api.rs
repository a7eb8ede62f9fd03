//! Sends the calls of the functions, with a time-out, and reads their answers.

use futures::future::LocalBoxFuture;
use gloo_net::http::{Method, RequestBuilder};
use serde::Serialize;
use serde::de::DeserializeOwned;
use slipway_protocol::calls::{self, Call, Fault, GetHealth, Json, Reply, authorization};
use slipway_protocol::wire::link::MemberToken;
use web_sys::{AbortController, RequestCache, RequestCredentials};

use crate::browser::bindings;
use crate::browser::json;
use crate::browser::scheduling::timeout;

/// Longer than any call can take: API Gateway ends it after 30 s. In milliseconds.
const CALL_TIMEOUT_MS: u32 = 35_000;

/// The base URL of the functions.
#[derive(Clone, Debug)]
pub(crate) struct Api {
    base: String,
}

/// Bodies and answers as JSON.
pub(crate) struct PageJson;

impl Json for PageJson {
    fn write<T: Serialize>(value: &T) -> String {
        // Never fails, since wire types have string keys. `expect` would add the text of every serde_json error to the page.
        serde_json::to_string(value).unwrap_or_default()
    }

    fn read<T: DeserializeOwned>(text: &str) -> Option<T> {
        json::from_str(text)
    }
}

impl Api {
    /// `/api` of the page's own origin, unless `<meta name="slipway-api">` names another base.
    pub(crate) fn of_page() -> Self {
        let meta = bindings::window()
            .document()
            .and_then(|document| document.query_selector("meta[name=slipway-api]").ok().flatten())
            .and_then(|meta| meta.get_attribute("content"))
            .filter(|base| !base.is_empty());
        Self::at(meta.as_deref().unwrap_or(calls::BASE))
    }

    /// At this base URL.
    pub(crate) fn at(base: &str) -> Self {
        Self { base: base.trim_end_matches('/').to_owned() }
    }

    /// Makes a call outside of any room. Dropping the future aborts it.
    pub(crate) async fn call<C: Call>(&self, call: &C, token: Option<&MemberToken>) -> Result<C::Answer, Fault> {
        call.answer::<PageJson>(&self.send(&call.request::<PageJson>(), token).await?)
    }

    /// Sends a request and returns the answer's text. Not generic, and boxed, so that the page contains it once.
    pub(crate) fn send<'a>(
        &'a self,
        request: &'a calls::Request,
        token: Option<&'a MemberToken>,
    ) -> LocalBoxFuture<'a, Result<String, Fault>> {
        Box::pin(async move {
            let abort = AbortOnDrop(AbortController::new().map_err(|_| Fault::Network)?);
            let reply = async {
                let response = self.build(request, token, &abort)?.send().await.map_err(|_| Fault::Network)?;
                let body = response.text().await.map_err(|_| Fault::Network)?;
                Ok(Reply { status: response.status(), retry_after: response.headers().get("retry-after"), body })
            };
            timeout(CALL_TIMEOUT_MS, reply).await.unwrap_or(Err(Fault::Network))?.ok::<PageJson>()
        })
    }

    /// Whether the functions answer.
    pub(crate) async fn is_reachable(&self) -> bool {
        // An error is an answer as well, and proves the network.
        !matches!(self.call(&GetHealth {}, None).await, Err(Fault::Network))
    }

    fn build(
        &self,
        request: &calls::Request,
        token: Option<&MemberToken>,
        abort: &AbortOnDrop,
    ) -> Result<gloo_net::http::Request, Fault> {
        let mut builder = RequestBuilder::new(&format!("{}{}", self.base, request.path))
            .method(method(request.method))
            .cache(RequestCache::NoStore)
            // The token is sent in a header, never in a cookie.
            .credentials(RequestCredentials::Omit)
            .abort_signal(Some(&abort.0.signal()));
        for (name, value) in token.map(authorization).iter().chain(&request.headers) {
            builder = builder.header(name, value);
        }
        match &request.body {
            Some(body) => builder.body(body.as_str()),
            None => builder.build(),
        }
        .map_err(|_| Fault::Network)
    }
}

fn method(method: calls::Method) -> Method {
    match method {
        calls::Method::Get => Method::GET,
        calls::Method::Post => Method::POST,
        calls::Method::Delete => Method::DELETE,
    }
}

/// Aborts a running call when it is dropped. On a finished call it has no effect.
#[derive(Debug)]
struct AbortOnDrop(AbortController);

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        self.0.abort();
    }
}

#[cfg(test)]
mod tests {
    use slipway_protocol::calls::Done;
    use slipway_protocol::wire::error::ErrorCode;
    use wasm_bindgen_test::wasm_bindgen_test;

    use super::*;

    #[wasm_bindgen_test]
    fn our_error_bodies_keep_code_and_parts() {
        let text = r#"{"error":{"code":"parts-incomplete","message":"Two parts are missing.","requestId":"r1","parts":[2,7]}}"#;
        let reply = Reply { status: 409, retry_after: Some("3".into()), body: text.into() };
        let Err(Fault::Answer { error, status, retry_after }) = reply.ok::<PageJson>() else { panic!("no error") };
        assert_eq!((error.code, status, retry_after), (ErrorCode::PartsIncomplete, 409, Some(3)));
        assert_eq!(error.parts.iter().map(|part| part.get()).collect::<Vec<_>>(), [2, 7]);
    }

    #[wasm_bindgen_test]
    fn a_gateways_error_is_unknown_and_has_no_message() {
        for text in ["", "<html>Bad Gateway</html>", r#"{"message":"Service Unavailable"}"#] {
            let reply = Reply { status: 502, retry_after: None, body: text.into() };
            let Err(Fault::Answer { error, status, .. }) = reply.ok::<PageJson>() else { panic!("no error") };
            assert_eq!((error.code, status), (ErrorCode::Unknown, 502), "{text}");
            assert_eq!(error.message, "", "the page has its own text");
        }
    }

    #[wasm_bindgen_test]
    fn an_answer_that_is_not_ours_is_no_answer() {
        let health = |text| GetHealth {}.answer::<PageJson>(text);
        assert_eq!(health("<html>Log in to the hotel</html>").err(), Some(Fault::Network));
        assert_eq!(health(r#"{"status":"ok","version":"1"}"#).unwrap().status, "ok");
        assert!(PageJson::read::<Done>("null").is_some());
    }

    #[wasm_bindgen_test]
    async fn a_call_reaches_a_server_or_none() {
        let origin = bindings::window().location().origin().unwrap();
        let answer = Api::at(&format!("{origin}/no-such/")).call(&GetHealth {}, None).await;
        let Err(Fault::Answer { status, error, .. }) = answer else { panic!("the test's server has no such path") };
        assert_eq!((status, error.code), (404, ErrorCode::Unknown));
        let answer = Api::at("http://127.0.0.1:1").call(&GetHealth {}, None).await;
        assert_eq!(answer.err(), Some(Fault::Network));
    }
}
