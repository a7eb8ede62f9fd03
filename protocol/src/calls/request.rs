//! A call as plain data, ready for any HTTP client.

use std::fmt;

use crate::wire::link::MemberToken;

/// The HTTP method of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Method {
    /// Reads.
    Get,
    /// Makes or changes something.
    Post,
    /// Takes something away.
    Delete,
}

impl Method {
    /// As HTTP writes it.
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
    /// Anyone. With the token of an earlier session, dead or alive, the same member goes on.
    Joining,
    /// A member, by its token.
    Member,
}

/// What all calls of one type have in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Route {
    /// The type's name.
    pub name: &'static str,
    /// The method.
    pub method: Method,
    /// The path behind [`BASE`](super::BASE), with fields of the call in braces.
    pub path: &'static str,
    /// Who may call.
    pub access: Access,
    /// Whether the call has a body.
    pub has_body: bool,
}

/// A call, ready to be sent, and sent again. The token is not part of it: see [`authorization`].
#[derive(Clone, PartialEq, Eq)]
pub struct Request {
    /// The method.
    pub method: Method,
    /// Behind [`BASE`](super::BASE), with its slash and its query.
    pub path: String,
    /// Whether a token goes with it.
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

// Neither query nor values: a body may hold an auth token, and debug output ends up in logs.
impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.method, self.path.split('?').next().unwrap_or_default())
    }
}

/// The header that shows who calls. Never logged.
pub fn authorization(token: &MemberToken) -> (&'static str, String) {
    ("authorization", format!("Bearer {}", token.expose()))
}

/// Percent-encodes all but the unreserved characters (RFC 3986, section 2.3).
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
    fn a_value_of_the_query_cannot_end_it() {
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
