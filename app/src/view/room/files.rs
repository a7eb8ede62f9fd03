//! The room's files, newest first: filter, paging, download, removal.

use leptos::prelude::*;
use leptos::task::spawn_local;
use slipway_protocol::wire::id::FileId;
use slipway_protocol::wire::link::Role;
use slipway_protocol::wire::{FileInfo, Meta, RoomView};

use crate::browser;
use crate::model::effect::effect;
use crate::model::incremental;
use crate::model::listing::{Listing, has_no_files};
use crate::model::live::Live;
use crate::model::state::{self, Ctx};
use crate::text::files::*;
use crate::text::names::visible;
use crate::text::{self, format};
use crate::view::parts::{Folder, For, Glyph, Icon, KindIcon, Name, Show};

/// The filter is shown above this many files.
const FILTER_ABOVE: usize = 6;
/// Rows that are drawn at first, and added with each click on the button for more.
const DRAWN: usize = 200;

/// The list.
#[component]
pub(crate) fn Files(live: Live, role: Role) -> impl IntoView {
    let filter = RwSignal::new(String::new());
    let known = Memo::new(move |_| live.listing.with(Listing::len));
    let ids = Memo::new(move |_| {
        live.listing.with(|listing| filter.with(|text| listing.matching(text, browser::to_lowercase)))
    });
    let drawn = RwSignal::new(DRAWN);
    let asked = Memo::new(move |_| drawn.get() > DRAWN || filter.with(|text| !text.is_empty()));
    let shown = incremental::draw(ids, drawn, asked);
    // Another filter starts again with the first rows.
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
    let count = move || {
        let (known, total) = (known.get() as u64, total());
        counted(known, Some(total).filter(|_| more.get() && known < total))
    };
    view! {
        <section class="card panel" aria-label=LIST>
            <div class="panel-head">
                <h2>{TITLE} <span class="count number">{move || count()}</span></h2>
                <Show when=move || useful.get()>
                    <input class="filter" type="search" placeholder=FILTER aria-label=FILTER_LABEL data-testid="file-filter" bind:value=filter/>
                </Show>
            </div>
            <Show when=move || known.get() == 0><NoFiles live role more/></Show>
            <Show when=move || known.get() != 0 && ids.with(Vec::is_empty)>
                <p class="empty">{NO_MATCH}</p>
            </Show>
            <ul class="files">
                <For each=move || shown.get() key=|id| *id let:id><FileRow live role id/></For>
            </ul>
            <Show when=move || hidden.get() || more.get()><More live drawn hidden partly=Memo::new(move |_| more.get() && filter.with(|text| !text.is_empty()))/></Show>
        </section>
    }
}

/// An empty room, or one whose files can't be shown: another release wrote them, or one was removed here just now.
#[component]
fn NoFiles(live: Live, role: Role, more: Memo<bool>) -> impl IntoView {
    let is_empty = Memo::new(move |_| {
        let quota = |view: &Option<RoomView>| has_no_files(view.as_ref().and_then(|view| view.quota.as_ref()));
        !more.get() && live.view.with(quota)
    });
    view! {
        <div class="empty-room">
            <span class="empty-icon"><Glyph icon=Icon::Folder/></span>
            <strong>{move || if is_empty.get() { NONE } else { NONE_SHOWN }}</strong>
            <p class="muted">{move || is_empty.get().then(|| none_text(role.may_upload()))}</p>
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
            <Show when=move || partly.get()><span class="muted small">{FILTER_PARTLY}</span></Show>
            <button type="button" class="btn btn-small" data-testid="more-files" disabled=move || busy.get() on:click=load>
                {move || if busy.get() { LOADING } else { MORE }}
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
        Meta::Sealed(_) => (ENCRYPTED.to_owned(), String::new()),
    };
    let (id, added_at, added_by) = (file.file_id, file.added_at, file.added_by);
    let when = move || format::ago(added_at, ctx.now.get());
    let may_remove = move || {
        role.may_manage() || live.view.with(|view| view.as_ref().is_some_and(|view| view.member_id == added_by))
    };
    let shown = StoredValue::new(visible(&name));
    let ask = move |_| {
        ctx.ask(remove_title(&shown.get_value()), REMOVE_TEXT, REMOVE, move || remove_file(ctx, live, id));
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
                <button type="button" class="btn btn-small" data-testid="file-download" aria-label=move || download(&shown.get_value()) on:click=move |_| download_file(ctx, live, id)>
                    <Glyph icon=Icon::Download/><span class="wide-only">{DOWNLOAD}</span>
                </button>
                <Show when=may_remove>
                    <button type="button" class="icon-btn" data-testid="file-remove" title=REMOVE aria-label=move || remove(&shown.get_value()) on:click=ask>
                        <Glyph icon=Icon::Trash/>
                    </button>
                </Show>
            </div>
        </li>
    }
}

fn download_file(ctx: Ctx, live: Live, id: FileId) {
    spawn_local(async move {
        if let Err(error) = ctx.client().download(live.room, id).await {
            ctx.toast_error(text::error_text(&error));
        }
    });
}

fn remove_file(ctx: Ctx, live: Live, id: FileId) {
    spawn_local(async move {
        match ctx.client().remove_file(live.room, id).await {
            Ok(()) => {
                live.listing.try_update(|listing| listing.remove(id));
                ctx.toast(REMOVED);
                live.refresh(ctx);
            }
            Err(error) => ctx.toast_error(text::error_text(&error)),
        }
    });
}
