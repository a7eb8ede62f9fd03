//! The control for the speed limit.

use leptos::prelude::*;

use crate::model::cap::CHOICES;
use crate::model::state;
use crate::text::panel;
use crate::view::parts::Show;

/// Sets the limit of all uploads together.
#[component]
pub(crate) fn Cap() -> impl IntoView {
    let ctx = state::ctx();
    let (choice, custom) = ctx.cap;
    let is_set = move || choice.with(|choice| choice != "none");
    view! {
        <span class="cap">
            <label class="cap-label">
                <span>{panel::SPEED_LIMIT}</span>
                <select class="select" data-testid="speed-cap" aria-describedby=move || is_set().then_some("cap-help") bind:value=choice>
                    {CHOICES.map(|choice| view! { <option value=choice>{panel::limit(choice)}</option> }).collect_view()}
                    <option value="custom">{panel::OTHER_LIMIT}</option>
                </select>
            </label>
            <Show when=move || choice.with(|choice| choice == "custom")>
                <label class="cap-custom">
                    <input type="number" min="0.1" step="any" inputmode="decimal" aria-label=panel::LIMIT_FIELD bind:value=custom/>
                    {panel::LIMIT_UNIT}
                </label>
            </Show>
            <Show when=is_set>
                <span class="cap-help" id="cap-help">{panel::LIMIT_HELP}</span>
            </Show>
        </span>
    }
}
