//! At the door: a name, and in.

use leptos::prelude::*;
use leptos::task::spawn_local;
use leptos_router::NavigateOptions;
use leptos_router::hooks::use_navigate;
use slipway_protocol::link::RoomLink;

use crate::pages::{FormError, last_name};
use crate::state;
use crate::texts;

/// Join with a link.
#[component]
pub(crate) fn JoinForm(link: RoomLink) -> impl IntoView {
    let ctx = state::ctx();
    ctx.title.set("Join".into());
    let name = RwSignal::new(last_name(ctx));
    let (busy, error) = (RwSignal::new(false), RwSignal::new(None::<String>));
    let role = link.role;
    let submit = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        let me = name.with_untracked(|name| name.trim().to_owned());
        if me.is_empty() {
            error.set(Some("Tell the others who you are.".into()));
            return;
        }
        if !busy.get_untracked() {
            join(ctx, link.clone(), me, busy, error);
        }
    };
    view! {
        <form class="card form form-lone" on:submit=submit>
            <h1>"You are invited to a room"</h1>
            <p class="muted">{format!("This link lets you: {}", texts::role_text(role))}</p>
            <label class="field">
                <span>"Your name, as others see it"</span>
                <input type="text" maxlength="60" autocomplete="nickname" data-testid="display-name" bind:value=name autofocus/>
            </label>
            <FormError error/>
            <button type="submit" class="btn btn-primary btn-wide" data-testid="join" disabled=move || busy.get()>
                {move || if busy.get() { "Joining…" } else { "Join the room" }}
            </button>
        </form>
    }
}

fn join(ctx: state::Ctx, link: RoomLink, me: String, busy: RwSignal<bool>, error: RwSignal<Option<String>>) {
    busy.set(true);
    error.set(None);
    spawn_local(async move {
        match ctx.client().join(&link, &me).await {
            // The page follows by itself: a saved session is the way in.
            Ok(_) => ctx.rooms.set(ctx.client().saved_rooms()),
            Err(fault) => {
                let text = fault.code().and_then(texts::lost_text).map(|(title, text)| format!("{title}. {text}"));
                error.try_set(Some(text.unwrap_or_else(|| fault.to_string())));
            }
        }
        busy.try_set(false);
    });
}

/// This device is in the room already, and the link is of another role.
#[component]
pub(crate) fn SwitchForm(link: RoomLink) -> impl IntoView {
    let ctx = state::ctx();
    let saved = ctx.saved_now(link.room);
    let now = saved.as_ref().map(|saved| texts::role_name(saved.role)).unwrap_or_default();
    let me = saved.map(|saved| saved.display_name).unwrap_or_default();
    let (busy, error) = (RwSignal::new(false), RwSignal::new(None::<String>));
    let (path, role) = (format!("/r/{}", link.room), link.role);
    let navigate = use_navigate();
    let stay = move |_| navigate(&path, NavigateOptions { replace: true, ..Default::default() });
    view! {
        <section class="card form form-lone">
            <h1>"This link gives you another role"</h1>
            <p>
                "You are in this room already, as " <strong>{now}</strong> ". The link is for "
                <strong>{texts::role_name(role)}</strong> ": " {texts::role_text(role)} " It would replace what you may do now."
            </p>
            <FormError error/>
            <button
                type="button"
                class="btn btn-primary btn-wide"
                data-testid="join"
                disabled=move || busy.get()
                on:click=move |_| join(ctx, link.clone(), me.clone(), busy, error)
            >
                {format!("Go on as {}", texts::role_name(role))}
            </button>
            <button type="button" class="btn btn-wide" on:click=stay>{format!("Stay as {now}")}</button>
        </section>
    }
}
