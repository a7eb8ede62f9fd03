//! The panel of this device's uploads: totals, buttons for all, filters and the list.

use std::time::Duration;

use leptos::html;
use leptos::prelude::*;
use slipway_protocol::wire::id::RoomId;
use wasm_client::{Client, LocalId, View, Which};

use super::cap::Cap;
use super::row::UploadRow;
use super::strip_view::Legend;
use crate::browser;
use crate::model::effect::effect;
use crate::model::order::{self, Filter};
use crate::model::rows::Counts;
use crate::model::state::{self, Ctx};
use crate::model::{pace, window};
use crate::text::{format, panel};
use crate::view::parts::{For, Glyph, Icon, Show};

/// Filters are shown above this many rows.
const FILTER_ABOVE: usize = 8;
/// The height of a row in pixels, if the style sheet does not set it.
const ROW_PIXELS: f64 = 88.0;
/// Rows that one task draws while the list is new.
const FIRST_ROWS: usize = 8;

/// The panel; hidden while there are no uploads. It is drawn ahead of the first one, in a task of its own after the room,
/// because drawing it takes 7 ms that the first pick would otherwise wait for.
#[component]
pub(crate) fn Uploads(room: RoomId) -> impl IntoView {
    let ctx = state::ctx();
    let filter = RwSignal::new(Filter::All);
    let (pointed, focused) = (RwSignal::new(false), RwSignal::new(false));
    let held = Memo::new(move |_| pointed.get() || focused.get());
    let order = Memo::new(move |before: Option<&Vec<LocalId>>| {
        let held = before.filter(|_| held.get()).map(Vec::as_slice);
        ctx.uploads.with(|uploads| order::arrange(uploads.sorted(room), filter.get(), held))
    });
    let counts = Memo::new(move |_| ctx.uploads.with(|uploads| uploads.counts(room)));
    let (none, ahead) = (Memo::new(move |_| counts.with(|counts| counts.all == 0)), RwSignal::new(false));
    // The view may have been disposed of in the meantime.
    set_timeout(move || _ = ahead.try_set(none.try_get_untracked() == Some(true)), Duration::ZERO);
    view! {
        <Show when=move || !none.get() || ahead.get()>
            <section class="card panel" aria-label=panel::TITLE hidden=none>
                <div class="panel-head">
                    <h2>{panel::TITLE}</h2>
                    <ForAll room counts/>
                </div>
                <TotalsLine counts/>
                <Filters counts filter/>
                <List order pointed focused ahead/>
                <div class="panel-foot">
                    <Legend/>
                    <Cap/>
                </div>
            </section>
        </Show>
    }
}

#[component]
fn ForAll(room: RoomId, counts: Memo<Counts>) -> impl IntoView {
    let ctx = state::ctx();
    let of = move |which: fn(&Counts) -> bool| Memo::new(move |_| counts.with(which));
    let cancel = move || {
        let open = counts.with_untracked(|counts| counts.open as u64);
        let cancel = move || for_each_fitting(ctx, room, |client, which| client.cancel(which), |_| true);
        ctx.ask(panel::cancel_all_title(open), panel::CANCEL_ALL_TEXT, panel::CANCEL_ALL, cancel);
    };
    let clear = move || {
        let done = ctx.uploads.with_untracked(|uploads| {
            uploads.of(room).filter(|view| order::may_clear(&view.actions)).map(|view| view.id).collect::<Vec<_>>()
        });
        done.into_iter().for_each(|id| ctx.client().dismiss(id));
    };
    view! {
        <div class="for-all">
            <AllButton shown=of(|all| all.retryable > 1) test="retry-all" words=panel::RETRY_ALL icon=Icon::Retry
                run=Callback::new(move |()| for_each_fitting(ctx, room, |client, which| client.retry(which), |view| view.actions.retry))/>
            <AllButton shown=of(|all| all.resumable > 0) test="resume-all" words=panel::RESUME_ALL icon=Icon::Play
                run=Callback::new(move |()| for_each_fitting(ctx, room, |client, which| client.resume(which), |view| view.actions.resume))/>
            <AllButton shown=of(|all| all.pausable > 0) test="pause-all" words=panel::PAUSE_ALL icon=Icon::Pause
                run=Callback::new(move |()| for_each_fitting(ctx, room, |client, which| client.pause(which), |view| view.actions.pause))/>
            <AllButton shown=of(|all| all.open > 1) test="cancel-all" words=panel::CANCEL_ALL icon=Icon::Close
                run=Callback::new(move |()| cancel())/>
            <AllButton shown=of(|all| all.clearable > 0) test="clear-done" words=panel::CLEAR_FINISHED icon=Icon::Check
                run=Callback::new(move |()| clear())/>
        </div>
    }
}

