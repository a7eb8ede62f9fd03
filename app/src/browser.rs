//! Browser APIs that views need and Leptos does not wrap.

use leptos::prelude::*;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;

const THEME_KEY: &str = "slipway-theme";

/// Removes the static shell of index.html, once the page itself is drawn.
pub(crate) fn remove_shell() {
    if let Some(shell) = document().get_element_by_id("shell") {
        shell.remove();
    }
}

/// Focuses an element, which also scrolls it into view.
pub(crate) fn focus(id: &str) {
    let element = document().get_element_by_id(id).and_then(|element| element.dyn_into::<web_sys::HtmlElement>().ok());
    if let Some(element) = element {
        // Fails only for an element that was removed in the meantime.
        let _ = element.focus();
    }
}

/// Milliseconds since 1970, on this device's clock.
pub(crate) fn now_ms() -> u64 {
    js_sys::Date::now() as u64
}

/// Milliseconds since the page was loaded, on a monotonic clock.
pub(crate) fn page_ms() -> u64 {
    window().performance().map_or(0.0, |clock| clock.now()) as u64
}

thread_local! {
    /// Creating a formatter takes 15 ms, so there is one.
    static TIME_FORMAT: js_sys::Function = time_format();
}

/// Creates the formatter of [`local_time`] ahead of the first row that shows a time.
pub(crate) fn prepare_time_format() {
    TIME_FORMAT.with(|_| ());
}

/// Date and time in the user's locale. `ms`: milliseconds since 1970.
pub(crate) fn local_time(ms: u64) -> String {
    let formatted = TIME_FORMAT.with(|format| format.call1(&JsValue::UNDEFINED, &(ms as f64).into()));
    // Fails only for a number outside of the range of dates.
    formatted.ok().and_then(|text| text.as_string()).unwrap_or_default()
}

fn time_format() -> js_sys::Function {
    let options = js_sys::Object::new();
    for field in ["year", "month", "day", "hour", "minute", "second"] {
        // Setting a field of a plain object never fails.
        let _ = js_sys::Reflect::set(&options, &field.into(), &"numeric".into());
    }
    js_sys::Intl::DateTimeFormat::new(&js_sys::Array::new(), &options).format()
}

/// Whether this tab is hidden.
pub(crate) fn is_hidden() -> bool {
    document().visibility_state() == web_sys::VisibilityState::Hidden
}

/// The chosen theme: `light`, `dark`, or none for the system's.
pub(crate) fn theme() -> Option<String> {
    document().document_element().and_then(|html| html.get_attribute("data-theme"))
}

/// Applies a theme and saves it, where the browser allows storage.
pub(crate) fn set_theme(theme: Option<&str>) {
    let storage = window().local_storage().ok().flatten();
    let html = document().document_element();
    // Without storage the choice is lost with the page.
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

/// A text saved on this device.
pub(crate) fn load_text(key: &str) -> Option<String> {
    window().local_storage().ok().flatten()?.get_item(key).ok().flatten()
}

/// Saves a text on this device, or removes it. Where the browser allows no storage, nothing happens.
pub(crate) fn save_text(key: &str, text: Option<&str>) {
    let Some(storage) = window().local_storage().ok().flatten() else { return };
    let _ = match text {
        Some(text) => storage.set_item(key, text),
        None => storage.remove_item(key),
    };
}

/// Copies the text of a field; false if the browser refuses. Over plain http there is no Clipboard API, but
/// `execCommand` still works.
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

/// Parses a number; NaN for anything else. The browser does it: the standard library's tables would add kilobytes to the
/// page.
pub(crate) fn parse_number(text: &str) -> f64 {
    JsValue::from_str(text).unchecked_into_f64()
}

/// Lower case. The browser does it: the standard library's Unicode tables would add kilobytes to the page.
pub(crate) fn to_lowercase(text: &str) -> String {
    match text.is_ascii() {
        // Most names: no copy to the browser and back.
        true => text.to_ascii_lowercase(),
        false => js_sys::JsString::from(text).to_lower_case().into(),
    }
}

/// Whether the focused element matches `:focus-visible`, that is, was focused by keyboard.
pub(crate) fn focus_is_visible() -> bool {
    document().active_element().is_some_and(|element| element.matches(":focus-visible").unwrap_or(false))
}

/// Whether a drag or a paste carries files.
pub(crate) fn has_files(data: Option<&web_sys::DataTransfer>) -> bool {
    data.is_some_and(|data| data.types().includes(&"Files".into(), 0))
}
