//! Reads wire types, records and tab messages from JSON: the browser parses, serde-wasm-bindgen converts.
//!
//! It accepts every text that `serde_json` writes for these types, and differs in what else it accepts:
//!
//! - An integer beyond 2^53 - 1 is refused, never rounded. The largest of Slipway's own is a local id of 53 bits.
//! - `1.0` and `1e3` are integers, as in JavaScript.
//! - Of a duplicated key the last one counts (ECMA-262, `JSON.parse`).
//! - A struct ignores unknown fields even if it has `deny_unknown_fields`, unless an untagged or internally tagged enum
//!   buffers it first. A tuple ignores extra elements. The functions, which read with `serde_json`, refuse both.
//! - A lone surrogate in a string becomes U+FFFD.

use js_sys::JSON;
use serde::de::DeserializeOwned;

/// Reads one value. `None`: the text is not JSON, or not JSON of this type.
///
/// Without an error, since the page has no place to show one.
pub(crate) fn from_str<T: DeserializeOwned>(text: &str) -> Option<T> {
    serde_wasm_bindgen::from_value(JSON::parse(text).ok()?).ok()
}

#[cfg(test)]
mod tests;
