//! What every view may look at: the client, and signals fed by its changes.

use std::time::Duration;

use leptos::prelude::*;
use slipway_protocol::wire::id::RoomId;
use wasm_client::{Change, Client, Notice, Offer, SavedRoom, Totals};

use crate::model::place::Place;
use crate::model::rows::{Finished, Rows};
use crate::text;

/// How long a toast stays.
const TOAST: Duration = Duration::from_secs(5);

/// The page's state. A handle: copies are one.
#[derive(Clone, Copy)]
pub(crate) struct Ctx {
    client: StoredValue<Option<Client>, LocalStorage>,
    /// Where in the page, and the way to elsewhere.
    pub(crate) place: Place,
    /// False until what this device keeps is open.
    pub(crate) ready: RwSignal<bool>,
    pub(crate) uploads: RwSignal<Rows>,
    pub(crate) totals: RwSignal<Totals>,
    pub(crate) notices: RwSignal<Vec<Notice>>,
    pub(crate) rooms: RwSignal<Vec<SavedRoom>>,
    pub(crate) toasts: RwSignal<Vec<Toast>>,
    pub(crate) question: RwSignal<Option<Question>>,
    /// Picked files that an unfinished upload fits.
    pub(crate) offers: RwSignal<Vec<Offer>>,
    /// Polite announcement for screen readers.
    pub(crate) announcement: RwSignal<String>,
    /// Announcement of uploads that need the user; a region of its own, so that neither replaces the other.
    pub(crate) alert: RwSignal<String>,
    /// What the page is about, for the document's title.
    pub(crate) title: RwSignal<String>,
    /// The speed limit as chosen, and as typed where the choice is `custom`; both outlive their view.
    pub(crate) cap: (RwSignal<String>, RwSignal<String>),
    /// This device's clock, every half minute.
    pub(crate) now: RwSignal<u64>,
}

/// A word that goes away by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Toast {
    pub(crate) number: u64,
    pub(crate) text: String,
    pub(crate) bad: bool,
}

/// What is asked before something that can't be undone.
#[derive(Clone)]
pub(crate) struct Question {
    pub(crate) title: String,
    pub(crate) text: String,
    /// The word on the button that does it.
    pub(crate) yes: &'static str,
    pub(crate) then: Callback<()>,
}

/// The state, from anywhere below the root.
pub(crate) fn ctx() -> Ctx {
    expect_context()
}

impl Ctx {
    pub(crate) fn new() -> Self {
        Self {
            client: StoredValue::new_local(None),
            place: Place::new(),
            ready: RwSignal::new(false),
            uploads: RwSignal::default(),
            totals: RwSignal::default(),
            notices: RwSignal::default(),
            rooms: RwSignal::default(),
            toasts: RwSignal::default(),
            question: RwSignal::new(None),
            offers: RwSignal::default(),
            announcement: RwSignal::default(),
            alert: RwSignal::default(),
            title: RwSignal::default(),
            cap: (RwSignal::new("none".into()), RwSignal::new("2".into())),
            now: RwSignal::new(crate::browser::now_ms()),
        }
    }

    /// Follows the client from now on.
    pub(crate) fn begin(self, client: &Client) {
        self.client.set_value(Some(client.clone()));
        client.on_change(move |change| self.dispatch(change));
        [Change::Uploads, Change::Notices, Change::Rooms].into_iter().for_each(|change| self.dispatch(change));
        set_interval(move || self.now.set(crate::browser::now_ms()), Duration::from_secs(30));
        self.ready.set(true);
    }

    fn dispatch(self, change: Change) {
        let client = self.client();
        match change {
            Change::Uploads => {
                // In place: thousands of rows are not copied for the few that changed.
                let finished = self.uploads.try_update(|uploads| uploads.apply(client.take_changed()));
                self.announce(&finished.unwrap_or_default());
                self.totals.set(client.totals());
            }
            Change::Notices => self.notices.set(client.notices()),
            Change::Rooms => self.rooms.set(client.saved_rooms()),
            Change::Offers => self.offers.set(client.offers()),
        }
    }

    /// Announces uploads that have just completed or stopped to screen readers.
    fn announce(self, finished: &Finished) {
        if finished.count > 0 {
            self.announcement.set(text::completed_text(finished.count, &finished.name));
        }
        if let Some(one) = &finished.one_stopped {
            self.alert.set(text::stopped_text(finished.stopped, one));
        }
    }

    /// The client; only views below the root ask, and those are drawn when it is there.
    pub(crate) fn client(self) -> Client {
        self.client.get_value().expect("views are drawn once the client has started")
    }

    /// The room as this device saved it.
    pub(crate) fn saved(self, room: RoomId) -> Option<SavedRoom> {
        self.rooms.with(|rooms| rooms.iter().find(|saved| saved.room == room).cloned())
    }

    /// The same for a view that is drawn once and does not follow it.
    pub(crate) fn saved_now(self, room: RoomId) -> Option<SavedRoom> {
        untrack(|| self.saved(room))
    }

    pub(crate) fn toast(self, text: impl Into<String>) {
        self.show(text.into(), false);
    }

    pub(crate) fn toast_error(self, text: impl Into<String>) {
        self.show(text.into(), true);
    }

    fn show(self, text: String, bad: bool) {
        let number = self.toasts.with_untracked(|toasts| toasts.last().map_or(0, |last| last.number + 1));
        self.toasts.update(|toasts| toasts.push(Toast { number, text, bad }));
        set_timeout(move || self.toasts.update(|toasts| toasts.retain(|toast| toast.number != number)), TOAST);
    }

    /// Asks, and does it on yes.
    pub(crate) fn ask(
        self,
        title: impl Into<String>,
        text: impl Into<String>,
        yes: &'static str,
        then: impl Fn() + Send + Sync + 'static,
    ) {
        let then = Callback::new(move |()| then());
        self.question.set(Some(Question { title: title.into(), text: text.into(), yes, then }));
    }
}
