//! What screen readers are told of uploads that need somebody. Those that are done have a region of their own, so that
//! one message does not take the place of another.

use leptos::prelude::*;
use wasm_client::View;

use crate::names::visible;
use crate::{format, state, texts};

/// The region.
#[component]
pub(crate) fn Announcer() -> impl IntoView {
    let ctx = state::ctx();
    view! {
        <p class="sr-only" role="status" aria-live="polite" data-testid="announcer">{move || ctx.alarm.get()}</p>
    }
}

/// So many uploads have just stopped or come to need their file, this one among them.
pub(crate) fn news(count: u64, one: &View) -> String {
    let (name, why) = (visible(&one.name), texts::status_text(one));
    match count {
        0 | 1 => format!("{name}: {why}"),
        more => format!("{} need you. One is {name}: {why}", format::count(more, "file")),
    }
}
