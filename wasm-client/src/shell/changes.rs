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
    /// Nobody listens yet.
    pub(crate) fn new() -> Self {
        let listeners = Listeners::default();
        let notifier = |change| {
            let listeners = listeners.clone();
            move || notify_all(&listeners, change)
        };
        // A thousand small files end within seconds: drawing each of their rows costs more than sending them.
        let uploads = Throttle::adaptive(NOTIFY_MS, notifier(Change::Uploads));
        let [notices, rooms, offers] =
            [Change::Notices, Change::Rooms, Change::Offers].map(|change| Throttle::new(NOTIFY_MS, notifier(change)));
        Self { listeners, uploads, notices, rooms, offers }
    }

    /// Calls `f` from now on.
    pub(crate) fn listen(&self, f: impl Fn(Change) + 'static) {
        self.listeners.borrow_mut().push(Rc::new(f));
    }

    /// Notifies of changed uploads at once: the user waits for it.
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

/// A listener may add another one, so none runs while the list is borrowed.
fn notify_all(listeners: &Listeners, change: Change) {
    let now = listeners.borrow().clone();
    for listener in now {
        listener(change);
    }
}

#[cfg(test)]
mod tests {
    use wasm_bindgen_test::wasm_bindgen_test;

    use super::*;
    use crate::testing::{Heard, sleep};

    #[wasm_bindgen_test]
    async fn many_changes_are_one_look_for_each_kind() {
        let (changes, heard) = (Changes::new(), Heard::new());
        changes.listen(heard.ear());
        for _ in 0..50 {
            changes.notify(Change::Uploads);
        }
        changes.notify(Change::Rooms);
        assert_eq!(heard.all(), []);
        assert_eq!(heard.wait_for(2).await, [Change::Uploads, Change::Rooms]);
        sleep(150).await;
        assert_eq!(heard.all().len(), 2);
        changes.notify(Change::Uploads);
        assert_eq!(heard.wait_for(3).await[2], Change::Uploads);
    }
}
