//! The HTTP version that the page was served with.

use wasm_bindgen::JsCast;
use web_sys::PerformanceResourceTiming;

use crate::browser::bindings;

/// Its ALPN name (RFC 7301); empty where the browser does not report it.
pub(crate) fn of_page() -> String {
    // Parts go to the page's own origin then, so the page's load tells the protocol of its PUTs (decision 11).
    let loads = bindings::window().performance().map(|performance| performance.get_entries_by_type("navigation"));
    // A PerformanceNavigationTiming is one of these.
    let load = loads.map(|loads| loads.get(0).unchecked_into::<PerformanceResourceTiming>());
    load.filter(|load| !load.is_undefined()).map(|load| load.next_hop_protocol()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use slipway_protocol::machine::network::lanes::of_own_host;
    use wasm_bindgen_test::wasm_bindgen_test;

    use super::*;

    #[wasm_bindgen_test]
    fn the_test_page_is_served_with_http_1() {
        assert_eq!((of_page().as_str(), of_own_host(&of_page())), ("http/1.1", 5));
    }
}
