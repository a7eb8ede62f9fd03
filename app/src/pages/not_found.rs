//! An address that is none of ours.

use leptos::prelude::*;

use crate::view::parts::{Icon, Lost};

/// The page for every other path.
#[component]
pub(crate) fn NotFound() -> impl IntoView {
    view! {
        <Lost
            icon=Icon::Link
            title="There is nothing here".into()
            text="The address is not one of Slipway's. Room links begin with /r/ and are long: copy the whole of it.".into()
        />
    }
}
