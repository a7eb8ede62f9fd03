//! What this tab shares with other tabs: messages, and uploads that move between them.

use std::cell::{Cell, RefCell};
use std::collections::HashSet;

use slipway_protocol::machine::LocalId;

use crate::browser::scheduling::Throttle;
use crate::browser::tabs::{TabMessage, Tabs};

/// Delay before other tabs re-read a changed checkpoint, in milliseconds.
const BROADCAST_DELAY_MS: u32 = 300;

pub(in crate::shell) struct OtherTabs {
    tabs: Tabs,
    broadcast_uploads: Throttle,
    /// Uploads that the user wants to take over from another tab.
    taking_over: RefCell<HashSet<LocalId>>,
    /// Set while records that other tabs wrote are read.
    reading_checkpoint: Cell<bool>,
}

impl OtherTabs {
    /// `broadcast_uploads` runs a while after [`OtherTabs::checkpoint_changed`].
    pub(super) fn new(tabs: Tabs, broadcast_uploads: impl Fn() + 'static) -> Self {
        let broadcast_uploads = Throttle::new(BROADCAST_DELAY_MS, broadcast_uploads);
        Self { tabs, broadcast_uploads, taking_over: RefCell::default(), reading_checkpoint: Cell::default() }
    }

    pub(in crate::shell) fn broadcast(&self, message: TabMessage) {
        self.tabs.broadcast(message);
    }

    /// Has other tabs re-read the checkpoint.
    pub(in crate::shell) fn checkpoint_changed(&self) {
        self.broadcast_uploads.schedule();
    }

    pub(in crate::shell) fn start_take_over(&self, id: LocalId) {
        self.taking_over.borrow_mut().insert(id);
    }

    /// Returns whether the user had started it.
    pub(in crate::shell) fn end_take_over(&self, id: LocalId) -> bool {
        self.taking_over.borrow_mut().remove(&id)
    }

    /// `false`: a pass is under way.
    pub(in crate::shell) fn start_reading(&self) -> bool {
        !self.reading_checkpoint.replace(true)
    }

    pub(in crate::shell) fn end_reading(&self) {
        self.reading_checkpoint.set(false);
    }
}
