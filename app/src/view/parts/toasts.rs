//! Short messages that disappear after some seconds.

use leptos::prelude::*;

use super::{For, Glyph, Icon};
use crate::model::state;

/// All toasts. Screen readers announce additions only to a live region that exists already, so it is never removed.
#[component]
pub(crate) fn Toasts() -> impl IntoView {
    let ctx = state::ctx();
    view! {
        <div class="toasts" role="status" aria-live="polite">
            <For each=move || ctx.toasts.get() key=|toast| toast.number let:toast>
                <p class="toast" class:toast-bad=toast.bad>
                    <Glyph icon=if toast.bad { Icon::Warning } else { Icon::Check }/>
                    <span>{toast.text}</span>
                </p>
            </For>
        </div>
    }
}
