//! Uploads whose view changed since the page last read it.

use std::cell::{Cell, RefCell};
use std::collections::HashSet;

use slipway_protocol::machine::LocalId;

#[derive(Default)]
pub(in crate::shell) struct Unread {
    ids: RefCell<HashSet<LocalId>>,
    /// Set when the change comes from a user action, so the view updates at once.
    user_waits: Cell<bool>,
}

impl Unread {
    pub(super) fn extend(&self, ids: impl IntoIterator<Item = LocalId>) {
        self.ids.borrow_mut().extend(ids);
    }

    pub(super) fn take(&self) -> HashSet<LocalId> {
        self.ids.take()
    }

    /// The next change comes from a user action.
    pub(in crate::shell) fn expect_by_user(&self) {
        self.user_waits.set(true);
    }

    /// Whether [`Unread::expect_by_user`] was called since the last call of this.
    pub(super) fn take_user_waits(&self) -> bool {
        self.user_waits.take()
    }
}
