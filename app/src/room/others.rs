//! Uploads of others that are under way, as the room tells them.

use std::collections::HashSet;

use leptos::prelude::*;
use slipway_protocol::api::{Meta, UploadInfo};
use slipway_protocol::id::UploadId;

use crate::format;
use crate::live::Live;
use crate::names::visible;
use crate::parts::{Folder, KindIcon, Name};
use crate::state;

/// The list; nothing while nobody else uploads.
#[component]
pub(crate) fn Others(live: Live) -> impl IntoView {
    let ctx = state::ctx();
    let uploads = Memo::new(move |_| {
        let here: HashSet<UploadId> =
            ctx.uploads.with(|uploads| uploads.of(live.room).filter_map(|view| view.upload).collect());
        let all = live.view.with(|view| view.as_ref().map(|view| view.uploads.clone()).unwrap_or_default());
        all.into_iter().filter(|upload| !here.contains(&upload.upload_id)).collect::<Vec<_>>()
    });
    let ids = move || uploads.with(|all| all.iter().map(|upload| upload.upload_id).collect::<Vec<_>>());
    view! {
        <Show when=move || uploads.with(|all| !all.is_empty())>
            <section class="card panel" aria-label="Other uploads">
                <div class="panel-head"><h2>"Also on the way"</h2></div>
                <ul class="files">
                    <For each=ids key=|id| *id let:id><Other uploads id/></For>
                </ul>
            </section>
        </Show>
    }
}

#[component]
fn Other(uploads: Memo<Vec<UploadInfo>>, id: UploadId) -> impl IntoView {
    let first = uploads.with_untracked(|all| all.iter().find(|upload| upload.upload_id == id).cloned());
    first.map(|upload| {
        let bytes = Memo::new(move |before: Option<&u64>| {
            let now = uploads.with(|all| all.iter().find(|each| each.upload_id == id).map(|each| each.bytes_uploaded));
            now.or(before.copied()).unwrap_or_default()
        });
        let (name, path) = match upload.meta {
            Meta::Plain(meta) => (meta.name, meta.path),
            Meta::Sealed(_) => ("Encrypted file".to_owned(), String::new()),
        };
        let who = if upload.mine { "You, in another browser or tab".to_owned() } else { visible(&upload.display_name) };
        let size = upload.size;
        let percent = move || format::percent(bytes.get(), size);
        view! {
            <li class="file" data-testid="other-upload" data-name=name.clone()>
                <KindIcon name=name.clone()/>
                <Name name=name.clone()/>
                <p class="file-facts muted small">
                    <span class="number">{move || format::bytes_of(bytes.get(), size)}</span>
                    <Folder path=path.clone()/>
                    <bdi>{who}</bdi>
                </p>
                <progress class="other-bar" max="100" value=percent aria-label="Progress"></progress>
            </li>
        }
    })
}
