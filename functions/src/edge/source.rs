//! The source address of a call, for rate limits: from the CDN, the gateway or the socket, never from a header of the
//! caller.
//!
//! Behind the CDN, the gateway sees the CDN's addresses, which all callers share. So the CDN passes the caller's in a
//! header, beside a secret. Without the right secret that header is ignored.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::sync::Arc;

use axum::extract::ConnectInfo;
use http::request::Parts;
use http::{Extensions, HeaderMap, HeaderName};
use lambda_http::request::RequestContext;
use subtle::ConstantTimeEq as _;

/// The header with the CDN's secret, as `infra/template.yaml` sets it.
pub const X_CDN_SECRET: HeaderName = HeaderName::from_static("x-slipway-cdn");
/// The caller's address, as the CDN saw it.
pub const X_VIEWER: HeaderName = HeaderName::from_static("x-slipway-viewer");
/// The length that the template generates.
const MIN_SECRET_CHARS: usize = 32;

/// The secret that the CDN sends with each call.
#[derive(Clone)]
pub struct CdnSecret(Arc<str>);

impl CdnSecret {
    /// None for one that is too short to be a secret.
    pub fn new(text: &str) -> Option<Self> {
        (text.len() >= MIN_SECRET_CHARS).then(|| Self(text.into()))
    }

    pub(super) fn is_shown(&self, headers: &HeaderMap) -> bool {
        let shown = headers.get(X_CDN_SECRET).map_or(&b""[..], |value| value.as_bytes());
        // Constant time for secrets of equal length. The length itself is no secret.
        bool::from(self.0.as_bytes().ct_eq(shown))
    }
}

impl fmt::Debug for CdnSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CdnSecret")
    }
}

/// A source address. Of IPv6 only the /64 counts, since a host owns all of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source(String);

impl Source {
    /// The source of a call. `secret`: the one of the CDN, if there is one.
    pub fn of(parts: &Parts, secret: Option<&CdnSecret>) -> Self {
        let cdn = secret.filter(|secret| secret.is_shown(&parts.headers)).and_then(|_| viewer(&parts.headers));
        let addr = cdn.or_else(|| gateway_address(&parts.extensions)).or_else(|| socket_address(&parts.extensions));
        // Calls without an address share one limit instead of having none.
        addr.map_or_else(|| Self("unknown".to_owned()), Self::from)
    }
}

impl From<IpAddr> for Source {
    fn from(addr: IpAddr) -> Self {
        Self(network(addr))
    }
}

fn viewer(headers: &HeaderMap) -> Option<IpAddr> {
    headers.get(X_VIEWER)?.to_str().ok()?.trim().parse().ok()
}

fn socket_address(extensions: &Extensions) -> Option<IpAddr> {
    extensions.get::<ConnectInfo<SocketAddr>>().map(|ConnectInfo(addr)| addr.ip())
}

fn gateway_address(extensions: &Extensions) -> Option<IpAddr> {
    match extensions.get::<RequestContext>()? {
        RequestContext::ApiGatewayV2(context) => context.http.source_ip.as_ref()?.parse().ok(),
        _ => None,
    }
}

fn network(addr: IpAddr) -> String {
    // An IPv4 address in IPv6 form counts as IPv4: all of `::ffff:0:0/96` is within one /64.
    match addr.to_canonical() {
        IpAddr::V4(addr) => addr.to_string(),
        IpAddr::V6(addr) => {
            let [a, b, c, d, ..] = addr.segments();
            format!("{}/64", Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbours_in_one_ipv6_network_are_one_source() {
        assert_eq!(network("2001:db8:1:2:3:4:5:6".parse().unwrap()), "2001:db8:1:2::/64");
        assert_eq!(network("2001:db8:1:2::9".parse().unwrap()), "2001:db8:1:2::/64");
    }

    #[test]
    fn a_mapped_ipv4_address_is_that_address() {
        assert_eq!(network("::ffff:192.0.2.7".parse().unwrap()), "192.0.2.7");
    }
}
