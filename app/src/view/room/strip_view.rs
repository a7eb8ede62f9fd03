//! The strip of parts: an SVG, and a progress bar for screen readers.

use leptos::prelude::*;
use wasm_client::View;

use crate::model::strip;
use crate::text::names::visible;
use crate::text::{self, panel};

/// The strip of one upload.
#[component]
pub(crate) fn Strip(view: Memo<View>) -> impl IntoView {
    let cells = Memo::new(move |_| view.with(|view| view.parts.strip.clone()));
    let percent = Memo::new(move |_| view.with(|view| view.percent));
    let text = Memo::new(move |_| view.with(text::progress_text));
    let whole = Memo::new(move |_| view.with(|view| view.parts.count <= 1));
    let label = view.with_untracked(|view| panel::upload_of(&visible(&view.name)));
    let drawing = move || match whole.get() {
        true => view! { <Bar percent/> }.into_any(),
        false => view! { <Cells cells/> }.into_any(),
    };
    view! {
        <div
            class="strip"
            role="progressbar"
            data-testid="upload-progress"
            aria-label=label
            aria-valuemin="0"
            aria-valuemax="100"
            aria-valuenow=percent
            aria-valuetext=text
            title=text
        >
            {move || drawing()}
        </div>
    }
}

/// A plain bar, for a file of one part.
#[component]
fn Bar(percent: Memo<u8>) -> impl IntoView {
    view! {
        <svg viewBox="0 0 100 1" preserveAspectRatio="none" aria-hidden="true">
            <rect class="cell-planned" width="100" height="1"></rect>
            <rect class="cell-stored" width=percent height="1"></rect>
        </svg>
    }
}

#[component]
fn Cells(cells: Memo<Vec<wasm_client::Cell>>) -> impl IntoView {
    let frame = move || format!("0 0 {} 1", cells.with(Vec::len).max(1));
    let paths = strip::KINDS.map(|(kind, class)| {
        let d = Memo::new(move |_| cells.with(|cells| strip::path(cells, kind)));
        view! { <path class=format!("cell-{class}") d=d></path> }
    });
    view! {
        <svg viewBox=move || frame() preserveAspectRatio="none" aria-hidden="true">{paths.into_iter().collect_view()}</svg>
    }
}

/// The meaning of the colours.
#[component]
pub(crate) fn Legend() -> impl IntoView {
    let entry = |(class, words): (&'static str, &'static str)| {
        view! { <li><span class=format!("swatch swatch-{class}")></span>{words}</li> }
    };
    view! {
        <ul class="legend" aria-label=panel::LEGEND>{panel::LEGEND_ENTRIES.map(entry).collect_view()}</ul>
    }
}
