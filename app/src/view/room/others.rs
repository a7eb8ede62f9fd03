//! Open uploads of other members and devices.

use leptos::html;
use leptos::prelude::*;
use leptos::task::spawn_local;
use slipway_protocol::wire::id::{RoomId, UploadId};
use slipway_protocol::wire::link::Role;
use slipway_protocol::wire::{Meta, UploadInfo, UploadState};

use crate::model::live::Live;
use crate::model::state;
use crate::text::names::visible;
use crate::text::{self, format, others};
use crate::view::parts::{Folder, For, Glyph, Icon, KindIcon, Name, Show};

/// The list; nothing while there are none.
#[component]
pub(crate) fn Others(live: Live, role: Role) -> impl IntoView {
    let ctx = state::ctx();
    let uploads = Memo::new(move |_| {
        let all = live.view.with(|view| view.as_ref().map(|view| view.uploads.clone()).unwrap_or_default());
        // Those of this device are in the panel of uploads.
        ctx.uploads.with(|here| all.into_iter().filter(|upload| !here.has(upload.upload_id)).collect::<Vec<_>>())
    });
    let ids = move || uploads.with(|all| all.iter().map(|upload| upload.upload_id).collect::<Vec<_>>());
    view! {
        <Show when=move || uploads.with(|all| !all.is_empty())>
            <section class="card panel" aria-label=others::LIST>
                <div class="panel-head"><h2>{others::TITLE}</h2></div>
                <ul class="files">
                    <For each=ids key=|id| *id let:id><Other live role uploads id/></For>
                </ul>
            </section>
        </Show>
    }
}

#[component]
fn Other(live: Live, role: Role, uploads: Memo<Vec<UploadInfo>>, id: UploadId) -> impl IntoView {
    let first = uploads.with_untracked(|all| all.iter().find(|upload| upload.upload_id == id).cloned());
    first.map(|upload| {
        let bytes = Memo::new(move |before: Option<&u64>| {
            let now = uploads.with(|all| all.iter().find(|each| each.upload_id == id).map(|each| each.bytes_uploaded));
            now.or(before.copied()).unwrap_or_default()
        });
        let may_cancel = upload.mine || role == Role::Manage;
        let may_go_on = role.may_upload() && upload.state == UploadState::Uploading;
        let (name, path) = match upload.meta {
            Meta::Plain(meta) => (meta.name, meta.path),
            Meta::Sealed(_) => (text::files::ENCRYPTED.to_owned(), String::new()),
        };
        let who = if upload.mine { others::YOU_ELSEWHERE.to_owned() } else { text::label_text(&upload.display_name) };
        let size = upload.size;
        let percent = move || format::percent(bytes.get(), size);
        view! {
            <li class="file file-other" data-testid="other-upload" data-name=name.clone()>
                <KindIcon name=name.clone()/>
                <Name name=name.clone()/>
                <p class="file-facts muted small">
                    <span class="number">{move || format::bytes_of(bytes.get(), size)}</span>
                    <Folder path=path.clone()/>
                    <bdi>{who}</bdi>
                </p>
                <div class="file-buttons">
                    <progress class="other-bar" max="100" value=move || percent() aria-label=others::how_far(&visible(&name))></progress>
                    {may_go_on.then(|| view! { <GoOn room=live.room name=name.clone() size id/> })}
                    {may_cancel.then(|| view! { <Cancel live name=name.clone() id/> })}
                </div>
            </li>
        }
    })
}

/// Takes the upload over, with the same file picked here.
#[component]
fn GoOn(room: RoomId, name: String, size: u64, id: UploadId) -> impl IntoView {
    let ctx = state::ctx();
    let node = NodeRef::<html::Input>::new();
    let words = others::go_on_with(&visible(&name));
    let on_pick = move |_| {
        let Some(input) = node.get_untracked() else { return };
        if let Some(file) = input.files().and_then(|files| files.get(0)) {
            // Another size is refused at once. A file of this size is proved by MD5s of its parts (decision 13).
            if file.size() == size as f64 {
                ctx.client().continue_upload(room, id, file);
            } else {
                ctx.toast_error(others::another_file(file.size() as u64));
            }
        }
        // Else picking the same file again would raise no event.
        input.set_value("");
    };
    view! {
        <label class="btn btn-small" title=words.clone()>
            <Glyph icon=Icon::Play/>{others::GO_ON_HERE}
            <input type="file" class="sr-only" node_ref=node data-testid="other-pick" aria-label=words.clone() on:change=on_pick/>
        </label>
    }
}

#[component]
fn Cancel(live: Live, name: String, id: UploadId) -> impl IntoView {
    let ctx = state::ctx();
    let name = visible(&name);
    let (words, title) = (others::cancel(&name), others::cancel_title(&name));
    let cancel = move || {
        spawn_local(async move {
            if let Err(error) = ctx.client().cancel_elsewhere(live.room, id).await {
                ctx.toast_error(text::error_text(&error));
            }
            live.refresh(ctx);
        });
    };
    let ask = move |_| {
        ctx.ask(title.clone(), others::CANCEL_TEXT, others::CANCEL, cancel);
    };
    view! {
        <button type="button" class="icon-btn" data-testid="other-cancel" aria-label=words.clone() title=words on:click=ask>
            <Glyph icon=Icon::Close/>
        </button>
    }
}
