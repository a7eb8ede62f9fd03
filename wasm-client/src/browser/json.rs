//! Reads wire types, records and tab messages from JSON: the browser parses, serde-wasm-bindgen converts.
//!
//! It accepts every text that `serde_json` writes for these types. In what else it accepts it is more lenient:
//!
//! - `1.0`, `1e3` and `-0` are integers, as in JavaScript.
//! - A number beyond an `f64`, such as `1e400`, is infinite.
//! - Of a duplicated key the last one counts (ECMA-262, `JSON.parse`).
//! - A struct ignores unknown fields even if it has `deny_unknown_fields`, unless an untagged or internally tagged enum
//!   buffers it first. A tuple ignores extra elements. The functions, which read with `serde_json`, refuse both.
//! - An array is a map if its elements convert as `[key, value]` pairs: `[["a","b"]]` is `{"a":"b"}`, and `[]` is empty. The
//!   same goes for a struct with a flattened field. Refusing it takes a second deserializer around that of
//!   serde-wasm-bindgen, too much code for what is left of the page's budget (decision 7). Its size was not measured.
//! - An array is a struct without fields, so it is refused only where a field is required.
//! - A lone surrogate in a string becomes U+FFFD.
//!
//! And stricter:
//!
//! - An integer beyond 2^53 - 1 is refused, never rounded. The largest of Slipway's own is a local id of 53 bits.
//! - An array of a struct's fields in their order is not that struct.
//! - Text nested deeper than [`MAX_DEPTH`] is refused everywhere. `serde_json` skips any depth in an unknown field.

use js_sys::{Array, JSON};
use serde::de::DeserializeOwned;
use wasm_bindgen::prelude::*;

/// Most arrays and objects within one another, as in `serde_json`. Conversion recurses, and a stack overflow traps the page.
const MAX_DEPTH: usize = 127;

#[wasm_bindgen]
extern "C" {
    /// `Reflect.apply`: calls `f`. The error is what it threw.
    #[wasm_bindgen(catch, js_namespace = Reflect, js_name = apply)]
    fn apply(f: &mut dyn FnMut(), this: &JsValue, arguments: &Array) -> Result<JsValue, JsValue>;
}

/// Reads one value. `None`: the text is not JSON, or not JSON of this type.
///
/// The reason is dropped, since the page shows no parse errors.
pub(crate) fn from_str<T: DeserializeOwned>(text: &str) -> Option<T> {
    let mut read = None;
    run_caught(&mut || read = parse(text).and_then(|value| serde_wasm_bindgen::from_value(value).ok()));
    read
}

fn parse(text: &str) -> Option<JsValue> {
    if is_too_deep(text) { None } else { JSON::parse(text).ok() }
}

/// Runs `f` up to the first exception.
///
/// serde-wasm-bindgen 0.6 throws where a map is expected and an array with `null` found: it reads `null[0]` through a getter
/// that is not marked `catch`. The exception skips destructors, so what was converted so far leaks, but it holds no lock.
fn run_caught(f: &mut dyn FnMut()) {
    let _thrown = apply(&mut || f(), &JsValue::UNDEFINED, &Array::new()).err();
}

/// Counts brackets outside of strings. What is not JSON may be counted wrong: `JSON.parse` refuses it.
fn is_too_deep(text: &str) -> bool {
    let (mut depth, mut in_string, mut escaped) = (0_usize, false, false);
    text.bytes().any(|byte| {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = in_string,
            b'"' => in_string = !in_string,
            b'[' | b'{' if !in_string => depth += 1,
            b']' | b'}' if !in_string => depth = depth.saturating_sub(1),
            _ => {}
        }
        depth > MAX_DEPTH
    })
}

#[cfg(test)]
mod tests;
