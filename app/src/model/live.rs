//! A room that keeps itself up to date by asking again.

use std::time::Duration;

use leptos::leptos_dom::helpers::{TimeoutHandle, set_timeout_with_handle};
use leptos::prelude::*;
use leptos::task::spawn_local;
use slipway_protocol::wire::id::RoomId;
use slipway_protocol::wire::{FilePage, RoomView};
use wasm_client::ClientError;

use crate::model::listing::Listing;
use crate::model::polling;
use crate::model::state::Ctx;
use crate::view::parts::effect;
use crate::{browser, text};

/// The room as last seen. A handle: copies are one.
#[derive(Clone, Copy)]
pub(crate) struct Live {
    pub(crate) room: RoomId,
    /// None until the first answer. Its files are in `listing`.
    pub(crate) view: RwSignal<Option<RoomView>>,
    pub(crate) listing: RwSignal<Listing>,
    /// Why the last look failed.
    pub(crate) trouble: RwSignal<Option<ClientError>>,
    first_page: StoredValue<Option<FilePage>>,
    /// The next look, and when it is, on the page's clock.
    timer: StoredValue<Option<(u64, TimeoutHandle)>>,
    busy: StoredValue<bool>,
    /// Somebody wanted to look while a look was under way.
    again: StoredValue<Option<Wish>>,
    failures: StoredValue<u32>,
    /// Of the last look that an upload's end asked for: when it began, on the page's clock, and how long it took.
    last: StoredValue<Option<(u64, u64)>>,
}

/// How much a look is wanted.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Wish {
    Soon,
    Now,
}

impl Live {
    pub(crate) fn new(room: RoomId) -> Self {
        Self {
            room,
            view: RwSignal::new(None),
            listing: RwSignal::default(),
            trouble: RwSignal::new(None),
            first_page: StoredValue::new(None),
            timer: StoredValue::new(None),
            busy: StoredValue::new(false),
            again: StoredValue::new(None),
            failures: StoredValue::new(0),
            last: StoredValue::new(None),
        }
    }

    /// Looks now, and again and again until the view that made this goes away.
    pub(crate) fn follow(self, ctx: Ctx) {
        self.look(ctx);
        // In a task of its own, while the room is waited for: its rows show times.
        set_timeout(browser::prepare_times, Duration::ZERO);
        let seen = window_event_listener(leptos::ev::visibilitychange, move |_| self.look_if_seen(ctx));
        let online = window_event_listener(leptos::ev::online, move |_| self.look(ctx));
        let completed = Memo::new(move |_| ctx.totals.with(|totals| totals.completed));
        let mut before = None;
        effect(move || {
            let now = completed.get();
            if before.replace(now).is_some_and(|before| before != now) {
                self.want(ctx, Wish::Soon);
            }
        });
        on_cleanup(move || {
            seen.remove();
            online.remove();
            if let Some((_, timer)) = self.timer.try_get_value().flatten() {
                timer.clear();
            }
        });
    }

    fn look_if_seen(self, ctx: Ctx) {
        if !browser::is_hidden() {
            self.look(ctx);
        }
    }

    /// Looks now.
    pub(crate) fn look(self, ctx: Ctx) {
        self.want(ctx, Wish::Now);
    }

    /// Looks when it is time for it. While a look is under way it is repeated afterwards.
    fn want(self, ctx: Ctx, wish: Wish) {
        match self.busy.try_get_value() {
            Some(false) => match self.wait_ms(wish) {
                0 => spawn_local(self.ask(ctx, wish)),
                wait => self.plan(ctx, wait, wish),
            },
            Some(true) => self.again.update_value(|again| *again = (*again).max(Some(wish))),
            None => {}
        }
    }

    /// Uploads may end by the hundred: what is left of the time between two looks that they asked for, in milliseconds.
    fn wait_ms(self, wish: Wish) -> u64 {
        if wish == Wish::Now {
            return 0;
        }
        let rest = |(began, took)| polling::rest_ms(browser::page_ms().saturating_sub(began), took);
        self.last.get_value().map_or(0, rest)
    }

