//! Notices of the client, at the top of every page until they are dismissed.

use leptos::prelude::*;
use wasm_client::{Level, Notice};

use super::{For, Glyph, Icon};
use crate::model::state;
use crate::text;
use crate::text::names::visible;

/// All notices.
#[component]
pub(crate) fn Notices() -> impl IntoView {
    let ctx = state::ctx();
    let key = |notice: &Notice| (notice.key(), text::notice_text(notice));
    view! {
        <div class="notices">
            <For each=move || ctx.notices.get() key=key let:notice>
                <One notice/>
            </For>
        </div>
    }
}

#[component]
fn One(notice: Notice) -> impl IntoView {
    let ctx = state::ctx();
    let (key, text) = (notice.key(), text::notice_text(&notice));
    let (class, role, icon) = match notice.level() {
        Level::Info => ("notice notice-info", "status", Icon::Info),
        Level::Warning => ("notice notice-warning", "status", Icon::Warning),
        Level::Error => ("notice notice-error", "alert", Icon::Warning),
    };
    view! {
        <div class=class role=role data-testid="notice" data-key=key>
            <Glyph icon/>
            <p>{visible(&text)}</p>
            <button
                type="button"
                class="icon-btn"
                aria-label=text::frame::DISMISS_NOTICE
                on:click=move |_| ctx.client().dismiss_notice(key)
            >
                <Glyph icon=Icon::Close/>
            </button>
        </div>
    }
}
