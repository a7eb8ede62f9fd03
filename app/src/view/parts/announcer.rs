//! What screen readers are told of uploads that need the user. Those that are done have a region of their own, so that
//! one message does not take the place of another.

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
