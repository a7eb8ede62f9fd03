//! How many requests the browser sends at once to the host that the page is from.

use slipway_protocol::machine::network::lanes::{MOST, PER_OWN_HOST};
use wasm_bindgen::JsCast;
use web_sys::PerformanceResourceTiming;

use crate::browser::sys;

/// PUTs in flight where parts go to the page's own origin. From HTTP/2 on the requests share one connection and nothing
/// waits for another; in HTTP/1.1 the calls to the functions need one of the six.
pub(crate) fn lanes_of_own_host() -> u8 {
    if is_shared(&protocol()) { MOST } else { PER_OWN_HOST }
}

/// Whether the protocol, by its ALPN name (RFC 7301), has many requests on one connection.
fn is_shared(protocol: &str) -> bool {
    protocol == "h2" || protocol.starts_with("h3")
}

/// What the page itself came by; empty where the browser does not say.
fn protocol() -> String {
    let loads = sys::window().performance().map(|performance| performance.get_entries_by_type("navigation"));
    // A PerformanceNavigationTiming is one of these.
    let load = loads.map(|loads| loads.get(0).unchecked_into::<PerformanceResourceTiming>());
    load.filter(|load| !load.is_undefined()).map(|load| load.next_hop_protocol()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use wasm_bindgen_test::wasm_bindgen_test;

    use super::*;

    #[wasm_bindgen_test]
    fn many_lanes_from_http_2_on() {
        assert!(["h2", "h3", "h3-29"].into_iter().all(is_shared));
        assert!(["", "http/1.1", "http/1.0", "h2c-no"].into_iter().all(|other| !is_shared(other)));
    }

    #[wasm_bindgen_test]
    fn the_page_of_the_tests_comes_by_http_1() {
        assert_eq!((protocol().as_str(), lanes_of_own_host()), ("http/1.1", 5));
    }
}
