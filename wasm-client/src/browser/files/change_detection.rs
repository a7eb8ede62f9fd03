//! Whether a read fails once the file on disk is another than the one that was picked.
//!
//! Chromium compares the file's time of last change, in whole seconds, and its length at each read. Firefox compares
//! nothing, and reads what is there now. No test within a page can find out: the files that a page may change itself
//! are those of its own origin, and for these Firefox does notice. So the browser is asked for its name, and
//! whatever does not name itself counts as one that notices nothing: that costs a second reading, and no bytes.

use js_sys::Array;
use wasm_bindgen::prelude::*;

use crate::browser::sys;

/// A file changed no longer ago than this may change again with the same time: file systems count in up to 2 s,
/// clocks of file servers differ, and a mapped file keeps its time for a while. In milliseconds.
const FRESH_MS: f64 = 60_000.0;

/// On these Chromium opens files of the disk itself. Android and ChromeOS hand out documents of other programs.
const PLATFORMS: [&str; 3] = ["Windows", "macOS", "Linux"];

/// Whether a change of a file would be noticed, by the time of its last change and the time now.
pub(super) fn notices_changes(modified: f64, now: f64) -> bool {
    modified.is_finite() && modified > 0.0 && modified + FRESH_MS < now && is_chromium()
}

/// Told by `navigator.userAgentData`, which secure pages have in Chromium and its kin only.
fn is_chromium() -> bool {
    let text = |of: &JsValue, name: &str| sys::get(of, name).and_then(|value| value.as_string()).unwrap_or_default();
    let Some(data) = sys::get(&sys::window().navigator(), "userAgentData") else { return false };
    let brands = sys::get(&data, "brands").and_then(|brands| brands.dyn_into::<Array>().ok()).unwrap_or_default();
    PLATFORMS.contains(&text(&data, "platform").as_str())
        && brands.iter().any(|brand| text(&brand, "brand") == "Chromium")
}

#[cfg(test)]
mod tests {
    use wasm_bindgen_test::wasm_bindgen_test;

    use super::*;

    const NOW: f64 = 1_700_000_000_000.0;

    #[wasm_bindgen_test]
    fn only_chromium_notices_and_only_what_was_at_rest() {
        let agent = sys::window().navigator().user_agent().unwrap();
        assert_eq!(notices_changes(NOW - 3_600_000.0, NOW), agent.contains("Chrome/"), "{agent}");
        for modified in [NOW, NOW - 2_000.0, NOW + 5_000.0, 0.0, f64::NAN] {
            assert!(!notices_changes(modified, NOW), "{modified}");
        }
    }
}
