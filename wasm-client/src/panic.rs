//! When the page's code panics: stop acting on a state that may be half changed, and say so.
//!
//! The checkpoint is not touched: what was saved was saved before the step that depended on it.

use std::cell::Cell;
use std::panic::PanicHookInfo;

use wasm_bindgen::{JsCast, JsValue};
use web_sys::HtmlElement;

use crate::sys;

/// What the user reads.
const TEXT: &str = "The page hit an error. Your uploads are saved; reload to go on.";

const STYLE: &str = "position:fixed;inset:0 0 auto 0;z-index:9999;padding:1rem;text-align:center;\
    background:#7f1d1d;color:#fff;font:1rem/1.4 system-ui,sans-serif";

thread_local! {
    static PANICKED: Cell<bool> = const { Cell::new(false) };
}

/// Whether the page's code has panicked. Nothing is fed to the machine after that.
pub(crate) fn panicked() -> bool {
    PANICKED.get()
}

/// Shows a notice on panic, after what the hook before it does.
pub(crate) fn install() {
    let before = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        log(info);
        before(info);
        // A second panic follows from the first, and says nothing new.
        if !PANICKED.replace(true) {
            show();
        }
    }));
}

fn log(info: &PanicHookInfo<'_>) {
    web_sys::console::error_1(&JsValue::from_str(&info.to_string()));
}

/// Written into the page by hand: the views may be what panicked.
fn show() {
    let shown = sys::window().document().and_then(|document| {
        let notice = document.create_element("div").ok()?;
        notice.set_text_content(Some(TEXT));
        for (name, value) in [
            ("data-testid", "notice"),
            ("data-key", "panic"),
            ("role", "alert"),
            ("class", "notice notice-error panic"),
        ] {
            notice.set_attribute(name, value).ok()?;
        }
        // Through the style object: a strict content security policy refuses the attribute.
        notice.unchecked_ref::<HtmlElement>().style().set_css_text(STYLE);
        document.body()?.append_child(&notice).ok()
    });
    if shown.is_none() {
        web_sys::console::error_1(&JsValue::from_str(TEXT));
    }
}

#[cfg(test)]
mod tests {
    use wasm_bindgen::prelude::*;
    use wasm_bindgen_test::wasm_bindgen_test;

    use super::*;

    fn notices() -> u32 {
        sys::window().document().unwrap().query_selector_all("[data-key=panic]").unwrap().length()
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
        install();
        assert_eq!((notices(), panicked()), (0, false));
        for _ in 0..2 {
            let caught = Closure::<dyn FnMut()>::new(|| panic!("as a test"));
            let call: &js_sys::Function = caught.as_ref().unchecked_ref();
            assert!(call.call0(&JsValue::NULL).is_err());
            // A closure that was left by a panic is not to be touched again.
            caught.forget();
        }
        assert_eq!((notices(), panicked()), (1, true));
        PANICKED.set(false);
    }
}
