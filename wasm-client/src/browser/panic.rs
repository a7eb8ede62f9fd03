//! When the page's code panics: stop acting on a state that may be half changed, and say so.
//!
//! The checkpoint is not touched: what was saved was saved before the step that depended on it.

use std::cell::Cell;

use wasm_bindgen::JsValue;
use web_sys::Node;

use crate::browser::sys;

thread_local! {
    static PANICKED: Cell<bool> = const { Cell::new(false) };
}

/// Whether the page's code has panicked. Nothing is fed to the machine after that.
pub(crate) fn panicked() -> bool {
    PANICKED.get()
}

/// Shows this sentence on panic, after what the hook before it does.
pub(crate) fn install(sentence: &'static str) {
    let before = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        let cause = info.to_string();
        web_sys::console::error_1(&JsValue::from_str(&cause));
        before(info);
        // A second panic follows from the first, and says nothing new.
        if !PANICKED.replace(true) {
            let _ = show(sentence, &cause);
        }
    }));
}

/// Written into the page by hand: the views may be what panicked. With the cause, for who reports it and has no console;
/// a screen reader says what to do, and does not spell out paths.
fn show(sentence: &str, cause: &str) -> Option<Node> {
    let document = sys::window().document()?;
    let notice = document.create_element("div").ok()?;
    notice.set_text_content(Some(sentence));
    for (name, value) in [("data-testid", "notice"), ("data-key", "panic"), ("role", "alert"), ("class", "panic")] {
        notice.set_attribute(name, value).ok()?;
    }
    let why = document.create_element("p").ok()?;
    why.set_text_content(Some(cause));
    why.set_attribute("aria-hidden", "true").ok()?;
    notice.append_child(&why).ok()?;
    document.body()?.append_child(&notice).ok()
}

#[cfg(test)]
mod tests {
    use wasm_bindgen::prelude::*;
    use wasm_bindgen_test::wasm_bindgen_test;

    use super::*;

    fn notices() -> Vec<String> {
        let all = sys::window().document().unwrap().query_selector_all("[data-key=panic]").unwrap();
        (0..all.length()).filter_map(|index| all.get(index)?.text_content()).collect()
    }

    #[wasm_bindgen_test]
    fn a_panic_is_told_once_on_the_page() {
        // The harness's own hook would take this panic for a test's failure, but is to hear of others.
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
            // A closure that was left by a panic is not to be touched again.
            caught.forget();
        }
        let told = notices();
        assert_eq!((told.len(), panicked()), (1, true));
        assert!(told[0].starts_with("The page hit an error.") && told[0].contains("panic.rs:"), "where: {told:?}");
        assert!(told[0].ends_with("as a test"), "why: {told:?}");
        PANICKED.set(false);
    }
}
