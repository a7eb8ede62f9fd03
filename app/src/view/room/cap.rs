//! The speed limit, as it is chosen.

use leptos::prelude::*;

use crate::model::cap::CHOICES;
use crate::model::state;
use crate::view::parts::Show;

/// Limits all uploads together.
#[component]
pub(crate) fn Cap() -> impl IntoView {
    let ctx = state::ctx();
    let (choice, custom) = ctx.cap;
    let is_set = move || choice.with(|choice| choice != "none");
    view! {
        <span class="cap">
            <label class="cap-label">
                <span>"Speed limit"</span>
                <select class="select" data-testid="speed-cap" aria-describedby=move || is_set().then_some("cap-help") bind:value=choice>
                    {CHOICES.map(|(value, words)| view! { <option value=value>{words}</option> }).collect_view()}
                    <option value="custom">"Other…"</option>
                </select>
            </label>
            <Show when=move || choice.with(|choice| choice == "custom")>
                <label class="cap-custom">
                    <input type="number" min="0.1" step="any" inputmode="decimal" aria-label="Limit in megabytes per second" bind:value=custom/>
                    "MB/s"
                </label>
            </Show>
            <Show when=is_set>
                <span class="cap-help" id="cap-help">
                    "An average: parts already on their way go at full speed, so it can be passed by one part."
                </span>
            </Show>
        </span>
    }
}