/// A button for all uploads that it applies to.
#[component]
fn AllButton(
    shown: Memo<bool>,
    test: &'static str,
    words: &'static str,
    icon: Icon,
    run: Callback<()>,
) -> impl IntoView {
    view! {
        <Show when=move || shown.get()>
            <button type="button" class="btn btn-small" data-testid=test on:click=move |_| run.run(())>
                <Glyph icon/>{words}
            </button>
        </Show>
    }
}

/// Applies an action to all open uploads of the room that it fits: with one call if no other room has uploads, else one by
/// one.
fn for_each_fitting(ctx: Ctx, room: RoomId, act: fn(&Client, Which), fits: fn(&View) -> bool) {
    let client = ctx.client();
    // Collected before acting, since an action changes the rows.
    let ids = ctx.uploads.with_untracked(|uploads| {
        let is_only_room = uploads.rooms().all(|(other, counts)| other == room || counts.all == 0);
        let fitting = |view: &&View| !view.stage.is_over() && fits(view);
        (!is_only_room).then(|| uploads.of(room).filter(fitting).map(|view| view.id).collect::<Vec<_>>())
    });
    match ids {
        None => act(&client, Which::All),
        Some(ids) => ids.into_iter().for_each(|id| act(&client, Which::One(id))),
    }
}

/// Files, bytes, speed and time left of all uploads together.
#[component]
fn TotalsLine(counts: Memo<Counts>) -> impl IntoView {
    let ctx = state::ctx();
    let elsewhere = Memo::new(move |_| {
        let open: usize = ctx.uploads.with(|uploads| uploads.rooms().map(|(_, counts)| counts.open).sum());
        open - counts.with(|counts| counts.open)
    });
    let files = move || {
        let totals = ctx.totals.get();
        let all = u64::from(totals.open + totals.completed + totals.failed);
        panel::done_of(totals.completed.into(), all)
    };
    let bytes = move || ctx.totals.with(|totals| format::bytes_of(totals.bytes, totals.size));
    let pace = Memo::new(move |_| pace::of_all(ctx));
    let speed = move || pace.get().speed.map(format::speed);
    let left = move || pace.get().eta.map(panel::left);
    let other = move || match elsewhere.get() {
        0 => None,
        n => Some(panel::in_other_rooms(n as u64)),
    };
    view! {
        <p class="totals" data-testid="totals" data-completed=move || ctx.totals.with(|totals| totals.completed)>
            <span>{move || files()}</span><span>{move || bytes()}</span><span class="strong">{move || speed()}</span>
            <span>{move || left()}</span>
            <span class="muted">{move || other()}</span>
        </p>
        <progress class="totals-bar" max="100" aria-label=panel::ALL_TOGETHER
            value=move || ctx.totals.with(|totals| format::percent(totals.bytes, totals.size))></progress>
    }
}

#[component]
fn Filters(counts: Memo<Counts>, filter: RwSignal<Filter>) -> impl IntoView {
    let useful = Memo::new(move |_| counts.with(|all| all.all) > FILTER_ABOVE || filter.get() != Filter::All);
    // Reset with the last row, so that the next uploads are not filtered out.
    on_cleanup(move || _ = filter.try_set(Filter::All));
    let button = move |each: Filter| {
        let n = Memo::new(move |_| counts.with(|all| all.shown(each)));
        view! {
            <button type="button" class="chip" aria-pressed=move || (filter.get() == each).to_string() on:click=move |_| filter.set(each)>
                {panel::filter(each)} " " <span class="number">{move || format::grouped(n.get() as u64)}</span>
            </button>
        }
    };
    view! {
        <Show when=move || useful.get()>
            <div class="chips" role="group" aria-label=panel::FILTERS>
                {Filter::ALL.map(button).collect_view()}
            </div>
        </Show>
    }
}

