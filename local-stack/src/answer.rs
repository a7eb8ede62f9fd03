//! An answer of the API, as a test asserts on it.

use http::{HeaderMap, StatusCode};
use serde::de::DeserializeOwned;
use serde_json::Value;
use slipway_protocol::wire::error::{ApiError, ErrorBody, ErrorCode};

/// What a call was answered with, whichever way it was made.
#[derive(Clone, Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: String,
}

impl Answer {
    /// The body of a call that has to succeed.
    ///
    /// # Panics
    /// For any other status, and for JSON of another shape.
    #[track_caller]
    pub fn ok<T: DeserializeOwned>(self) -> T {
        assert!(self.status.is_success(), "{} {}", self.status, self.body);
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.body))
    }

    /// The error of a call that has to fail with this code. Its status, request id and sentence are checked, too.
    ///
    /// # Panics
    /// For any other answer.
    #[track_caller]
    pub fn failed(self, code: ErrorCode) -> ApiError {
        let body: ErrorBody =
            serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("{} {}", self.status, self.body));
        assert_eq!(body.error.code, code, "{}", self.body);
        assert_eq!(self.status.as_u16(), code.status());
        assert_eq!(self.headers["x-request-id"], body.error.request_id.as_str());
        assert!(body.error.message.ends_with('.'), "a sentence: {}", body.error.message);
        body.error
    }

    /// The JSON without its request id: what two answers must share to be the same.
    ///
    /// # Panics
    /// For what is not JSON.
    pub fn without_id(&self) -> Value {
        let mut json: Value = serde_json::from_str(&self.body).expect("JSON");
        if let Some(error) = json.get_mut("error").and_then(Value::as_object_mut) {
            error.remove("requestId");
        }
        json
    }
}
