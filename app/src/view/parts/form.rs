//! The error of a form.

use leptos::prelude::*;

/// Why a form was not accepted; an alert to screen readers.
#[component]
pub(crate) fn FormError(error: RwSignal<Option<String>>) -> impl IntoView {
    view! { <p class="form-error" role="alert">{move || error.get()}</p> }
}
