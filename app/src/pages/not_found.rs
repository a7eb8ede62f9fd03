//! Addresses that lead nowhere.

use leptos::prelude::*;

use crate::text::frame::{NOT_FOUND, NOT_FOUND_TEXT};
use crate::view::parts::{Icon, Lost};

/// The page for every other path.
#[component]
pub(crate) fn NotFound() -> impl IntoView {
    view! {
        <Lost icon=Icon::Link title=NOT_FOUND.into() text=NOT_FOUND_TEXT.into()/>
    }
}
