//! The forms to join a room, and to switch roles.

use leptos::prelude::*;
use leptos::task::spawn_local;
use slipway_protocol::wire::link::RoomLink;

use crate::model::state;
use crate::text::names::visible;
use crate::text::{self, join::*};
use crate::view::parts::{A, FormError};

/// Joins with a link: for the first time, or again with a replaced link.
#[component]
pub(crate) fn JoinForm(link: RoomLink) -> impl IntoView {
    let ctx = state::ctx();
    ctx.title.set(PAGE_TITLE.into());
    let before = ctx.saved_now(link.room);
    let name = RwSignal::new(before.as_ref().map_or_else(|| ctx.last_name(), |saved| saved.display_name.clone()));
    let is_back = before.is_some();
    let title = title(before.map(|saved| visible(&saved.name)).as_deref());
    let inside = format!("/r/{}", link.room);
    let (busy, error) = (RwSignal::new(false), RwSignal::new(None::<String>));
    let role = link.role;
    let submit = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        let me = name.with_untracked(|name| name.trim().to_owned());
        if me.is_empty() {
            error.set(Some(NAME_MISSING.into()));
            return;
        }
        if !busy.get_untracked() {
            join(ctx, link.clone(), me, busy, error);
        }
    };
    view! {
        <form class="card form form-lone" on:submit=submit>
            <h1>{title}</h1>
            <p class="muted">{about(is_back, role)}</p>
            <label class="field">
                <span>{YOUR_NAME}</span>
                <input type="text" maxlength="60" autocomplete="nickname" data-testid="display-name" bind:value=name autofocus/>
            </label>
            <FormError error/>
            <button type="submit" class="btn btn-primary btn-wide" data-testid="join" disabled=move || busy.get()>
                {move || if busy.get() { JOINING } else { JOIN }}
            </button>
            // A member who opens a truncated or outdated link can still enter.
            {is_back.then(|| view! { <A href=inside class="btn btn-wide">{WITHOUT_LINK}</A> })}
        </form>
    }
}

fn join(ctx: state::Ctx, link: RoomLink, me: String, busy: RwSignal<bool>, error: RwSignal<Option<String>>) {
    busy.set(true);
    error.set(None);
    spawn_local(async move {
        match ctx.client().join(&link, &me).await {
            // The room page reacts to the saved session.
            Ok(_) => ctx.rooms.set(ctx.client().saved_rooms()),
            Err(fault) => {
                let text = fault.code().and_then(text::lost_text).map(|(title, text)| format!("{title}. {text}"));
                error.try_set(Some(text.unwrap_or_else(|| text::error_text(&fault))));
            }
        }
        busy.try_set(false);
    });
}

/// For a member who opens a link with rights that the present role lacks.
#[component]
pub(crate) fn SwitchForm(link: RoomLink) -> impl IntoView {
    let ctx = state::ctx();
    let saved = ctx.saved_now(link.room);
    let now = saved.as_ref().map(|saved| text::role_name(saved.role)).unwrap_or_default();
    let me = saved.map(|saved| saved.display_name).unwrap_or_default();
    let (busy, error) = (RwSignal::new(false), RwSignal::new(None::<String>));
    let (path, role) = (format!("/r/{}", link.room), link.role);
    let stay = move |_| ctx.router.navigate_replacing(&path);
    view! {
        <section class="card form form-lone">
            <h1>{SWITCH}</h1>
            <p>
                {SWITCH_NOW} <strong>{now}</strong> {SWITCH_LINK}
                <strong>{text::role_name(role)}</strong> {SWITCH_ALLOWS} {text::role_text(role)} {SWITCH_END}
            </p>
            <FormError error/>
            <button
                type="button"
                class="btn btn-primary btn-wide"
                data-testid="join"
                disabled=move || busy.get()
                on:click=move |_| join(ctx, link.clone(), me.clone(), busy, error)
            >
                {go_on_as(role)}
            </button>
            <button type="button" class="btn btn-wide" on:click=stay>{stay_as(now)}</button>
        </section>
    }
}