    async fn ask(self, ctx: Ctx, wish: Wish) {
        self.busy.set_value(true);
        let began = browser::page_ms();
        let client = ctx.client();
        let answer = client.room(self.room).await;
        // The user may have left the room meanwhile.
        let Some(seen) = self.view.try_with_untracked(|view| view.as_ref().and_then(|view| view.last_seq)) else {
            return;
        };
        match answer {
            Ok(view) => {
                let removed = match seen {
                    Some(seq)
                        if view.last_seq.is_some_and(|now| now != seq)
                            && self.listing.with_untracked(Listing::is_paged) =>
                    {
                        client.removed(self.room, seq).await.ok()
                    }
                    _ => None,
                };
                if self.busy.try_get_value().is_none() {
                    return;
                }
                self.accept(view);
                if let Some(removed) = removed {
                    self.listing.update(|listing| listing.apply(&removed));
                }
            }
            Err(error) => self.fail(error),
        }
        // Drawing what came is part of it; rows beyond the first few have frames of their own.
        leptos::task::tick().await;
        if self.busy.try_get_value().is_none() {
            return;
        }
        self.busy.set_value(false);
        if wish == Wish::Soon {
            self.last.set_value(Some((began, browser::page_ms().saturating_sub(began))));
        }
        self.plan_next(ctx);
    }

    /// Takes an answer in. Nothing is redrawn that did not change.
    pub(crate) fn accept(self, mut view: RoomView) {
        self.failures.set_value(0);
        if self.trouble.with_untracked(Option::is_some) {
            self.trouble.set(None);
        }
        let page = FilePage { files: std::mem::take(&mut view.files), next_after: view.next_files.take() };
        if self.first_page.with_value(|before| before.as_ref() != Some(&page)) {
            self.first_page.set_value(Some(page.clone()));
            self.listing.update(|listing| listing.refresh(page));
        }
        if self.view.with_untracked(|before| before.as_ref() != Some(&view)) {
            self.view.set(Some(view));
        }
    }

    fn fail(self, error: ClientError) {
        self.failures.update_value(|failures| *failures += 1);
        self.trouble.set(Some(error));
    }

    fn plan_next(self, ctx: Ctx) {
        if self.is_lost() {
            return;
        }
        let (wait, wish) = match self.again.get_value() {
            Some(wish) => (self.wait_ms(wish), wish),
            None => (polling::delay_ms(browser::is_hidden(), self.failures.get_value()), Wish::Now),
        };
        self.again.set_value(None);
        self.forget_timer();
        self.plan(ctx, wait, wish);
    }

    /// Plans a look, unless one is planned that is earlier.
    fn plan(self, ctx: Ctx, wait: u64, wish: Wish) {
        let at = browser::page_ms() + wait;
        if self.timer.with_value(|timer| timer.as_ref().is_some_and(|(planned, _)| *planned <= at)) {
            return;
        }
        self.forget_timer();
        let look = move || {
            if self.timer.try_set_value(None).is_some() {
                return;
            }
            // Else one is under way, and the next is planned after it.
            if self.busy.try_get_value() == Some(false) {
                spawn_local(self.ask(ctx, wish));
            }
        };
        let timer = set_timeout_with_handle(look, Duration::from_millis(wait));
        self.timer.set_value(timer.ok().map(|timer| (at, timer)));
    }

    fn forget_timer(self) {
        if let Some((_, timer)) = self.timer.get_value() {
            timer.clear();
        }
        self.timer.set_value(None);
    }

    /// Whether asking again is of no use.
    fn is_lost(self) -> bool {
        self.trouble
            .with_untracked(|trouble| trouble.as_ref().and_then(ClientError::code).and_then(text::lost_text).is_some())
    }
}
