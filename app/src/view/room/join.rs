//! At the door: a name, and in.

use leptos::prelude::*;
use leptos::task::spawn_local;
use slipway_protocol::wire::link::RoomLink;

use crate::model::names::visible;
use crate::model::state;
use crate::pages::{FormError, last_name};
use crate::text;
use crate::view::parts::A;

/// Join with a link: for the first time, or again because the link is a new one.
#[component]
pub(crate) fn JoinForm(link: RoomLink) -> impl IntoView {
    let ctx = state::ctx();
    ctx.title.set("Join".into());
    let before = ctx.saved_now(link.room);
    let name = RwSignal::new(before.as_ref().map_or_else(|| last_name(ctx), |saved| saved.display_name.clone()));
    let is_back = before.is_some();
    let title = match before.map(|saved| visible(&saved.name)).filter(|name| !name.is_empty()) {
        Some(name) => format!("This is a new link to {name}"),
        None if is_back => "This is a new link to a room of yours".into(),
        None => "You are invited to a room".into(),
    };
    let inside = format!("/r/{}", link.room);
    let (busy, error) = (RwSignal::new(false), RwSignal::new(None::<String>));
    let role = link.role;
    let submit = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        let me = name.with_untracked(|name| name.trim().to_owned());
        if me.is_empty() {
            error.set(Some("Enter your name, so that the others know who you are.".into()));
            return;
        }
        if !busy.get_untracked() {
            join(ctx, link.clone(), me, busy, error);
        }
    };
    view! {
        <form class="card form form-lone" on:submit=submit>
            <h1>{title}</h1>
            <p class="muted">
                {match is_back {
                    true => "Join by it to go on as the same person. Your uploads go on, too.".to_owned(),
                    false => format!("What you may do with this link: {}", text::role_text(role)),
                }}
            </p>
            <label class="field">
                <span>"Your name, as others see it"</span>
                <input type="text" maxlength="60" autocomplete="nickname" data-testid="display-name" bind:value=name autofocus/>
            </label>
            <FormError error/>
            <button type="submit" class="btn btn-primary btn-wide" data-testid="join" disabled=move || busy.get()>
                {move || if busy.get() { "Joining…" } else { "Join the room" }}
            </button>
            // A link that was cut or is out of date does not bar the way of somebody who is in already.
            {is_back.then(|| view! { <A href=inside class="btn btn-wide">"Go on without it"</A> })}
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
                let text = fault.code().and_then(text::lost_text).map(|(title, text)| format!("{title}. {text}"));
                error.try_set(Some(text.unwrap_or_else(|| text::error_text(&fault))));
            }
        }
        busy.try_set(false);
    });
}

/// This device is in the room already, and the link lets it do something that it may not do now.
#[component]
pub(crate) fn SwitchForm(link: RoomLink) -> impl IntoView {
    let ctx = state::ctx();
    let saved = ctx.saved_now(link.room);
    let now = saved.as_ref().map(|saved| text::role_name(saved.role)).unwrap_or_default();
    let me = saved.map(|saved| saved.display_name).unwrap_or_default();
    let (busy, error) = (RwSignal::new(false), RwSignal::new(None::<String>));
    let (path, role) = (format!("/r/{}", link.room), link.role);
    let stay = move |_| ctx.place.go_instead(&path);
    view! {
        <section class="card form form-lone">
            <h1>"This link gives you another role"</h1>
            <p>
                "You are in this room already, as " <strong>{now}</strong> ". The link is for "
                <strong>{text::role_name(role)}</strong> ": " {text::role_text(role)} " It would replace what you may do now."
            </p>
            <FormError error/>
            <button
                type="button"
                class="btn btn-primary btn-wide"
                data-testid="join"
                disabled=move || busy.get()
                on:click=move |_| join(ctx, link.clone(), me.clone(), busy, error)
            >
                {format!("Go on as {}", text::role_name(role))}
            </button>
            <button type="button" class="btn btn-wide" on:click=stay>{format!("Stay as {now}")}</button>
        </section>
    }
}
