//! One call of the functions: JSON out, JSON in, a time-out, and errors that say what follows.

use futures::future::LocalBoxFuture;
use gloo_net::http::{Method, RequestBuilder, Response};
use serde::Serialize;
use serde::de::{DeserializeOwned, IgnoredAny};
use slipway_protocol::machine::CallFault;
use slipway_protocol::wire::IDEMPOTENCY_KEY;
use slipway_protocol::wire::error::{ApiError, ErrorBody, ErrorCode};
use slipway_protocol::wire::link::MemberToken;
use web_sys::{AbortController, RequestCache, RequestCredentials};

use crate::ClientError;
use crate::browser::json;
use crate::browser::scheduling::timeout;
use crate::browser::sys;

/// An answer can't come later: the HTTP API ends a call at 30 s. In milliseconds.
const CALL_MS: u32 = 35_000;

/// Where the functions are.
#[derive(Clone, Debug)]
pub(crate) struct Api {
    base: String,
}

/// A call, ready to be sent, and sent again.
#[derive(Debug)]
pub(crate) struct Call {
    method: Method,
    /// Behind the base, with its slash.
    path: String,
    body: Option<String>,
    idempotency_key: Option<String>,
}

/// Why a call did not work.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// No answer of ours: no network, no time left, or something in between answered.
    Network,
    /// An error answer.
    Answer {
        /// What it says.
        error: ApiError,
        /// HTTP status.
        status: u16,
        /// Seconds from `Retry-After`.
        retry_after: Option<u64>,
    },
}

impl Api {
    /// `/api` of the page's own origin, unless `<meta name="slipway-api">` names another base.
    pub(crate) fn of_page() -> Self {
        let meta = sys::window()
            .document()
            .and_then(|document| document.query_selector("meta[name=slipway-api]").ok().flatten())
            .and_then(|meta| meta.get_attribute("content"))
            .filter(|base| !base.is_empty());
        Self::at(meta.as_deref().unwrap_or("/api"))
    }

    /// At this base URL.
    pub(crate) fn at(base: &str) -> Self {
        Self { base: base.trim_end_matches('/').to_owned() }
    }

    /// Sends the call. Dropping the future aborts it.
    pub(crate) async fn send<T: DeserializeOwned>(&self, call: &Call, token: Option<&MemberToken>) -> Result<T, Fault> {
        read_answer(&self.send_for_text(call, token).await?)
    }

    /// The answer's text. Neither generic nor part of the caller, so that it is in the page once.
    pub(crate) fn send_for_text<'a>(
        &'a self,
        call: &'a Call,
        token: Option<&'a MemberToken>,
    ) -> LocalBoxFuture<'a, Result<String, Fault>> {
        Box::pin(self.ask(call, token))
    }

    async fn ask(&self, call: &Call, token: Option<&MemberToken>) -> Result<String, Fault> {
        let abort = AbortOnDrop(AbortController::new().map_err(|_| Fault::Network)?);
        let asked = async {
            let response = self.request(call, token, &abort)?.send().await.map_err(|_| Fault::Network)?;
            let text = response.text().await.map_err(|_| Fault::Network)?;
            Ok((response, text))
        };
        let (response, text) = timeout(CALL_MS, asked).await.unwrap_or(Err(Fault::Network))?;
        if response.ok() { Ok(text) } else { Err(read_error(&response, &text)) }
    }

    /// Whether the functions answer at all.
    pub(crate) async fn is_there(&self) -> bool {
        let call = Call::get("/health".into());
        !matches!(self.send::<IgnoredAny>(&call, None).await, Err(Fault::Network))
    }

    fn request(
        &self,
        call: &Call,
        token: Option<&MemberToken>,
        abort: &AbortOnDrop,
    ) -> Result<gloo_net::http::Request, Fault> {
        let mut request = RequestBuilder::new(&format!("{}{}", self.base, call.path))
            .method(call.method.clone())
            .cache(RequestCache::NoStore)
            // Tokens travel in the header; cookies never.
            .credentials(RequestCredentials::Omit)
            .abort_signal(Some(&abort.0.signal()));
        if let Some(token) = token {
            request = request.header("authorization", &format!("Bearer {}", token.expose()));
        }
        if let Some(key) = &call.idempotency_key {
            request = request.header(IDEMPOTENCY_KEY, key);
        }
        match &call.body {
            Some(body) => request.header("content-type", "application/json").body(body.as_str()),
            None => request.build(),
        }
        .map_err(|_| Fault::Network)
    }
}

impl Call {
    /// GET.
    pub(crate) fn get(path: String) -> Self {
        Self { method: Method::GET, path, body: None, idempotency_key: None }
    }

    /// DELETE.
    pub(crate) fn delete(path: String) -> Self {
        Self { method: Method::DELETE, path, body: None, idempotency_key: None }
    }

    /// POST with a JSON body.
    pub(crate) fn post(path: String, body: &impl Serialize) -> Self {
        // Never fails: wire types have string keys. A panic would bring the words for every error there is.
        let body = serde_json::to_string(body).unwrap_or_default();
        Self { method: Method::POST, path, body: Some(body), idempotency_key: None }
    }

