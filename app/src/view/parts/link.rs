//! Links between pages.

use leptos::prelude::*;

use crate::model::router::is_above;
use crate::model::state;

/// A link to another page.
#[component]
pub(crate) fn A(
    #[prop(into)] href: String,
    #[prop(optional)] class: &'static str,
    /// Its accessible name, where that is not its content.
    #[prop(optional)]
    label: Option<&'static str>,
    children: Children,
) -> impl IntoView {
    let path = state::ctx().router.path;
    let to = href.clone();
    let current = move || path.with(|path| is_above(&to, path)).then_some("page");
    view! {
        <a href=href class=class aria-label=label aria-current=move || current()>
            {children()}
        </a>
    }
}
