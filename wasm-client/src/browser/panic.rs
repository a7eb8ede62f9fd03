//! A panic of the page's code: the shell stops, since its state may be half changed, and the page says so.
//!
//! The checkpoint stays valid: each record is saved before the step that depends on it.

use std::cell::Cell;

use wasm_bindgen::JsValue;
use web_sys::Node;

use crate::browser::bindings;

thread_local! {
    static PANICKED: Cell<bool> = const { Cell::new(false) };
}

/// Whether the page's code has panicked. Nothing is fed to the machine after that.
pub(crate) fn panicked() -> bool {
    PANICKED.get()
}

/// Shows this sentence on a panic, after the hook that was installed before.
pub(crate) fn install(sentence: &'static str) {
    let previous = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        let cause = info.to_string();
        web_sys::console::error_1(&JsValue::from_str(&cause));
        previous(info);
        // A second panic is a consequence of the first.
        if !PANICKED.replace(true) {
            let _ = show(sentence, &cause);
        }
    }));
}

/// Adds the notice to the document itself, since the views may be what panicked. It shows the cause too, for reports by
/// people without a console, but hides it from screen readers, which would spell out paths.
fn show(sentence: &str, cause: &str) -> Option<Node> {
    let document = bindings::window().document()?;
    let notice = document.create_element("div").ok()?;
    notice.set_text_content(Some(sentence));
    for (name, value) in [("data-testid", "notice"), ("data-key", "panic"), ("role", "alert"), ("class", "panic")] {
        notice.set_attribute(name, value).ok()?;
    }
    let detail = document.create_element("p").ok()?;
    detail.set_text_content(Some(cause));
    detail.set_attribute("aria-hidden", "true").ok()?;
    notice.append_child(&detail).ok()?;
    document.body()?.append_child(&notice).ok()
}

#[cfg(test)]
mod tests {
    use wasm_bindgen::prelude::*;
    use wasm_bindgen_test::wasm_bindgen_test;

    use super::*;

    fn notices() -> Vec<String> {
        let all = bindings::window().document().unwrap().query_selector_all("[data-key=panic]").unwrap();
        (0..all.length()).filter_map(|index| all.get(index)?.text_content()).collect()
    }

    #[wasm_bindgen_test]
    fn a_panic_is_shown_once_on_the_page() {
        // The harness's own hook would count this panic as a failure. It gets all others.
        let harness = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            if info.payload_as_str() != Some("as a test") {
                harness(info);
            }
        }));
        install("The page hit an error.");
        assert_eq!((notices().len(), panicked()), (0, false));
        for _ in 0..2 {
            let caught = Closure::<dyn FnMut()>::new(|| panic!("as a test"));
            let call: &js_sys::Function = caught.as_ref().unchecked_ref();
            assert!(call.call0(&JsValue::NULL).is_err());
            // A panic left the closure borrowed: dropping it would panic again.
            caught.forget();
        }
        let shown = notices();
        assert_eq!((shown.len(), panicked()), (1, true));
        assert!(shown[0].starts_with("The page hit an error.") && shown[0].contains("panic.rs:"), "where: {shown:?}");
        assert!(shown[0].ends_with("as a test"), "why: {shown:?}");
        PANICKED.set(false);
    }
}