    /// POST without a body.
    pub(crate) fn post_empty(path: String) -> Self {
        Self { method: Method::POST, path, body: None, idempotency_key: None }
    }

    /// Makes a repeated call one call.
    pub(crate) fn once(mut self, key: String) -> Self {
        self.idempotency_key = Some(key);
        self
    }
}

impl Fault {
    /// The stable code; none where there was no answer.
    pub(crate) fn code(&self) -> Option<ErrorCode> {
        match self {
            Self::Network => None,
            Self::Answer { error, .. } => Some(error.code),
        }
    }

    /// As the functions would say it of a room that this device is no member of.
    pub(crate) fn no_session() -> Self {
        let error = error_of(ErrorCode::TokenMissing);
        Self::Answer { error, status: ErrorCode::TokenMissing.status(), retry_after: None }
    }
}

impl From<Fault> for CallFault {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Network => Self::Network,
            Fault::Answer { error, status, retry_after } => {
                Self::Api { status, code: error.code, retry_after, parts: error.parts }
            }
        }
    }
}

impl From<Fault> for ClientError {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Network => Self::Offline,
            Fault::Answer { error, status, .. } => Self::Api(error, status),
        }
    }
}

/// Aborts what still runs when it is dropped. A finished call is not touched by it.
#[derive(Debug)]
struct AbortOnDrop(AbortController);

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// An answer that is not ours, such as a hotel's log-in page with status 200, counts as none.
pub(crate) fn read_answer<T: DeserializeOwned>(text: &str) -> Result<T, Fault> {
    let text = if text.trim().is_empty() { "null" } else { text };
    json::from_str(text).map_err(|_| Fault::Network)
}

fn read_error(response: &Response, text: &str) -> Fault {
    let retry_after = response.headers().get("retry-after").and_then(|value| value.trim().parse().ok());
    Fault::Answer { error: read_error_body(text), status: response.status(), retry_after }
}

/// The gateway in front of the functions has error bodies of its own.
fn read_error_body(text: &str) -> ApiError {
    match json::from_str::<ErrorBody>(text) {
        Ok(body) => body.error,
        Err(_) => error_of(ErrorCode::Unknown),
    }
}

/// Not the functions' own: the page has the words.
fn error_of(code: ErrorCode) -> ApiError {
    ApiError { code, message: String::new(), request_id: String::new(), field: None, parts: Vec::new() }
}

#[cfg(test)]
mod tests {
    use slipway_protocol::wire::id::PartNumber;
    use wasm_bindgen_test::wasm_bindgen_test;

    use super::*;

    #[wasm_bindgen_test]
    fn our_error_bodies_keep_code_and_parts() {
        let text = r#"{"error":{"code":"parts-incomplete","message":"Two parts are missing.","requestId":"r1","parts":[2,7]}}"#;
        let error = read_error_body(text);
        assert_eq!(error.code, ErrorCode::PartsIncomplete);
        let fault = Fault::Answer { error, status: 409, retry_after: Some(3) };
        let parts = [2, 7].into_iter().filter_map(PartNumber::new).collect();
        let call = CallFault::Api { status: 409, code: ErrorCode::PartsIncomplete, retry_after: Some(3), parts };
        assert_eq!(CallFault::from(fault.clone()), call);
        let error = ClientError::from(fault);
        let ClientError::Api(said, 409) = &error else { panic!("{error:?}") };
        assert_eq!((said.message.as_str(), error.code()), ("Two parts are missing.", Some(ErrorCode::PartsIncomplete)));
    }

    #[wasm_bindgen_test]
    fn a_gateways_error_is_unknown_and_has_no_words_of_ours() {
        for text in ["", "<html>Bad Gateway</html>", r#"{"message":"Service Unavailable"}"#] {
            let error = read_error_body(text);
            assert_eq!(error.code, ErrorCode::Unknown, "{text}");
            assert_eq!(error.message, "", "the page has the words");
        }
    }

    #[wasm_bindgen_test]
    fn an_answer_that_is_not_ours_is_no_answer() {
        assert_eq!(read_answer::<Vec<u8>>("<html>Log in to the hotel</html>"), Err(Fault::Network));
        assert_eq!(read_answer::<Vec<u8>>("[1]"), Ok(vec![1]));
        assert!(read_answer::<IgnoredAny>("").is_ok());
        assert_eq!(ClientError::from(Fault::Network), ClientError::Offline);
    }

    #[wasm_bindgen_test]
    async fn a_call_meets_a_server_or_none() {
        let origin = sys::window().location().origin().unwrap();
        let answer = Api::at(&format!("{origin}/no-such/")).send::<IgnoredAny>(&Call::get("/thing".into()), None).await;
        let Err(Fault::Answer { status, error, .. }) = answer else { panic!("the test's server knows no such path") };
        assert_eq!((status, error.code), (404, ErrorCode::Unknown));
        let answer = Api::at("http://127.0.0.1:1").send::<IgnoredAny>(&Call::get("/thing".into()), None).await;
        assert_eq!(answer.err(), Some(Fault::Network));
    }
}