/// Draws the first rows a few at a time, each few in a task of its own, so that no task is long. The browser has yet to
/// compile the code that draws a row; once it has, a whole window of rows takes as long as these few.
fn draw_more(most: RwSignal<usize>) {
    set_timeout(
        move || {
            let is_all = most.try_update(|most| {
                let next = most.saturating_add(FIRST_ROWS);
                *most = if next < window::DRAW_ALL { next } else { usize::MAX };
                *most == usize::MAX
            });
            if is_all == Some(false) {
                draw_more(most);
            }
        },
        Duration::ZERO,
    );
}

/// The list. Only the rows in and near the viewport are drawn.
#[component]
fn List(
    order: Memo<Vec<LocalId>>,
    pointed: RwSignal<bool>,
    focused: RwSignal<bool>,
    ahead: RwSignal<bool>,
) -> impl IntoView {
    let node = NodeRef::<html::Div>::new();
    let (scroll, height, row) = (RwSignal::new(0.0), RwSignal::new(600.0), RwSignal::new(ROW_PIXELS));
    // Frames and scroll events may still arrive after the list was disposed of.
    let there = move || node.try_get_untracked().flatten();
    let measure = move || {
        if let Some(list) = there() {
            height.set(f64::from(list.client_height()));
            row.set(browser::css_pixels(&list, "--row").unwrap_or(ROW_PIXELS));
        }
    };
    let many = Memo::new(move |_| order.with(Vec::len));
    // Up to `DRAW_ALL` rows the list grows with them, so its height changes.
    let few = Memo::new(move |_| many.get().min(window::DRAW_ALL + 1));
    effect(move || {
        let _ = (node.get(), few.get());
        // The new rows have no layout yet.
        request_animation_frame(measure);
    });
    let resized = window_event_listener(leptos::ev::resize, move |_| measure());
    on_cleanup(move || {
        resized.remove();
        // An element that is removed under the pointer receives no `pointerleave`.
        pointed.try_set(false);
        focused.try_set(false);
    });
    let drawn = Memo::new(move |_| window::visible(many.get(), scroll.get(), height.get(), row.get()));
    let (most, mut begun) = (RwSignal::new(0), false);
    effect(move || {
        if begun || many.get() == 0 {
            return;
        }
        begun = true;
        // From now on the panel is removed with its last row, which also resets the scroll position.
        ahead.set(false);
        match browser::is_hidden() {
            // Timers of a hidden page are throttled, and long tasks do no harm there.
            true => most.set(usize::MAX),
            false => draw_more(most),
        }
    });
    let rows = move || {
        order.with(|order| {
            order.get(drawn.get()).unwrap_or_default().iter().take(most.get()).copied().collect::<Vec<_>>()
        })
    };
    let on_scroll = move |_| scroll.set(there().map_or(0.0, |list| f64::from(list.scroll_top())));
    let above = move || rows_high(drawn.get().start);
    let below = move || rows_high(many.get().saturating_sub(drawn.get().end));
    view! {
        <div
            class="uploads"
            node_ref=node
            on:scroll=on_scroll
            on:pointerenter=move |_| pointed.set(true)
            on:pointerleave=move |_| pointed.set(false)
            on:focusin=move |_| focused.set(browser::focus_is_visible())
            on:focusout=move |_| focused.set(false)
        >
            <div style:height=move || above()></div>
            <ul class="uploads-list">
                <For each=rows key=|id| *id let:id><UploadRow id order/></For>
            </ul>
            <div style:height=move || below()></div>
            <Show when=move || many.get() == 0><p class="empty">{panel::NONE}</p></Show>
        </div>
    }
}

/// The height of some rows, from the height of one in the style sheet.
fn rows_high(rows: usize) -> String {
    format!("calc({rows} * var(--row))")
}
