//! `/r/{roomId}`: joins by the link in the fragment, or enters with the saved session.

use leptos::prelude::*;
use leptos::task::spawn_local;
use slipway_protocol::wire::id::RoomId;
use slipway_protocol::wire::link::RoomLink;

use crate::model::effect::effect;
use crate::model::live::Live;
use crate::model::state::{self, Ctx};
use crate::text::{self, join};
use crate::view::parts::{Icon, Lost, Skeleton};
use crate::view::room::{Body, JoinForm, SwitchForm};

/// What the address and the saved session allow.
#[derive(Clone, PartialEq)]
enum Entry {
    /// The address is not a room's.
    Bad,
    /// Neither link nor session.
    NoKey,
    /// A link without a session, or with a session from another link of the role, which may have been replaced.
    Join(RoomLink),
    /// A session, and a link with rights that the session lacks.
    Switch(RoomLink),
    /// A session, and a link that adds no rights.
    Weaker(RoomLink),
    /// A session.
    Inside(RoomId),
}

/// The page of one room.
#[component]
pub(crate) fn RoomPage() -> impl IntoView {
    let ctx = state::ctx();
    let room = ctx.router.room();
    let entry = Memo::new(move |_| room.with(|room| ctx.router.hash.with(|hash| entry(ctx, room, hash))));
    effect(move || {
        // Also if a link that adds no rights is opened within the room.
        if let Entry::Inside(room) = entry.get() {
            hide_key(ctx, room);
        }
    });
    move || match entry.get() {
        Entry::Bad => view! {
            <Lost icon=Icon::Link title=join::NO_LINK.into() text=join::NO_LINK_TEXT.into()/>
        }
        .into_any(),
        Entry::NoKey => view! {
            <Lost icon=Icon::Link title=join::NO_KEY.into() text=join::NO_KEY_TEXT.into()/>
        }
        .into_any(),
        Entry::Join(link) => view! { <JoinForm link/> }.into_any(),
        Entry::Switch(link) => view! { <SwitchForm link/> }.into_any(),
        Entry::Weaker(link) => view! { <Weaker link/> }.into_any(),
        Entry::Inside(room) => view! { <Inside room/> }.into_any(),
    }
}

fn entry(ctx: Ctx, room: &str, hash: &str) -> Entry {
    let Ok(id) = room.parse::<RoomId>() else { return Entry::Bad };
    let no_link = matches!(hash, "" | "#");
    match (ctx.saved(id), RoomLink::parse(room, hash)) {
        (Some(saved), Ok(link)) if saved.role == link.role => match saved.knows(&link) {
            true => Entry::Inside(id),
            false => Entry::Join(link),
        },
        (Some(saved), Ok(link)) if saved.covers(link.role) => Entry::Weaker(link),
        (Some(_), Ok(link)) => Entry::Switch(link),
        (Some(_), Err(_)) => Entry::Inside(id),
        (None, Ok(link)) => Entry::Join(link),
        (None, Err(_)) if no_link => Entry::NoKey,
        (None, Err(_)) => Entry::Bad,
    }
}

/// Enters with the present role. If that session has ended, joins by the link.
#[component]
fn Weaker(link: RoomLink) -> impl IntoView {
    let ctx = state::ctx();
    let inside = format!("/r/{}", link.room);
    if let Some(saved) = ctx.saved_now(link.room) {
        spawn_local(async move {
            match ctx.client().join(&link, &saved.display_name).await {
                Ok(now) if now.role == saved.role => ctx.toast(text::stays_text(saved.role, link.role)),
                Ok(now) => ctx.toast(text::my_role_text(now.role)),
                Err(error) => ctx.toast_error(text::error_text(&error)),
            }
            ctx.rooms.set(ctx.client().saved_rooms());
            // The user may have navigated away in the meantime.
            if ctx.router.path.with_untracked(|path| path.trim_end_matches('/') == inside) {
                ctx.router.replace_url(&inside);
            }
        });
    }
    view! { <Skeleton/> }
}

#[component]
fn Inside(room: RoomId) -> impl IntoView {
    let ctx = state::ctx();
    let live = Live::new(room);
    live.follow(ctx);
    view! { <Body live/> }
}

/// Removes the secret from the address bar, where bystanders can read it and users copy it by accident.
fn hide_key(ctx: Ctx, room: RoomId) {
    if ctx.router.hash.with(|hash| hash.len() > 1) {
        ctx.router.replace_url(&format!("/r/{room}"));
    }
}
