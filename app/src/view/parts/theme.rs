//! The wordmark, and the switch of themes.

use leptos::prelude::*;

use super::{Glyph, Icon};
use crate::browser;
use crate::text::frame;
use crate::view::parts::A;

/// Logo and name; leads to the start page.
#[component]
pub(crate) fn Wordmark() -> impl IntoView {
    view! {
        <A href="/" class="brand" label=frame::PRODUCT_LINK>
            <svg class="logo" viewBox="0 0 32 32" aria-hidden="true">
                <rect class="logo-ground" width="32" height="32" rx="8"></rect>
                <path class="logo-ramp" d="M5 25H27V17z"></path>
                <path class="logo-hull" d="M6.2 20.2L25.6 12.9L22.6 19L8.9 24.1z"></path>
                <path class="logo-sail" d="M15.4 14.9V6L21.6 12.6z"></path>
            </svg>
            {frame::PRODUCT}
        </A>
    }
}

/// Cycles through the system's theme, light and dark.
#[component]
pub(crate) fn ThemeButton() -> impl IntoView {
    let theme = RwSignal::new(browser::theme());
    let turn = move |_| {
        let next = match theme.get_untracked().as_deref() {
            None => Some("light"),
            Some("light") => Some("dark"),
            Some(_) => None,
        };
        browser::set_theme(next);
        theme.set(next.map(Into::into));
    };
    let label = move || frame::theme(theme.get());
    let icon = move || match theme.get().as_deref() {
        None => view! { <Glyph icon=Icon::System/> },
        Some("light") => view! { <Glyph icon=Icon::Sun/> },
        Some(_) => view! { <Glyph icon=Icon::Moon/> },
    };
    view! {
        <button type="button" class="icon-btn" aria-label=move || label() title=move || label() on:click=turn>{move || icon()}</button>
    }
}
