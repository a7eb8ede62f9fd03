//! The start page: a form for a new room, unfinished uploads, saved rooms.

use leptos::prelude::*;
use leptos::task::spawn_local;
use slipway_protocol::wire::id::RoomId;
use wasm_client::{SavedRoom, Which};

use crate::model::rows::Counts;
use crate::model::state;
use crate::text::format;
use crate::text::home::*;
use crate::text::names::visible;
use crate::text::{self, join};
use crate::view::parts::A;
use crate::view::parts::{For, FormError, Glyph, Icon, Show};

/// `/`
#[component]
pub(crate) fn Home() -> impl IntoView {
    let ctx = state::ctx();
    ctx.title.set(String::new());
    view! {
        <div class="home">
            <section class="hero">
                <h1>{TITLE}</h1>
                <p class="lead">{LEAD}</p>
                <ul class="promises">
                    <li><Glyph icon=Icon::Shield/>{CHECKED}</li>
                    <li><Glyph icon=Icon::Retry/>{RESUMED}</li>
                    <li><Glyph icon=Icon::Users/>{NO_ACCOUNT}</li>
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
    let (room_name, display_name) = (RwSignal::new(String::new()), RwSignal::new(ctx.last_name()));
    let (busy, error) = (RwSignal::new(false), RwSignal::new(None::<String>));
    let submit = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        if busy.get_untracked() {
            return;
        }
        let (room, me) = (trimmed(room_name), trimmed(display_name));
        if room.is_empty() || me.is_empty() {
            error.set(Some(NAMES_MISSING.into()));
            return;
        }
        busy.set(true);
        error.set(None);
        spawn_local(async move {
            match ctx.client().create_room(&room, &me).await {
                Ok(saved) => {
                    ctx.rooms.set(ctx.client().saved_rooms());
                    ctx.router.navigate(&format!("/r/{}", saved.room));
                }
                Err(fault) => {
                    error.try_set(Some(text::error_text(&fault)));
                }
            }
            busy.try_set(false);
        });
    };
    view! {
        <form class="card form" on:submit=submit>
            <h2>{NEW_ROOM}</h2>
            <label class="field">
                <span>{ROOM_NAME}</span>
                <input type="text" maxlength="120" autocomplete="off" data-testid="room-name" bind:value=room_name/>
            </label>
            <label class="field">
                <span>{join::YOUR_NAME}</span>
                <input type="text" maxlength="60" autocomplete="nickname" data-testid="display-name" bind:value=display_name/>
            </label>
            <FormError error/>
            <button type="submit" class="btn btn-primary btn-wide" data-testid="new-room" disabled=move || busy.get()>
                {move || if busy.get() { MAKING } else { MAKE }}
            </button>
        </form>
    }
}

fn trimmed(text: RwSignal<String>) -> String {
    text.with_untracked(|text| text.trim().to_owned())
}

/// Unfinished uploads to one room: their number, sent and total bytes.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Open {
    room: RoomId,
    files: u64,
    bytes: u64,
    size: u64,
}

/// Unfinished uploads by room.
#[component]
fn Unfinished() -> impl IntoView {
    let ctx = state::ctx();
    let open = Memo::new(move |_| {
        let row = |(room, counts): (RoomId, Counts)| Open {
            room,
            files: counts.open as u64,
            bytes: counts.open_bytes,
            size: counts.open_size,
        };
        let mut rooms: Vec<_> =
            ctx.uploads.with(|uploads| uploads.rooms().map(row).filter(|open| open.files > 0).collect());
        // The map has no stable order; ids do.
        rooms.sort_unstable_by_key(|open| open.room);
        rooms
    });
    // The key has no progress in it: a tile that is redrawn during a click would miss the click.
    let rooms = move || {
        open.with(|open| open.iter().map(|open| (open.room, ctx.saved(open.room).is_some())).collect::<Vec<_>>())
    };
    view! {
        <Show when=move || open.with(|open| !open.is_empty())>
            <section class="section">
                <h2>{UNFINISHED}</h2>
                <ul class="tiles">
                    <For each=rooms key=|row| *row let:row><UnfinishedTile room=row.0 is_member=row.1 open/></For>
                </ul>
            </section>
        </Show>
    }
}

/// The uploads to one room. If this device is no longer a member, they can only be discarded.
#[component]
fn UnfinishedTile(room: RoomId, is_member: bool, open: Memo<Vec<Open>>) -> impl IntoView {
    let ctx = state::ctx();
    let own = Memo::new(move |before: Option<&Open>| {
        let now = open.with(|all| all.iter().find(|open| open.room == room).copied());
        // The last figures, for the moment before the tile is removed.
        now.or(before.copied()).unwrap_or(Open { room, files: 0, bytes: 0, size: 0 })
    });
    let facts = move || {
        let Open { files, bytes, size, .. } = own.get();
        unfinished(files, bytes, size)
    };
    let percent = move || format::percent(own.get().bytes, own.get().size);
    let name = match is_member {
        true => ctx.saved_now(room).map(|saved| visible(&saved.name)).unwrap_or_default(),
        false => LEFT_ROOM.to_owned(),
    };
    let inside = view! {
        <strong><bdi>{name.clone()}</bdi></strong>
        <span class="muted">{move || facts()}</span>
        <progress max="100" value=move || percent() aria-label=uploads_to(&name)></progress>
    };
    match is_member {
        true => view! {
            <li class="tile" data-testid="unfinished">
                <A href=format!("/r/{room}") class="tile-link">{inside}</A>
            </li>
        }
        .into_any(),
        false => view! {
            <li class="tile tile-lone" data-testid="unfinished">
                {inside}
                <p class="muted small">{LEFT_ROOM_TEXT}</p>
                <button type="button" class="btn btn-small" data-testid="discard" on:click=move |_| discard(ctx, room)>
                    <Glyph icon=Icon::Trash/>{DISCARD}
                </button>
            </li>
        }
        .into_any(),
    }
}

fn discard(ctx: state::Ctx, room: RoomId) {
    ctx.ask(DISCARD_TITLE, DISCARD_TEXT, DISCARD, move || {
        let client = ctx.client();
        // Collected before acting, since each cancel changes the rows.
        let ids: Vec<_> = ctx.uploads.with_untracked(|uploads| uploads.of(room).map(|view| view.id).collect());
        for id in ids {
            client.cancel(Which::One(id));
            client.dismiss(id);
        }
    });
}

#[component]
fn Rooms() -> impl IntoView {
    let ctx = state::ctx();
    view! {
        <section class="section">
            <h2>{ROOMS}</h2>
            <Show
                when=move || ctx.rooms.with(|rooms| !rooms.is_empty())
                fallback=|| view! { <p class="empty">{NO_ROOMS}</p> }
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
            <A href=format!("/r/{}", saved.room) class="tile-link">
                <strong><bdi>{visible(&saved.name)}</bdi></strong>
                <span class="muted">
                    {text::role_name(saved.role)} {ROLE_AS} <bdi>{visible(&saved.display_name)}</bdi>
                </span>
            </A>
        </li>
    }
}
