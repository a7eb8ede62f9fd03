//! The HTTP API as values: one small type for each call.
//!
//! A call knows its method, path, query, headers and body, who may make it, the type of its answer, whether an answer matches
//! the request, and how to request the next page. A [`Fault`] says what a failure means. All of it is plain data, so a shell
//! needs only one function, which is not generic: send a [`Request`], return a [`Reply`].
//!
//! ```text
//! call.request::<J>() ─> Request ─> (shell: token, send) ─> Reply ─> reply.ok::<J>() ─> call.answer::<J>(&text)
//! ```
//!
//! The shell also picks the JSON library, as [`Json`]. To change a route, start at [`ROUTES`].

mod complete;
mod events;
#[cfg(any(test, feature = "examples"))]
pub mod examples;
mod json;
mod pages;
mod reply;
mod request;
mod table;

use crate::prelude::*;
use serde::Serialize;
use serde::de::{DeserializeOwned, IgnoredAny};

pub use complete::{CompleteAll, CompleteOutcome, CompletedAny};
pub use events::Removals;
pub use json::Json;
#[cfg(any(test, feature = "serde_json"))]
pub use json::SerdeJson;
pub use pages::{Paged, Pages};
pub use reply::{CallFault, Fault, Reply};
pub use request::{Access, Method, Request, Route, authorization};
pub use table::*;

use crate::wire::IDEMPOTENCY_KEY;

/// The prefix of every path, unless the page names another base.
pub const BASE: &str = "/api";

/// The answer of a call that returns nothing.
pub type Done = IgnoredAny;

/// One call of the API.
pub trait Call {
    /// The body, sent as JSON; `()` for none.
    type Body: Serialize;
    /// The answer, received as JSON.
    type Answer: DeserializeOwned;

    /// Method, path template and who may call.
    const ROUTE: Route;

    /// The path after [`BASE`], without the query.
    fn path(&self) -> String;

    /// The query's only parameter, not yet encoded.
    fn query(&self) -> Option<(&'static str, String)> {
        None
    }

    /// The body.
    fn body(&self) -> Option<&Self::Body> {
        None
    }

    /// The idempotency key: calls with the same key take effect once.
    fn idempotency_key(&self) -> Option<&str> {
        None
    }

    /// Whether the answer has one entry for each entry of the request. Callers match them by position.
    fn is_answered_by(&self, _: &Self::Answer) -> bool {
        true
    }

    /// The call as plain data.
    fn request<J: Json>(&self) -> Request {
        let mut request = Request::new(&Self::ROUTE, self.path());
        if let Some((name, value)) = self.query() {
            request.push_query(name, &value);
        }
        if let Some(key) = self.idempotency_key() {
            request.headers.push((IDEMPOTENCY_KEY, key.to_owned()));
        }
        if let Some(body) = self.body() {
            request.set_body(J::write(body));
        }
        request
    }

    /// Parses the text from [`Reply::ok`].
    ///
    /// # Errors
    /// [`Fault::Network`] for a foreign answer, such as a captive portal's page with status 200, and for an answer that does
    /// not match the request.
    fn answer<J: Json>(&self, text: &str) -> Result<Self::Answer, Fault> {
        // `Done` ignores any JSON, but an empty body is none.
        let text = if text.trim().is_empty() { "null" } else { text };
        J::read(text).filter(|answer| self.is_answered_by(answer)).ok_or(Fault::Network)
    }
}

#[cfg(test)]
mod tests;
