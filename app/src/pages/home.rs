//! The start page: make a room, or go on where this device left off.

use leptos::prelude::*;
use leptos::task::spawn_local;
use leptos_router::components::A;
use leptos_router::hooks::use_navigate;
use slipway_protocol::id::RoomId;
use wasm_client::SavedRoom;

use crate::names::visible;
use crate::parts::{Glyph, Icon};
use crate::rows::Counts;
use crate::{format, state, texts};

/// `/`
#[component]
pub(crate) fn Home() -> impl IntoView {
    let ctx = state::ctx();
    ctx.title.set(String::new());
    view! {
        <div class="home">
            <section class="hero">
                <h1>"Send files of any size."</h1>
                <p class="lead">
                    "Slipway brings files of up to 5 TB from your browser straight into storage, proves that every part "
                    "arrived, and shares them in a room whose link you hand out."
                </p>
                <ul class="promises">
                    <li><Glyph icon=Icon::Shield/>"Every part is checked by its digest"</li>
                    <li><Glyph icon=Icon::Retry/>"A reload or a lost network costs nothing that was stored"</li>
                    <li><Glyph icon=Icon::Users/>"No account: the link is the key"</li>
                </ul>
            </section>
            <NewRoom/>
        </div>
        <Unfinished/>
        <Rooms/>
    }
}

#[component]
fn NewRoom() -> impl IntoView {
    let ctx = state::ctx();
    let navigate = use_navigate();
    let (room_name, display_name) = (RwSignal::new(String::new()), RwSignal::new(last_name(ctx)));
    let (busy, error) = (RwSignal::new(false), RwSignal::new(None::<String>));
    let submit = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        if busy.get_untracked() {
            return;
        }
        let (room, me) = (trimmed(room_name), trimmed(display_name));
        if room.is_empty() || me.is_empty() {
            error.set(Some("Give the room and yourself a name; others see both.".into()));
            return;
        }
        busy.set(true);
        error.set(None);
        let navigate = navigate.clone();
        spawn_local(async move {
            match ctx.client().create_room(&room, &me).await {
                Ok(saved) => {
                    ctx.rooms.set(ctx.client().saved_rooms());
                    navigate(&format!("/r/{}", saved.room), Default::default());
                }
                Err(fault) => {
                    error.try_set(Some(fault.to_string()));
                }
            }
            busy.try_set(false);
        });
    };
    view! {
        <form class="card form" on:submit=submit>
            <h2>"Make a room"</h2>
            <label class="field">
                <span>"Name of the room"</span>
                <input type="text" maxlength="120" autocomplete="off" data-testid="room-name" bind:value=room_name/>
            </label>
            <label class="field">
                <span>"Your name, as others see it"</span>
                <input type="text" maxlength="60" autocomplete="nickname" data-testid="display-name" bind:value=display_name/>
            </label>
            <FormError error/>
            <button type="submit" class="btn btn-primary btn-wide" data-testid="new-room" disabled=move || busy.get()>
                {move || if busy.get() { "Making the room…" } else { "Make the room" }}
            </button>
        </form>
    }
}

/// Why a form did not go through, told at once to screen readers.
#[component]
pub(crate) fn FormError(error: RwSignal<Option<String>>) -> impl IntoView {
    view! { <p class="form-error" role="alert">{move || error.get()}</p> }
}

/// The name this person used last.
pub(crate) fn last_name(ctx: state::Ctx) -> String {
    ctx.rooms.with_untracked(|rooms| rooms.first().map(|room| room.display_name.clone())).unwrap_or_default()
}

fn trimmed(text: RwSignal<String>) -> String {
    text.with_untracked(|text| text.trim().to_owned())
}

/// Uploads that are not over, by room.
#[component]
fn Unfinished() -> impl IntoView {
    let ctx = state::ctx();
    let open = Memo::new(move |_| {
        let row = |(room, counts): (RoomId, Counts)| (room, counts.open as u64, counts.open_bytes, counts.open_size);
        let mut rooms: Vec<_> = ctx.uploads.with(|uploads| uploads.rooms().map(row).filter(|row| row.1 > 0).collect());
        rooms.sort_unstable();
        rooms
    });
    let name =
        move |room| ctx.saved_now(room).map_or_else(|| "A room this device left".into(), |saved| visible(&saved.name));
    view! {
        <Show when=move || open.with(|open| !open.is_empty())>
            <section class="section">
                <h2>"Unfinished uploads on this device"</h2>
                <ul class="tiles">
                    <For each=move || open.get() key=|row| *row let:row>
                        <li class="tile" data-testid="unfinished">
                            <A href=format!("/r/{}", row.0) attr:class="tile-link">
                                <strong><bdi>{name(row.0)}</bdi></strong>
                                <span class="muted">
                                    {format::count(row.1, "file")} ", " {format::bytes_of(row.2, row.3)}
                                </span>
                                <progress max="100" value=format::percent(row.2, row.3) aria-label="Progress"></progress>
                            </A>
                        </li>
                    </For>
                </ul>
            </section>
        </Show>
    }
}

#[component]
fn Rooms() -> impl IntoView {
    let ctx = state::ctx();
    view! {
        <section class="section">
            <h2>"Your rooms"</h2>
            <Show
                when=move || ctx.rooms.with(|rooms| !rooms.is_empty())
                fallback=|| view! { <p class="empty">"Rooms that you make or join with this browser are listed here."</p> }
            >
                <ul class="tiles">
                    <For each=move || ctx.rooms.get() key=|saved| (saved.room, saved.name.clone(), saved.role) let:saved>
                        <RoomTile saved/>
                    </For>
                </ul>
            </Show>
        </section>
    }
}

#[component]
fn RoomTile(saved: SavedRoom) -> impl IntoView {
    view! {
        <li class="tile" data-testid="saved-room">
            <A href=format!("/r/{}", saved.room) attr:class="tile-link">
                <strong><bdi>{visible(&saved.name)}</bdi></strong>
                <span class="muted">
                    {texts::role_name(saved.role)} ", as " <bdi>{visible(&saved.display_name)}</bdi>
                </span>
            </A>
        </li>
    }
}
