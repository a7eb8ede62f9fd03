//! The room's header, and the card to leave it.

use leptos::prelude::*;
use leptos::task::spawn_local;

use crate::browser;
use crate::model::live::Live;
use crate::model::state;
use crate::text::{self, format, rooms};
use crate::view::parts::A;
use crate::view::parts::{Glyph, Icon, Show};

/// The room's name, and the member's role and name.
#[component]
pub(crate) fn Head(live: Live) -> impl IntoView {
    let part = move |f: fn(&slipway_protocol::wire::RoomView) -> String| {
        Memo::new(move |_| live.view.with(|view| view.as_ref().map(f).unwrap_or_default()))
    };
    let name = part(|view| text::label_text(&view.name));
    let me = part(|view| text::label_text(&view.display_name));
    let may = part(|view| text::my_role_text(view.role).into());
    let role = part(|view| view.role.as_str().into());
    view! {
        <header class="room-head">
            <h1 data-testid="room-title"><bdi>{name}</bdi></h1>
            <p class="muted">
                <span data-testid="my-role" data-role=role>{may}</span> {rooms::AS} <bdi data-testid="my-name">{me}</bdi>
            </p>
            <button type="button" class="btn btn-small to-links" on:click=move |_| browser::focus("share")>
                <Glyph icon=Icon::Link/> {rooms::LINKS}
            </button>
        </header>
    }
}

/// Used space, the link to the audit log, and the button to leave.
#[component]
pub(crate) fn Leave(live: Live) -> impl IntoView {
    let ctx = state::ctx();
    let quota = Memo::new(move |_| live.view.with(|view| view.as_ref().and_then(|view| view.quota.clone())));
    let manages = Memo::new(move |_| live.view.with(|view| view.as_ref().is_some_and(|view| view.role.may_manage())));
    let used = move || quota.get().map(|quota| format::bytes_of(quota.used_bytes, quota.max_bytes)).unwrap_or_default();
    let percent = move || quota.get().map_or(0, |quota| format::percent(quota.used_bytes, quota.max_bytes));
    let leaving = RwSignal::new(false);
    // The dialog may be answered after the room was closed, so the signals can be gone.
    let leave = move || {
        spawn_local(async move {
            leaving.try_set(true);
            match ctx.client().leave_room(live.room).await {
                Ok(()) => {
                    ctx.rooms.set(ctx.client().saved_rooms());
                    ctx.router.navigate("/");
                }
                Err(error) => ctx.toast_error(text::error_text(&error)),
            }
            leaving.try_set(false);
        });
    };
    let ask = move |_| {
        let unfinished =
            ctx.uploads.with_untracked(|uploads| uploads.of(live.room).filter(|view| !view.stage.is_over()).count());
        let (text, yes) = (text::leave_text(unfinished as u64), rooms::leave_yes(unfinished as u64));
        ctx.ask(rooms::LEAVE_TITLE, text, yes, leave);
    };
    view! {
        <section class="card side-card">
            <h2>{rooms::TITLE}</h2>
            <p class="quota-line"><span>{rooms::SPACE_USED}</span><span class="number">{move || used()}</span></p>
            <progress class="quota" max="100" value=move || percent() aria-label=rooms::SPACE_USED></progress>
            <div class="side-buttons">
                <Show when=move || manages.get()>
                    <A href=format!("/r/{}/audit", live.room) class="btn btn-small">
                        <Glyph icon=Icon::List/> {text::audit::LOG}
                    </A>
                </Show>
                <button type="button" class="btn btn-small" data-testid="leave-room" disabled=move || leaving.get() on:click=ask>
                    <Glyph icon=Icon::Leave/> {move || if leaving.get() { rooms::LEAVING } else { rooms::LEAVE }}
                </button>
            </div>
        </section>
    }
}
