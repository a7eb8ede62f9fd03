//! One upload.

use leptos::html;
use leptos::prelude::*;
use leptos::task::spawn_local;
use wasm_client::{Actions, LocalId, Reason, Stage, View, Which, has_picker};

use super::strip_view::Strip;
use crate::model::state::{self, Ctx};
use crate::model::{order, pace};
use crate::text::names::visible;
use crate::text::panel::{self, of_file};
use crate::text::{self, format, others};
use crate::view::parts::{Folder, Glyph, Icon, KindIcon, Name, Show};

/// Cancelling needs a confirmation above this many sent bytes.
const ASK_ABOVE: u64 = 100_000_000;

/// The row of one upload. Each of its fields is a memo, so that only changed fields are drawn again.
#[component]
pub(crate) fn UploadRow(id: LocalId, order: Memo<Vec<LocalId>>) -> impl IntoView {
    let ctx = state::ctx();
    let first = ctx.uploads.with_untracked(|uploads| uploads.get(id).cloned());
    first.map(|first| view! { <Row first order/> })
}

#[component]
fn Row(first: View, order: Memo<Vec<LocalId>>) -> impl IntoView {
    let ctx = state::ctx();
    let (id, name, path, size) = (first.id, first.name.clone(), first.path.clone(), first.size);
    let view = Memo::new(move |before: Option<&View>| {
        let now = ctx.uploads.with(|uploads| uploads.get(id).cloned());
        // The last view, for the moment between the end of the upload and that of its row.
        now.or_else(|| before.cloned()).unwrap_or_else(|| first.clone())
    });
    let stage = Memo::new(move |_| view.with(|view| view.stage));
    let reason = Memo::new(move |_| view.with(|view| view.reason.map(|reason| reason.as_str())));
    let status = Memo::new(move |_| view.with(text::status_text));
    let place = Memo::new(move |_| order.with(|order| order.iter().position(|each| *each == id).unwrap_or(0) + 1));
    view! {
        <li
            class="upload"
            data-testid="upload-row"
            data-name=name.clone()
            data-path=path.clone()
            data-state=move || stage.get().as_str()
            data-reason=reason
            aria-posinset=place
            aria-setsize=move || order.with(Vec::len)
        >
            <KindIcon name=name.clone()/>
            <div class="upload-head">
                <Name name=name.clone()/>
                <span class="upload-size number muted">{format::bytes(size)}</span>
                <Folder path=path.clone()/>
            </div>
            <Strip view/>
            <p class="upload-status" title=status>
                <StageMark stage/>
                <span>{status}</span>
            </p>
            <div class="upload-side">
                <Figures view/>
                <Buttons view/>
            </div>
        </li>
    }
}

#[component]
fn StageMark(stage: Memo<Stage>) -> impl IntoView {
    let mark = move || {
        let icon = match stage.get() {
            Stage::Completed => Icon::Check,
            Stage::Failed | Stage::Expired => Icon::Warning,
            Stage::NeedsFile => Icon::File,
            Stage::Paused => Icon::Pause,
            Stage::Queued | Stage::Waiting => Icon::Clock,
            Stage::Completing => Icon::Shield,
            Stage::Hashing | Stage::Uploading | Stage::Cancelled => return None,
        };
        Some(view! { <Glyph icon/> })
    };
    view! {
        <span class="stage-mark">{move || mark()}</span>
        <span class="sr-only">{move || text::stage_text(stage.get())} ": "</span>
    }
}

/// Percent, speed and time left, each in an element of its own so that the layout does not shift.
#[component]
fn Figures(view: Memo<View>) -> impl IntoView {
    let ctx = state::ctx();
    let moving =
        Memo::new(move |_| view.with(|v| matches!(v.stage, Stage::Uploading | Stage::Hashing | Stage::Completing)));
    let percent = Memo::new(move |_| {
        view.with(|view| (!view.stage.is_over() && !elsewhere(view)).then(|| format!("{}%", view.percent)))
    });
    let pace = Memo::new(move |_| view.with(|view| pace::of_one(ctx, view)));
    let speed = Memo::new(move |_| pace.get().speed.filter(|_| moving.get()).map(format::speed));
    let eta = Memo::new(move |_| pace.get().eta.filter(|_| moving.get()).map(panel::left));
    view! {
        <div class="upload-figures">
            <span class="upload-percent number">{percent}</span>
            <span class="number muted" data-testid="upload-speed">{speed}</span>
            <span class="muted" data-testid="upload-eta">{eta}</span>
        </div>
    }
}

