//! Announces uploads that need the user to screen readers. Completed ones have a live region of their own, so that one
//! message does not replace the other.

use leptos::prelude::*;

use crate::model::state;

/// The region.
#[component]
pub(crate) fn Announcer() -> impl IntoView {
    let ctx = state::ctx();
    view! {
        <p class="sr-only" role="status" aria-live="polite" data-testid="announcer">{move || ctx.alert.get()}</p>
    }
}
