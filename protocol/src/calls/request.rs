//! A call as plain data, ready for any HTTP client.

use crate::prelude::*;
use core::fmt;

use crate::wire::link::MemberToken;

/// The HTTP method of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Method {
    /// Reads.
    Get,
    /// Creates or changes something.
    Post,
    /// Removes something.
    Delete,
}

impl Method {
    /// The method's name in HTTP.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Delete => "DELETE",
        }
    }
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Who may make a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Access {
    /// Anyone; no token is sent.
    Open,
    /// Anyone. With the token of an earlier session, valid or expired, the member stays the same.
    Joining,
    /// A member, with its token.
    Member,
}

/// What all calls of one type share.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Route {
    /// The type's name.
    pub name: &'static str,
    /// The method.
    pub method: Method,
    /// The path after [`BASE`](super::BASE), with fields of the call in braces.
    pub path: &'static str,
    /// Who may call.
    pub access: Access,
    /// Whether the call has a body.
    pub has_body: bool,
}

/// A call, ready to be sent any number of times. The token is not part of it: see [`authorization`].
#[derive(Clone, PartialEq, Eq)]
// Without the token: a call is repeated with a new one when the old one has run out, and requests are printed in
// errors (decision 14).
pub struct Request {
    /// The method.
    pub method: Method,
    /// The path after [`BASE`](super::BASE), from its slash, with the query.
    pub path: String,
    /// Who may call: whether a token is sent.
    pub access: Access,
    /// Names in lower case.
    pub headers: Vec<(&'static str, String)>,
    /// JSON.
    pub body: Option<String>,
}

impl Request {
    pub(super) fn new(route: &Route, path: String) -> Self {
        Self { method: route.method, path, access: route.access, headers: Vec::new(), body: None }
    }

    pub(super) fn push_query(&mut self, name: &str, value: &str) {
        self.path.push('?');
        self.path.push_str(name);
        self.path.push('=');
        push_encoded(&mut self.path, value);
    }

    pub(super) fn set_body(&mut self, json: String) {
        self.headers.push(("content-type", "application/json".to_owned()));
        self.body = Some(json);
    }
}

// Without query, headers and body, which may contain tokens: debug output ends up in logs.
impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.method, self.path.split('?').next().unwrap_or_default())
    }
}

/// The header that authenticates the caller. Never logged.
pub fn authorization(token: &MemberToken) -> (&'static str, String) {
    ("authorization", format!("Bearer {}", token.expose()))
}

/// Percent-encodes everything but the unreserved characters (RFC 3986, section 2.3).
fn push_encoded(path: &mut String, value: &str) {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    for byte in value.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            path.push(char::from(byte));
        } else {
            path.extend(['%', char::from(HEX[usize::from(byte >> 4)]), char::from(HEX[usize::from(byte & 15)])]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_cannot_end_the_query() {
        let encoded = |value: &str| {
            let mut path = String::new();
            push_encoded(&mut path, value);
            path
        };
        assert_eq!(encoded("1790000000000.MDEyMzQ1Njc4OWFiY2RlZg"), "1790000000000.MDEyMzQ1Njc4OWFiY2RlZg");
        assert_eq!(encoded("a&b=c#d%e+f g/ü"), "a%26b%3Dc%23d%25e%2Bf%20g%2F%C3%BC");
    }

    #[test]
    fn neither_token_nor_body_is_printed() {
        let request = Request {
            method: Method::Post,
            path: "/rooms/x/members?after=secret".into(),
            access: Access::Joining,
            headers: vec![("x", "secret".into())],
            body: Some("secret".into()),
        };
        assert_eq!(format!("{request:?}"), "POST /rooms/x/members");
        assert_eq!(authorization(&MemberToken::from_bytes([0; 32])).1, format!("Bearer {}", "A".repeat(43)));
    }
}
