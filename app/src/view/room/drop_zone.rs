//! Adds files: dropped anywhere on the page, picked, or pasted.

use leptos::ev;
use leptos::html;
use leptos::prelude::*;
use leptos::task::spawn_local;
use slipway_protocol::wire::id::RoomId;
use wasm_client::has_picker;
use web_sys::DataTransfer;

use crate::browser::has_files;
use crate::model::live::Live;
use crate::model::state::{self, Ctx};
use crate::text::{self, files};
use crate::view::parts::{Glyph, Icon};

/// The drop zone and the two buttons.
#[component]
pub(crate) fn DropZone(live: Live) -> impl IntoView {
    let ctx = state::ctx();
    let room = live.room;
    let over = RwSignal::new(false);
    listen(ctx, room, over);
    view! {
        <section class="drop" class:drop-over=move || over.get() data-testid="drop-zone" aria-label=files::ADD>
            <span class="drop-icon"><Glyph icon=Icon::Upload/></span>
            <div class="drop-words">
                <strong class="wide-only">{files::DROP_WIDE}</strong>
                <strong class="narrow-only">{files::DROP_NARROW}</strong>
                <span class="muted small"><span class="wide-only">{files::DROP_WHERE}</span>{files::DROP_LIMIT}</span>
            </div>
            <div class="drop-buttons">
                <Picker room folder=false/>
                <Picker room folder=true/>
            </div>
        </section>
        <div class="drop-veil" class:drop-veil-on=move || over.get() aria-hidden="true">
            <p><Glyph icon=Icon::Upload/>{files::LET_GO}</p>
        </div>
    }
}

/// A button that opens a picker. Where the browser has the File System Access API its picker is used, since its handles
/// make a second pick after a reload unnecessary. The plain input serves other browsers, and tests.
#[component]
fn Picker(room: RoomId, folder: bool) -> impl IntoView {
    let ctx = state::ctx();
    let node = NodeRef::<html::Input>::new();
    let picker = has_picker();
    if folder {
        node.on_load(|input| input.set_webkitdirectory(true));
    }
    let on_pick = move |_| {
        let Some(input) = node.get_untracked() else { return };
        if let Some(files) = input.files() {
            ctx.client().add_files(room, files);
        }
        // Else picking the same file again would raise no event.
        input.set_value("");
    };
    let open = move |_| {
        spawn_local(async move {
            let client = ctx.client();
            let picked = if folder { client.pick_folder(room).await } else { client.pick_files(room).await };
            if let Err(error) = picked {
                ctx.toast_error(text::error_text(&error));
            }
        });
    };
    let (id, words, icon, class) = match folder {
        false => ("file-input", files::CHOOSE_FILES, Icon::File, "btn btn-primary"),
        true => ("folder-input", files::CHOOSE_FOLDER, Icon::Folder, "btn"),
    };
    let input = view! {
        <input
            type="file"
            class="sr-only"
            node_ref=node
            multiple
            data-testid=id
            aria-label=words
            tabindex=picker.then_some("-1")
            aria-hidden=picker.then_some("true")
            on:change=on_pick
        />
    };
    match picker {
        true => view! {
            <button type="button" class=class on:click=open><Glyph icon/>{words}</button>
            {input}
        }
        .into_any(),
        false => view! { <label class=class><Glyph icon/>{words}{input}</label> }.into_any(),
    }
}

/// Accepts drops on the whole page while the room is shown.
fn listen(ctx: Ctx, room: RoomId, over: RwSignal<bool>) {
    // Each element that is crossed raises both events: the pointer has left the page when their numbers are equal.
    let depth = StoredValue::new(0_i32);
    let mut listeners = vec![
        window_event_listener(ev::dragenter, move |event| {
            if has_files(event.data_transfer().as_ref()) {
                depth.update_value(|depth| *depth += 1);
                over.set(true);
            }
        }),
        window_event_listener(ev::dragleave, move |event| {
            if has_files(event.data_transfer().as_ref()) {
                depth.update_value(|depth| *depth = (*depth - 1).max(0));
                over.set(depth.get_value() > 0);
            }
        }),
        window_event_listener(ev::dragover, move |event| {
            // Otherwise the browser navigates to the dropped file.
            if has_files(event.data_transfer().as_ref()) {
                event.prevent_default();
            }
        }),
    ];
    listeners.push(window_event_listener(ev::drop, move |event| {
        depth.set_value(0);
        over.set(false);
        if let Some(data) = event.data_transfer().filter(|data| has_files(Some(data))) {
            event.prevent_default();
            add(ctx, room, data);
        }
    }));
    listeners.push(window_event_listener(ev::paste, move |event| {
        if let Some(data) = event.clipboard_data().filter(|data| has_files(Some(data))) {
            event.prevent_default();
            add(ctx, room, data);
        }
    }));
    on_cleanup(move || listeners.into_iter().for_each(WindowListenerHandle::remove));
}

fn add(ctx: Ctx, room: RoomId, data: DataTransfer) {
    // The data transfer is readable only during the event: it is read before the future is first polled.
    spawn_local(ctx.client().add_dropped(room, data));
}
