//! What screen readers are told of uploads that need somebody. Those that are done, `state` tells.

use leptos::prelude::*;
use wasm_client::{Stage, View};

use crate::names::visible;
use crate::state::{self, Uploads};
use crate::{format, texts};

/// A region of its own, so that one message does not take the place of another.
#[component]
pub(crate) fn Announcer() -> impl IntoView {
    let ctx = state::ctx();
    let said = RwSignal::new(String::new());
    Effect::new(move |before: Option<Uploads>| {
        let now = ctx.uploads.get();
        if let Some(text) = before.and_then(|before| news(now.all(), |view| before.get(view.id).map(|old| old.stage))) {
            said.set(text);
        }
        now
    });
    view! { <p class="sr-only" role="status" aria-live="polite" data-testid="announcer">{said}</p> }
}

/// The uploads that have just stopped or come to need their file, in a sentence or two. `before` gives the stage that
/// an upload was in; one that was not there is no news, since the page has just restored it.
fn news(now: &[View], before: impl Fn(&View) -> Option<Stage>) -> Option<String> {
    let needs_somebody = |stage| matches!(stage, Stage::Failed | Stage::Expired | Stage::NeedsFile);
    let is_fresh = |view: &&View| needs_somebody(view.stage) && before(view).is_some_and(|stage| stage != view.stage);
    let mut fresh = now.iter().filter(is_fresh);
    let first = fresh.next()?;
    let name = visible(&first.name);
    Some(match fresh.count() as u64 {
        0 => format!("{name}: {}", texts::status_text(first)),
        more => {
            format!("{} need you. The first is {name}: {}", format::count(more + 1, "file"), texts::status_text(first))
        }
    })
}
