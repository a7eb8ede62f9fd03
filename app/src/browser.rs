//! The few things that views need of the browser and Leptos does not have.

use leptos::prelude::*;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;

const THEME_KEY: &str = "slipway-theme";

/// The static shell was for the time before this.
pub(crate) fn remove_shell() {
    if let Some(shell) = document().get_element_by_id("shell") {
        shell.remove();
    }
}

/// Brings an element into view and gives it the focus.
pub(crate) fn focus(id: &str) {
    let element = document().get_element_by_id(id).and_then(|element| element.dyn_into::<web_sys::HtmlElement>().ok());
    if let Some(element) = element {
        // Focus scrolls by itself. Refused only for an element that left the page this very moment.
        let _ = element.focus();
    }
}

/// Milliseconds since 1970, on this device's clock.
pub(crate) fn now_ms() -> u64 {
    js_sys::Date::now() as u64
}

/// Milliseconds since the page began, on a clock that nobody sets.
pub(crate) fn page_ms() -> u64 {
    window().performance().map_or(0.0, |clock| clock.now()) as u64
}

thread_local! {
    /// Making one takes 15 ms.
    static WRITER: js_sys::Function = time_writer();
}

/// Makes what [`local_time`] needs, so that the first row that shows a time need not wait for it.
pub(crate) fn prepare_times() {
    WRITER.with(|_| ());
}

/// Date and time as this user writes them.
pub(crate) fn local_time(ms: u64) -> String {
    let written = WRITER.with(|writer| writer.call1(&JsValue::UNDEFINED, &(ms as f64).into()));
    // It refuses only what is no time.
    written.ok().and_then(|text| text.as_string()).unwrap_or_default()
}

fn time_writer() -> js_sys::Function {
    let options = js_sys::Object::new();
    for field in ["year", "month", "day", "hour", "minute", "second"] {
        // A plain object takes any field.
        let _ = js_sys::Reflect::set(&options, &field.into(), &"numeric".into());
    }
    js_sys::Intl::DateTimeFormat::new(&js_sys::Array::new(), &options).format()
}

/// Whether nobody sees this tab.
pub(crate) fn is_hidden() -> bool {
    document().visibility_state() == web_sys::VisibilityState::Hidden
}

/// The chosen theme: `light`, `dark`, or none for the system's.
pub(crate) fn theme() -> Option<String> {
    document().document_element().and_then(|html| html.get_attribute("data-theme"))
}

/// Chooses a theme and keeps it, where the browser lets us.
pub(crate) fn set_theme(theme: Option<&str>) {
    let storage = window().local_storage().ok().flatten();
    let html = document().document_element();
    // Refused storage only means that the choice lasts as long as the page.
    let _ = match theme {
        Some(name) => (
            html.map(|html| html.set_attribute("data-theme", name)),
            storage.map(|storage| storage.set_item(THEME_KEY, name)),
        ),
        None => (
            html.map(|html| html.remove_attribute("data-theme")),
            storage.map(|storage| storage.remove_item(THEME_KEY)),
        ),
    };
}

/// What was kept on this device under this key.
pub(crate) fn kept(key: &str) -> Option<String> {
    window().local_storage().ok().flatten()?.get_item(key).ok().flatten()
}

/// Keeps a text on this device, or takes it away. Where the browser refuses, it lasts as long as the page.
pub(crate) fn keep(key: &str, text: Option<&str>) {
    let Some(storage) = window().local_storage().ok().flatten() else { return };
    let _ = match text {
        Some(text) => storage.set_item(key, text),
        None => storage.remove_item(key),
    };
}

/// Copies the text of a field. Over plain http there is no clipboard, but the older way works.
pub(crate) async fn copy(field: &web_sys::HtmlInputElement) -> bool {
    if window().is_secure_context() {
        let written = window().navigator().clipboard().write_text(&field.value());
        if JsFuture::from(written).await.is_ok() {
            return true;
        }
    }
    field.select();
    let old = document().dyn_into::<web_sys::HtmlDocument>();
    old.is_ok_and(|document| document.exec_command("copy").unwrap_or(false))
}

/// A length in pixels from a custom property of the element.
pub(crate) fn css_pixels(element: &web_sys::Element, property: &str) -> Option<f64> {
    let style = window().get_computed_style(element).ok().flatten()?;
    let length = js_sys::parse_float(&style.get_property_value(property).ok()?);
    length.is_finite().then_some(length)
}

/// The number that the text is; NaN for anything else. The standard library's tables for this are kilobytes to download.
pub(crate) fn number(text: &str) -> f64 {
    JsValue::from_str(text).unchecked_into_f64()
}

/// In small letters. The browser knows those of all scripts: our own table of them would be kilobytes to download.
pub(crate) fn lower(text: &str) -> String {
    match text.is_ascii() {
        true => text.to_ascii_lowercase(),
        false => js_sys::JsString::from(text).to_lower_case().into(),
    }
}

/// Whether what has the focus got it by the keyboard.
pub(crate) fn focus_is_visible() -> bool {
    document().active_element().is_some_and(|element| element.matches(":focus-visible").unwrap_or(false))
}

/// Whether a drag or a paste carries files.
pub(crate) fn has_files(data: Option<&web_sys::DataTransfer>) -> bool {
    data.is_some_and(|data| data.types().includes(&"Files".into(), 0))
}
