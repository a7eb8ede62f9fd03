//! Change notifications for the page, throttled per kind.

use std::cell::RefCell;
use std::fmt;
use std::rc::Rc;

use crate::browser::scheduling::Throttle;

/// Least time between two notifications of one kind, in milliseconds.
const NOTIFY_MS: u32 = 100;

/// What changed. Ask for it again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Change {
    /// Some upload's view, or the totals.
    Uploads,
    /// The list of notices.
    Notices,
    /// The rooms that this device has joined.
    Rooms,
    /// The files that the user is asked about.
    Offers,
}

type Listeners = Rc<RefCell<Vec<Rc<dyn Fn(Change)>>>>;

/// The listeners. Cheap to clone; all clones are one.
#[derive(Clone)]
pub(crate) struct Changes {
    listeners: Listeners,
    uploads: Throttle,
    notices: Throttle,
    rooms: Throttle,
    offers: Throttle,
}

impl Changes {
    /// Without listeners.
    pub(crate) fn new() -> Self {
        let listeners = Listeners::default();
        let notifier = |change| {
            let listeners = listeners.clone();
            move || notify_all(&listeners, change)
        };
        // Adaptive, since a thousand small files end within seconds, and drawing each row costs more than sending the file.
        let uploads = Throttle::adaptive(NOTIFY_MS, notifier(Change::Uploads));
        let [notices, rooms, offers] =
            [Change::Notices, Change::Rooms, Change::Offers].map(|change| Throttle::new(NOTIFY_MS, notifier(change)));
        Self { listeners, uploads, notices, rooms, offers }
    }

    /// Calls `f` for every later notification.
    pub(crate) fn listen(&self, f: impl Fn(Change) + 'static) {
        self.listeners.borrow_mut().push(Rc::new(f));
    }

    /// Sends a scheduled notification of uploads at once, since the user waits for it.
    pub(crate) fn expedite(&self) {
        self.uploads.expedite();
    }

    /// Schedules a notification.
    pub(crate) fn notify(&self, change: Change) {
        match change {
            Change::Uploads => self.uploads.schedule(),
            Change::Notices => self.notices.schedule(),
            Change::Rooms => self.rooms.schedule(),
            Change::Offers => self.offers.schedule(),
        }
    }
}

impl fmt::Debug for Changes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Changes")
    }
}

/// Calls a copy of the list, since a listener may add another.
fn notify_all(listeners: &Listeners, change: Change) {
    let current = listeners.borrow().clone();
    for listener in current {
        listener(change);
    }
}

#[cfg(test)]
mod tests {
    use wasm_bindgen_test::wasm_bindgen_test;

    use super::*;
    use crate::testing::{Recorder, sleep};

    #[wasm_bindgen_test]
    async fn many_changes_are_one_notification_per_kind() {
        let (changes, recorder) = (Changes::new(), Recorder::new());
        changes.listen(recorder.callback());
        for _ in 0..50 {
            changes.notify(Change::Uploads);
        }
        changes.notify(Change::Rooms);
        assert_eq!(recorder.all(), []);
        assert_eq!(recorder.wait_for(2).await, [Change::Uploads, Change::Rooms]);
        sleep(150).await;
        assert_eq!(recorder.all().len(), 2);
        changes.notify(Change::Uploads);
        assert_eq!(recorder.wait_for(3).await[2], Change::Uploads);
    }
}