/// Whether another tab sends it: only that tab knows its progress.
fn elsewhere(view: &View) -> bool {
    view.reason == Some(Reason::OtherTab)
}

#[component]
fn Buttons(view: Memo<View>) -> impl IntoView {
    let ctx = state::ctx();
    let (id, name) = view.with_untracked(|view| (view.id, StoredValue::new(visible(&view.name))));
    let actions = Memo::new(move |_| view.with(|view| view.actions));
    let can = move |which: fn(&Actions) -> bool| Memo::new(move |_| actions.with(which));
    let one = Which::One(id);
    view! {
        <div class="upload-buttons">
            <Pick id name shown=can(|a| a.pick)/>
            <Act name shown=can(|a| a.take_over) test="upload-take-over" words=panel::TAKE_OVER icon=Icon::Laptop wide=true
                run=Callback::new(move |()| ctx.client().take_over(id))/>
            <Act name shown=can(|a| a.retry) test="upload-retry" words=panel::RETRY icon=Icon::Retry wide=true
                run=Callback::new(move |()| ctx.client().retry(one))/>
            <Act name shown=can(|a| a.resume) test="upload-resume" words=panel::RESUME icon=Icon::Play wide=true
                run=Callback::new(move |()| ctx.client().resume(one))/>
            <Act name shown=can(|a| a.pause) test="upload-pause" words=panel::PAUSE icon=Icon::Pause
                run=Callback::new(move |()| ctx.client().pause(one))/>
            <Act name shown=can(|a| a.cancel) test="upload-cancel" words=panel::CANCEL icon=Icon::Close
                run=Callback::new(move |()| view.with_untracked(|view| cancel(ctx, view)))/>
            <Act name shown=can(order::may_clear) test="upload-dismiss" words=panel::DISMISS icon=Icon::Close
                run=Callback::new(move |()| ctx.client().dismiss(id))/>
        </div>
    }
}

/// A button of the row. `wide`: with its label beside the icon.
#[component]
fn Act(
    name: StoredValue<String>,
    shown: Memo<bool>,
    test: &'static str,
    words: &'static str,
    icon: Icon,
    #[prop(optional)] wide: bool,
    run: Callback<()>,
) -> impl IntoView {
    let class = if wide { "btn btn-small" } else { "icon-btn" };
    view! {
        <Show when=move || shown.get()>
            <button type="button" class=class data-testid=test aria-label=move || of_file(words, &name.get_value()) title=words on:click=move |_| run.run(())>
                <Glyph icon/>
                {wide.then_some(words)}
            </button>
        </Show>
    }
}

/// Picks the file of a restored upload again: with the File System Access API, or the plain input.
#[component]
fn Pick(id: LocalId, name: StoredValue<String>, shown: Memo<bool>) -> impl IntoView {
    let ctx = state::ctx();
    let node = NodeRef::<html::Input>::new();
    let picker = has_picker();
    let on_pick = move |_| {
        let Some(input) = node.get_untracked() else { return };
        if let Some(file) = input.files().and_then(|files| files.get(0)) {
            ctx.client().reattach(id, file);
        }
        // Else picking the same file again would raise no event.
        input.set_value("");
    };
    let open = move |_| {
        spawn_local(async move {
            if let Err(error) = ctx.client().pick_again(id).await {
                ctx.toast_error(text::error_text(&error));
            }
        });
    };
    let input = move || {
        view! {
            <input
                type="file"
                class="sr-only"
                node_ref=node
                data-testid="upload-pick"
                aria-label=move || of_file(panel::PICK_AGAIN, &name.get_value())
                tabindex=picker.then_some("-1")
                aria-hidden=picker.then_some("true")
                on:change=on_pick
            />
        }
    };
    let button = move || match picker {
        true => view! {
            <button
                type="button"
                class="btn btn-small"
                aria-label=move || of_file(panel::PICK_AGAIN, &name.get_value())
                on:click=open
            >
                <Glyph icon=Icon::File/>{panel::PICK_AGAIN}
            </button>
            {input()}
        }
        .into_any(),
        false => view! { <label class="btn btn-small"><Glyph icon=Icon::File/>{panel::PICK_AGAIN}{input()}</label> }
            .into_any(),
    };
    view! { <Show when=move || shown.get()>{button()}</Show> }
}

fn cancel(ctx: Ctx, view: &View) {
    let which = Which::One(view.id);
    if view.bytes < ASK_ABOVE {
        ctx.client().cancel(which);
        return;
    }
    let title = others::cancel_title(&visible(&view.name));
    ctx.ask(title, panel::cancel_text(view.bytes), others::CANCEL, move || ctx.client().cancel(which));
}
