//! The room's files: newest first, with a filter, further pages, download and removal.

use leptos::prelude::*;
use leptos::task::spawn_local;
use slipway_protocol::wire::id::FileId;
use slipway_protocol::wire::link::Role;
use slipway_protocol::wire::{FileInfo, Meta};

use crate::browser;
use crate::model::listing::Listing;
use crate::model::live::Live;
use crate::model::names::visible;
use crate::model::state::{self, Ctx};
use crate::model::{format, steps};
use crate::text;
use crate::view::parts::{Folder, For, Glyph, Icon, KindIcon, Name, Show, effect};

/// A filter is of use above this many files.
const FILTER_ABOVE: usize = 6;
/// So many rows are drawn, and so many more each time that more are asked for.
const DRAWN: usize = 200;

/// The list.
#[component]
pub(crate) fn Files(live: Live, role: Role) -> impl IntoView {
    let filter = RwSignal::new(String::new());
    let known = Memo::new(move |_| live.listing.with(Listing::len));
    let ids =
        Memo::new(move |_| live.listing.with(|listing| filter.with(|text| listing.matching(text, browser::lower))));
    let drawn = RwSignal::new(DRAWN);
    let asked = Memo::new(move |_| drawn.get() > DRAWN || filter.with(|text| !text.is_empty()));
    let shown = steps::by_frames(ids, drawn, asked);
    // What was drawn of another list says nothing about this one.
    effect(move || {
        filter.track();
        drawn.set(DRAWN);
    });
    let hidden = Memo::new(move |_| ids.with(Vec::len) > drawn.get());
    let useful = Memo::new(move |_| known.get() > FILTER_ABOVE || filter.with(|text| !text.is_empty()));
    let total = move || {
        live.view.with(|view| view.as_ref().and_then(|view| view.quota.as_ref()).map_or(0, |quota| quota.used_files))
    };
    let more = Memo::new(move |_| live.listing.with(|listing| listing.next().is_some()));
    let counted = move || match more.get() && (known.get() as u64) < total() {
        // The quota also counts uploads that are under way.
        true => format!("{} of about {}", format::grouped(known.get() as u64), format::grouped(total())),
        false => format::grouped(known.get() as u64),
    };
    view! {
        <section class="card panel" aria-label="Files in the room">
            <div class="panel-head">
                <h2>"Files" <span class="count number">{move || counted()}</span></h2>
                <Show when=move || useful.get()>
                    <input class="filter" type="search" placeholder="Filter by name" aria-label="Filter files by name" data-testid="file-filter" bind:value=filter/>
                </Show>
            </div>
            <Show when=move || known.get() == 0><EmptyRoom role/></Show>
            <Show when=move || known.get() != 0 && ids.with(Vec::is_empty)>
                <p class="empty">"No file name matches. Clear the filter to see all."</p>
            </Show>
            <ul class="files">
                <For each=move || shown.get() key=|id| *id let:id><FileRow live role id/></For>
            </ul>
            <Show when=move || hidden.get() || more.get()><More live drawn hidden partly=Memo::new(move |_| more.get() && filter.with(|text| !text.is_empty()))/></Show>
        </section>
    }
}

#[component]
fn EmptyRoom(role: Role) -> impl IntoView {
    let text = match role.may_upload() {
        true => "Drop the first file here, or send somebody a link so that they can.",
        false => "As soon as somebody uploads, it shows here by itself.",
    };
    view! {
        <div class="empty-room">
            <span class="empty-icon"><Glyph icon=Icon::Folder/></span>
            <strong>"No files yet"</strong>
            <p class="muted">{text}</p>
        </div>
    }
}

#[component]
fn More(live: Live, drawn: RwSignal<usize>, hidden: Memo<bool>, partly: Memo<bool>) -> impl IntoView {
    let ctx = state::ctx();
    let busy = RwSignal::new(false);
    let load = move |_| {
        if hidden.get_untracked() {
            return drawn.update(|drawn| *drawn += DRAWN);
        }
        let Some(after) = live.listing.with_untracked(Listing::next) else { return };
        busy.set(true);
        spawn_local(async move {
            match ctx.client().files_after(live.room, &after).await {
                Ok(page) => {
                    live.listing.try_update(|listing| listing.extend(page));
                    drawn.try_update(|drawn| *drawn += DRAWN);
                }
                Err(error) => ctx.toast_error(text::error_text(&error)),
            }
            busy.try_set(false);
        });
    };
    view! {
        <div class="more">
            <Show when=move || partly.get()><span class="muted small">"The filter looks at the files loaded so far."</span></Show>
            <button type="button" class="btn btn-small" data-testid="more-files" disabled=move || busy.get() on:click=load>
                {move || if busy.get() { "Loading…" } else { "Show more files" }}
            </button>
        </div>
    }
}

#[component]
fn FileRow(live: Live, role: Role, id: FileId) -> impl IntoView {
    let file = live.listing.with_untracked(|listing| listing.get(id).cloned());
    file.map(|file| view! { <OneFile live role file/> })
}

#[component]
fn OneFile(live: Live, role: Role, file: FileInfo) -> impl IntoView {
    let ctx = state::ctx();
    let (name, path) = match &file.meta {
        Meta::Plain(meta) => (meta.name.clone(), meta.path.clone()),
        Meta::Sealed(_) => ("Encrypted file".to_owned(), String::new()),
    };
    let (id, added_at, added_by) = (file.file_id, file.added_at, file.added_by);
    let when = move || format::ago(added_at, ctx.now.get());
    let may_remove = move || {
        role.may_manage() || live.view.with(|view| view.as_ref().is_some_and(|view| view.member_id == added_by))
    };
    let shown = StoredValue::new(visible(&name));
    let ask = move |_| {
        let title = format!("Remove {} from the room?", shown.get_value());
        ctx.ask(title, "It is deleted from storage, for everyone.", "Remove", move || remove(ctx, live, id));
    };
    view! {
        <li class="file" data-testid="room-file" data-name=name.clone() data-path=path.clone() data-size=file.size data-file=id.to_string()>
            <KindIcon name=name.clone()/>
            <Name name=name.clone()/>
            <p class="file-facts muted small">
                <span class="number">{format::bytes(file.size)}</span>
                <Folder path=path.clone()/>
                <bdi>{text::label_text(&file.display_name)}</bdi>
                <time title=browser::local_time(added_at)>{move || when()}</time>
            </p>
            <div class="file-buttons">
                <button type="button" class="btn btn-small" data-testid="file-download" aria-label=move || format!("Download {}", shown.get_value()) on:click=move |_| download(ctx, live, id)>
                    <Glyph icon=Icon::Download/><span class="wide-only">"Download"</span>
                </button>
                <Show when=may_remove>
                    <button type="button" class="icon-btn" data-testid="file-remove" title="Remove" aria-label=move || format!("Remove {}", shown.get_value()) on:click=ask>
                        <Glyph icon=Icon::Trash/>
                    </button>
                </Show>
            </div>
        </li>
    }
}

fn download(ctx: Ctx, live: Live, id: FileId) {
    spawn_local(async move {
        if let Err(error) = ctx.client().download(live.room, id).await {
            ctx.toast_error(text::error_text(&error));
        }
    });
}

fn remove(ctx: Ctx, live: Live, id: FileId) {
    spawn_local(async move {
        match ctx.client().remove_file(live.room, id).await {
            Ok(()) => {
                live.listing.try_update(|listing| listing.remove(id));
                ctx.toast("Removed.");
                live.refresh(ctx);
            }
            Err(error) => ctx.toast_error(text::error_text(&error)),
        }
    });
}
