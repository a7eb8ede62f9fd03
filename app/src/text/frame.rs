//! What every page shows: the header, dialogs, notices, and pages that can't be shown.

/// The product's name, also at the end of the document's title.
pub const PRODUCT: &str = "Slipway";
/// The accessible name of the link on the product's name.
pub const PRODUCT_LINK: &str = "Slipway, start page";
/// The first stop of the Tab key.
pub const SKIP: &str = "Skip to content";
/// Tooltip of the progress in the header.
pub const PROGRESS: &str = "All uploads of this device together";
/// What a screen reader says while a page is on its way.
pub const LOADING: &str = "Loading";
/// The button of a page that can't be shown.
pub const TO_START: &str = "To the start page";
/// The button that closes a question without doing anything.
pub const GO_BACK: &str = "Go back";
/// The button that closes a dialog.
pub const CLOSE: &str = "Close";
/// The accessible name of a notice's button.
pub const DISMISS_NOTICE: &str = "Dismiss this notice";

/// Heading of an address that is not one of the page's.
pub const NOT_FOUND: &str = "There is nothing here";
/// The sentence under [`NOT_FOUND`].
pub const NOT_FOUND_TEXT: &str =
    "The address is not one of Slipway's. Room links begin with /r/ and are long: copy the whole of it.";

/// The label of the theme button; none is the system's theme.
pub fn theme(chosen: Option<String>) -> String {
    format!("Theme: {}", chosen.unwrap_or_else(|| "as the system".into()))
}
