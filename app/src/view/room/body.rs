//! The room of a member: uploads, files and links.

use leptos::prelude::*;
use leptos::task::spawn_local;
use slipway_protocol::wire::error::ErrorCode;
use slipway_protocol::wire::link::{Role, RoomLink};
use wasm_client::ClientError;

use super::drop_zone::DropZone;
use super::files::Files;
use super::head::{Head, Leave};
use super::offers::OffersDialog;
use super::others::Others;
use super::share::Share;
use super::uploads::Uploads;
use crate::model::effect::effect;
use crate::model::live::Live;
use crate::model::state::{self, Ctx};
use crate::text::{self, join, rooms};
use crate::view::parts::{Glyph, Icon, Lost, Show, Skeleton};

/// The room, or why it can't be shown.
#[component]
pub(crate) fn Body(live: Live) -> impl IntoView {
    let ctx = state::ctx();
    let lost = Memo::new(move |_| {
        live.trouble.with(|trouble| trouble.as_ref().and_then(ClientError::code)).and_then(text::lost_text)
    });
    let name = Memo::new(move |_| live.view.with(|view| view.as_ref().map(|view| text::label_text(&view.name))));
    effect(move || ctx.title.set(name.get().unwrap_or_default()));
    on_cleanup(move || ctx.title.set(String::new()));
    let role = Memo::new(move |_| live.view.with(|view| view.as_ref().map(|view| view.role)));
    // The saved link renews an expired session. Whoever was removed needs a new link.
    let comes_back = move || {
        let code = live.trouble.with_untracked(|trouble| trouble.as_ref().and_then(ClientError::code));
        matches!(code, Some(ErrorCode::TokenExpired | ErrorCode::TokenMissing))
    };
    move || match (lost.get(), role.get()) {
        (Some((title, text)), _) => view! {
            <Lost title=title.into() text=text.into()>{comes_back().then(|| view! { <JoinAgain live/> })}</Lost>
            <div class="lost-uploads"><Uploads room=live.room/></div>
        }
        .into_any(),
        (None, Some(role)) => view! { <Inside live role/> }.into_any(),
        (None, None) => view! { <Waiting live/> }.into_any(),
    }
}

#[component]
fn Inside(live: Live, role: Role) -> impl IntoView {
    view! {
        <Head live/>
        <Trouble live/>
        <OffersDialog/>
        <div class="room">
            <div class="room-main">
                {role.may_upload().then(|| view! { <DropZone live/> <Uploads room=live.room/> })}
                <Others live role/>
                {role.may_view().then(|| view! { <Files live role/> })}
            </div>
            <aside class="room-side">
                <Share live role/>
                <Leave live/>
            </aside>
        </div>
    }
}

/// Before the first answer.
#[component]
fn Waiting(live: Live) -> impl IntoView {
    view! {
        <Trouble live/>
        <Skeleton/>
    }
}

/// The last refresh failed and is being repeated, so the room may be out of date.
#[component]
fn Trouble(live: Live) -> impl IntoView {
    let ctx = state::ctx();
    let text = move || {
        live.trouble.get().map(|trouble| match trouble {
            ClientError::Offline => rooms::STALE.to_owned(),
            other => rooms::not_refreshed(&text::error_text(&other)),
        })
    };
    view! {
        <div class="trouble" role="status">
            <Show when=move || live.trouble.with(Option::is_some)>
                <div class="notice notice-warning" data-testid="offline">
                    <Glyph icon=Icon::Offline/>
                    <p>{move || text()}</p>
                    <button type="button" class="btn btn-small" on:click=move |_| live.refresh(ctx)>{rooms::TRY_NOW}</button>
                </div>
            </Show>
        </div>
    }
}

/// Renews an expired session with the link saved on this device.
#[component]
fn JoinAgain(live: Live) -> impl IntoView {
    let ctx = state::ctx();
    let saved = ctx.saved_now(live.room);
    let own = saved.and_then(|saved| {
        let url = saved.links.iter().find(|(role, _)| *role == saved.role).map(|(_, url)| url.clone())?;
        Some((link_of(&url)?, saved.display_name))
    });
    own.map(|(link, me)| {
        let again = move |_| join_again(ctx, live, link.clone(), me.clone());
        view! { <button type="button" class="btn btn-primary" data-testid="join" on:click=again>{join::JOIN_AGAIN}</button> }
    })
}

fn link_of(url: &str) -> Option<RoomLink> {
    let (before, fragment) = url.split_once('#')?;
    RoomLink::parse(before.rsplit('/').next()?, fragment).ok()
}

fn join_again(ctx: Ctx, live: Live, link: RoomLink, me: String) {
    spawn_local(async move {
        match ctx.client().join(&link, &me).await {
            Ok(_) => live.refresh(ctx),
            Err(error) => ctx.toast_error(text::error_text(&error)),
        }
    });
}
