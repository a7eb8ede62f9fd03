//! The state that all views share: the client, and signals that follow its changes.

use std::time::Duration;

use leptos::prelude::*;
use slipway_protocol::wire::id::RoomId;
use wasm_client::{Change, Client, Notice, Offer, SavedRoom, Totals};

use crate::model::router::Router;
use crate::model::rows::{Finished, Rows};
use crate::text;

/// How long a toast stays.
const TOAST: Duration = Duration::from_secs(5);

/// The page's state. A handle: copies share it.
#[derive(Clone, Copy)]
pub(crate) struct Ctx {
    client: StoredValue<Option<Client>, LocalStorage>,
    /// The address, and navigation.
    pub(crate) router: Router,
    /// False until the client has opened this device's storage.
    pub(crate) ready: RwSignal<bool>,
    pub(crate) uploads: RwSignal<Rows>,
    pub(crate) totals: RwSignal<Totals>,
    pub(crate) notices: RwSignal<Vec<Notice>>,
    pub(crate) rooms: RwSignal<Vec<SavedRoom>>,
    pub(crate) toasts: RwSignal<Vec<Toast>>,
    pub(crate) question: RwSignal<Option<Question>>,
    /// Picked files that may continue an unfinished upload.
    pub(crate) offers: RwSignal<Vec<Offer>>,
    /// Polite announcement for screen readers.
    pub(crate) announcement: RwSignal<String>,
    /// Announcement of uploads that need the user; a region of its own, so that neither replaces the other.
    pub(crate) alert: RwSignal<String>,
    /// The page's part of the document's title.
    pub(crate) title: RwSignal<String>,
    /// The speed limit as chosen, and as typed where the choice is `custom`; both outlive their view.
    pub(crate) cap: (RwSignal<String>, RwSignal<String>),
    /// This device's clock, every half minute.
    pub(crate) now: RwSignal<u64>,
}

/// A short message that disappears after some seconds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Toast {
    pub(crate) number: u64,
    pub(crate) text: String,
    pub(crate) bad: bool,
}

/// A confirmation before something irreversible.
#[derive(Clone)]
pub(crate) struct Question {
    pub(crate) title: String,
    pub(crate) text: String,
    /// Label of the confirming button.
    pub(crate) yes: &'static str,
    pub(crate) on_yes: Callback<()>,
}

/// The state, in any component below the root.
pub(crate) fn ctx() -> Ctx {
    expect_context()
}

impl Ctx {
    pub(crate) fn new() -> Self {
        Self {
            client: StoredValue::new_local(None),
            router: Router::new(),
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

    /// Connects the signals to the client.
    pub(crate) fn begin(self, client: &Client) {
        self.client.set_value(Some(client.clone()));
        client.on_change(move |change| self.dispatch(change));
        // The client may have loaded records before this subscribes.
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

    /// The client.
    ///
    /// # Panics
    /// Before [`Ctx::begin`]; views below the root are drawn only after it.
    pub(crate) fn client(self) -> Client {
        self.client.get_value().expect("views are drawn once the client has started")
    }

    /// The room as saved on this device. Reactive.
    pub(crate) fn saved(self, room: RoomId) -> Option<SavedRoom> {
        self.rooms.with(|rooms| rooms.iter().find(|saved| saved.room == room).cloned())
    }

    /// The same, untracked.
    pub(crate) fn saved_now(self, room: RoomId) -> Option<SavedRoom> {
        untrack(|| self.saved(room))
    }

    /// The display name used last on this device.
    pub(crate) fn last_name(self) -> String {
        self.rooms.with_untracked(|rooms| rooms.first().map(|room| room.display_name.clone())).unwrap_or_default()
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

    /// Shows a confirmation dialog, and runs `on_yes` if the user agrees.
    pub(crate) fn ask(
        self,
        title: impl Into<String>,
        text: impl Into<String>,
        yes: &'static str,
        on_yes: impl Fn() + Send + Sync + 'static,
    ) {
        let on_yes = Callback::new(move |()| on_yes());
        self.question.set(Some(Question { title: title.into(), text: text.into(), yes, on_yes }));
    }
}
