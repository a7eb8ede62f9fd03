//! Formats of URLs and paths in variables.

use crate::storage::PublicEndpoint;

pub(super) const URL: &str = "http:// or https:// and a host, without a path";
pub(super) const ENDPOINT: &str = "http:// or https:// and a host, with no path but the bucket";
pub(super) const PATH: &str = "one name behind a slash, of a-z, 0-9 and -, such as /storage; not /api, /r or /ws";
/// Paths of the API, of rooms and of the WebSocket.
const RESERVED: [&str; 3] = ["api", "r", "ws"];

/// Scheme and authority only, without a trailing slash, as in an `Origin` header.
pub(super) fn url(text: &str) -> Option<String> {
    let uri: http::Uri = text.parse().ok()?;
    let scheme = uri.scheme_str().filter(|scheme| matches!(*scheme, "http" | "https"))?;
    let authority = uri.authority().filter(|authority| !authority.as_str().contains('@'))?;
    let bare = uri.path() == "/" && uri.query().is_none();
    bare.then(|| format!("{scheme}://{authority}"))
}

/// A URL without a path, or with the bucket as its path.
pub(super) fn endpoint(text: &str, bucket: &str) -> Option<PublicEndpoint> {
    if let Some(url) = url(text) {
        return Some(PublicEndpoint { url, path_style: false });
    }
    let host = text.trim_end_matches('/').strip_suffix(bucket)?.strip_suffix('/')?;
    url(host).map(|url| PublicEndpoint { url, path_style: true })
}

/// A path of the page's origin that neither the page nor the API uses.
pub(super) fn path(text: String) -> Option<String> {
    let name = text.strip_prefix('/')?;
    let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    let is_free = !name.is_empty() && name.bytes().all(is_plain) && !RESERVED.contains(&name);
    is_free.then_some(text)
}
