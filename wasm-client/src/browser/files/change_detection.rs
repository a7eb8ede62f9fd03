//! Whether the browser fails to read a file that changed on disk after it was picked.
//!
//! Chromium compares the file's modification time, in whole seconds, and its length at each read. Firefox compares nothing,
//! and reads the current bytes. A page can't test for this: it can change only files of the origin-private file system, and
//! there Firefox does detect a change. So this asks for the browser's name. A browser without a name counts as one that
//! detects nothing, which costs a second reading of the file.

use js_sys::Array;
use wasm_bindgen::prelude::*;

use crate::browser::bindings;

/// A file modified more recently than this may change again with the same time: some file systems have a resolution of 2 s,
/// clocks of file servers differ, and a memory-mapped file updates its time late. In milliseconds.
const FRESH_MS: f64 = 60_000.0;

/// Platforms on which Chromium opens files on disk. On Android and ChromeOS, files may come from other programs.
const PLATFORMS: [&str; 3] = ["Windows", "macOS", "Linux"];

/// Whether a change of a file last modified at `modified` would be detected. Both times in milliseconds since 1970.
pub(super) fn notices_changes(modified: f64, now: f64) -> bool {
    modified.is_finite() && modified > 0.0 && modified + FRESH_MS < now && is_chromium()
}

/// By `navigator.userAgentData`, which only Chromium-based browsers have, in secure contexts.
fn is_chromium() -> bool {
    let text =
        |of: &JsValue, name: &str| bindings::get(of, name).and_then(|value| value.as_string()).unwrap_or_default();
    let Some(data) = bindings::get(&bindings::window().navigator(), "userAgentData") else { return false };
    let brands = bindings::get(&data, "brands").and_then(|brands| brands.dyn_into::<Array>().ok()).unwrap_or_default();
    PLATFORMS.contains(&text(&data, "platform").as_str())
        && brands.iter().any(|brand| text(&brand, "brand") == "Chromium")
}

#[cfg(test)]
mod tests {
    use wasm_bindgen_test::wasm_bindgen_test;

    use super::*;

    const NOW: f64 = 1_700_000_000_000.0;

    #[wasm_bindgen_test]
    fn only_chromium_detects_changes_and_only_of_files_not_modified_recently() {
        let agent = bindings::window().navigator().user_agent().unwrap();
        assert_eq!(notices_changes(NOW - 3_600_000.0, NOW), agent.contains("Chrome/"), "{agent}");
        for modified in [NOW, NOW - 2_000.0, NOW + 5_000.0, 0.0, f64::NAN] {
            assert!(!notices_changes(modified, NOW), "{modified}");
        }
    }
}
