//! The frame around every page: header, notices, dialogs, live regions for screen readers.

use leptos::prelude::*;
use leptos::task::spawn_local;
use wasm_client::Client;

use super::audit::AuditPage;
use super::home::Home;
use super::not_found::NotFound;
use super::room::RoomPage;
use crate::browser;
use crate::model::effect::effect;
use crate::model::router::Page;
use crate::model::state::Ctx;
use crate::model::{cap, pace, state};
use crate::text::frame;
use crate::text::{self, format};
use crate::view::parts::Announcer;
use crate::view::parts::{Notices, QuestionDialog, Show, Skeleton, ThemeButton, Toasts, Wordmark};

/// The whole page.
#[component]
pub(crate) fn Root() -> impl IntoView {
    let ctx = Ctx::new();
    provide_context(ctx);
    spawn_local(async move { ctx.begin(&Client::start(text::PANIC).await) });
    cap::follow(ctx);
    update_title(ctx);
    view! {
        <button type="button" class="skip" on:click=move |_| browser::focus("main")>{frame::SKIP}</button>
        <header class="topbar">
            <div class="topbar-in">
                <Wordmark/>
                <TotalProgress/>
                <ThemeButton/>
            </div>
        </header>
        <Notices/>
        <FocusFollows/>
        <main id="main" class="page" tabindex="-1" aria-busy=move || (!ctx.ready.get()).to_string()>
            <Show when=move || ctx.ready.get() fallback=Skeleton>
                <Pages/>
            </Show>
        </main>
        <Toasts/>
        <QuestionDialog/>
        <p class="sr-only" role="status" aria-live="polite">{move || ctx.announcement.get()}</p>
        <Announcer/>
    }
}

#[component]
fn Pages() -> impl IntoView {
    let page = state::ctx().router.page();
    view! {
        {move || match page.get() {
            Page::Home => view! { <Home/> }.into_any(),
            Page::Room => view! { <RoomPage/> }.into_any(),
            Page::Audit => view! { <AuditPage/> }.into_any(),
            #[cfg(feature = "gallery")]
            Page::Gallery => view! { <super::gallery::Gallery/> }.into_any(),
            Page::Other => view! { <NotFound/> }.into_any(),
        }}
    }
}

/// Moves the focus to the content when the page changes, for keyboards and screen readers.
#[component]
fn FocusFollows() -> impl IntoView {
    let path = state::ctx().router.path;
    let mut before = None;
    effect(move || {
        let now = path.get();
        if before.as_ref().is_some_and(|before| *before != now) {
            browser::focus("main");
        }
        before = Some(now);
    });
}

/// Progress of all uploads in the header of every page.
#[component]
fn TotalProgress() -> impl IntoView {
    let ctx = state::ctx();
    let text = move || {
        let totals = ctx.totals.get();
        let percent = format::percent(totals.bytes, totals.size);
        let speed = pace::of_all(ctx).speed.map(|speed| format!(" · {}", format::speed(speed))).unwrap_or_default();
        format!("{percent}%{speed}")
    };
    view! {
        <Show when=move || ctx.totals.with(|totals| totals.open > 0)>
            <span class="pill pill-progress" title=frame::PROGRESS>
                {text}
            </span>
        </Show>
    }
}

fn update_title(ctx: Ctx) {
    // Progress comes several times a second, and the title changes with whole percents only.
    let title = Memo::new(move |_| {
        let progress = ctx.totals.with(|t| (t.open > 0).then(|| format!("{}% · ", format::percent(t.bytes, t.size))));
        let about = ctx.title.with(|title| match title.as_str() {
            "" => String::new(),
            title => format!("{title} – "),
        });
        format!("{}{about}{}", progress.unwrap_or_default(), frame::PRODUCT)
    });
    effect(move || document().set_title(&title.get()));
}
