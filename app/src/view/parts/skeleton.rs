//! Placeholders: a page that is loading, and one that can't be shown.

use leptos::prelude::*;

use super::{Glyph, Icon};
use crate::text::frame;
use crate::view::parts::A;

/// A loading page.
#[component]
pub(crate) fn Skeleton() -> impl IntoView {
    view! {
        <p class="sr-only" role="status">{frame::LOADING}</p>
        <div class="skeleton skeleton-title"></div>
        <div class="skeleton skeleton-line"></div>
        <div class="skeleton skeleton-card"></div>
    }
}

/// A page that can't be shown: why, and where to go.
#[component]
pub(crate) fn Lost(
    title: String,
    text: String,
    #[prop(default = Icon::Warning)] icon: Icon,
    #[prop(optional)] children: Option<Children>,
) -> impl IntoView {
    view! {
        <section class="lost" data-testid="lost">
            <span class="lost-icon"><Glyph icon/></span>
            <h1>{title}</h1>
            <p>{text}</p>
            <div class="lost-buttons">
                {children.map(|children| children())}
                <A href="/" class="btn">{frame::TO_START}</A>
            </div>
        </section>
    }
}
