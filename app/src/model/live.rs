//! A room, refreshed by polling.

use std::time::Duration;

use leptos::leptos_dom::helpers::{TimeoutHandle, set_timeout_with_handle};
use leptos::prelude::*;
use leptos::task::spawn_local;
use slipway_protocol::wire::id::RoomId;
use slipway_protocol::wire::{FilePage, RoomView};
use wasm_client::ClientError;

use crate::model::effect::effect;
use crate::model::listing::Listing;
use crate::model::polling;
use crate::model::state::Ctx;
use crate::{browser, text};

/// The room as last received. A handle: copies share their state.
#[derive(Clone, Copy)]
pub(crate) struct Live {
    pub(crate) room: RoomId,
    /// None until the first answer. Its files are in `listing`.
    pub(crate) view: RwSignal<Option<RoomView>>,
    pub(crate) listing: RwSignal<Listing>,
    /// Why the last refresh failed.
    pub(crate) trouble: RwSignal<Option<ClientError>>,
    first_page: StoredValue<Option<FilePage>>,
    /// Time of the next refresh on the monotonic clock, and its timer.
    timer: StoredValue<Option<(u64, TimeoutHandle)>>,
    busy: StoredValue<bool>,
    /// Requested while a refresh was running.
    queued: StoredValue<Option<Urgency>>,
    failures: StoredValue<u32>,
    /// Start and duration of the last refresh that a completed upload caused.
    last: StoredValue<Option<(u64, u64)>>,
}

/// How soon a refresh is needed.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Urgency {
    /// An upload completed: hundreds may do so within seconds.
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
            queued: StoredValue::new(None),
            failures: StoredValue::new(0),
            last: StoredValue::new(None),
        }
    }

    /// Refreshes now and then periodically, until the view that made this is disposed of.
    pub(crate) fn follow(self, ctx: Ctx) {
        self.refresh(ctx);
        // The rows show times. In a task of its own, while the call is on its way.
        set_timeout(browser::prepare_time_format, Duration::ZERO);
        // A hidden tab polls rarely, so what it shows is old when the user comes back.
        let seen = window_event_listener(leptos::ev::visibilitychange, move |_| self.refresh_if_visible(ctx));
        // The backoff of the failed calls before would be waited for otherwise.
        let online = window_event_listener(leptos::ev::online, move |_| self.refresh(ctx));
        let completed = Memo::new(move |_| ctx.totals.with(|totals| totals.completed));
        let mut before = None;
        effect(move || {
            let now = completed.get();
            if before.replace(now).is_some_and(|before| before != now) {
                self.request(ctx, Urgency::Soon);
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

    fn refresh_if_visible(self, ctx: Ctx) {
        if !browser::is_hidden() {
            self.refresh(ctx);
        }
    }

    /// Refreshes now.
    pub(crate) fn refresh(self, ctx: Ctx) {
        self.request(ctx, Urgency::Now);
    }

    /// Refreshes when it is due. A request during a refresh is repeated after it.
    fn request(self, ctx: Ctx, urgency: Urgency) {
        match self.busy.try_get_value() {
            Some(false) => match self.wait_ms(urgency) {
                0 => spawn_local(self.fetch(ctx, urgency)),
                wait => self.schedule(ctx, wait, urgency),
            },
            Some(true) => self.queued.update_value(|queued| *queued = (*queued).max(Some(urgency))),
            None => {}
        }
    }

    /// Delay that keeps refreshes caused by completed uploads apart, in milliseconds.
    fn wait_ms(self, urgency: Urgency) -> u64 {
        if urgency == Urgency::Now {
            return 0;
        }
        let rest = |(began, took)| polling::rest_ms(browser::page_ms().saturating_sub(began), took);
        self.last.get_value().map_or(0, rest)
    }

    async fn fetch(self, ctx: Ctx, urgency: Urgency) {
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
                let is_paged = self.listing.with_untracked(Listing::is_paged);
                // An answer has the first page only. What was removed from later pages is known by the events alone.
                let removed = match polling::removals_after(seen, view.last_seq, is_paged) {
                    Some(seq) => client.removed(self.room, seq).await,
                    None => Ok(Vec::new()),
                };
                if self.busy.try_get_value().is_none() {
                    return;
                }
                let last_seq = polling::accounted_for(seen, view.last_seq, removed.is_ok());
                self.accept(RoomView { last_seq, ..view });
                if let Ok(removed) = removed
                    && !removed.is_empty()
                {
                    self.listing.update(|listing| listing.apply(&removed));
                }
            }
            Err(error) => self.fail(error),
        }
        // The measured time includes drawing the first rows; later rows have frames of their own.
        leptos::task::tick().await;
        if self.busy.try_get_value().is_none() {
            return;
        }
        self.busy.set_value(false);
        if urgency == Urgency::Soon {
            self.last.set_value(Some((began, browser::page_ms().saturating_sub(began))));
        }
        self.schedule_next(ctx);
    }

    /// Applies an answer. Signals are set only if their value changed, so that nothing is redrawn without need.
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

    fn schedule_next(self, ctx: Ctx) {
        // Refused for good: asking again would only add refused calls.
        if self.is_lost() {
            return;
        }
        let (wait, urgency) = match self.queued.get_value() {
            Some(urgency) => (self.wait_ms(urgency), urgency),
            None => (polling::delay_ms(browser::is_hidden(), self.failures.get_value()), Urgency::Now),
        };
        self.queued.set_value(None);
        self.cancel_timer();
        self.schedule(ctx, wait, urgency);
    }

    /// Schedules a refresh, unless an earlier one is scheduled.
    fn schedule(self, ctx: Ctx, wait: u64, urgency: Urgency) {
        let at = browser::page_ms() + wait;
        if self.timer.with_value(|timer| timer.as_ref().is_some_and(|(planned, _)| *planned <= at)) {
            return;
        }
        self.cancel_timer();
        let run = move || {
            if self.timer.try_set_value(None).is_some() {
                return;
            }
            // Otherwise one is running, and schedules the next.
            if self.busy.try_get_value() == Some(false) {
                spawn_local(self.fetch(ctx, urgency));
            }
        };
        let timer = set_timeout_with_handle(run, Duration::from_millis(wait));
        self.timer.set_value(timer.ok().map(|timer| (at, timer)));
    }

    fn cancel_timer(self) {
        if let Some((_, timer)) = self.timer.get_value() {
            timer.clear();
        }
        self.timer.set_value(None);
    }

    /// Whether another refresh is useless.
    fn is_lost(self) -> bool {
        self.trouble
            .with_untracked(|trouble| trouble.as_ref().and_then(ClientError::code).and_then(text::lost_text).is_some())
    }
}
