//! Parts on their way to storage, and what is known of the hosts that take them.

use std::cell::RefCell;
use std::collections::HashMap;

use slipway_protocol::machine::network::self_test::{Findings, SelfTest, Verdict};
use slipway_protocol::machine::{Attempt, LocalId};
use slipway_protocol::wire::id::PartNumber;

use crate::browser::clock;
use crate::browser::put::Put;

#[derive(Default)]
pub(in crate::shell) struct RunningPuts {
    puts: RefCell<HashMap<(LocalId, PartNumber), (Attempt, Put)>>,
    self_test: RefCell<SelfTest>,
}

impl RunningPuts {
    pub(in crate::shell) fn insert(&self, id: LocalId, part: PartNumber, attempt: Attempt, put: Put) {
        self.puts.borrow_mut().insert((id, part), (attempt, put));
    }

    /// Aborts the attempt, unless another one runs.
    pub(in crate::shell) fn remove(&self, id: LocalId, part: PartNumber, attempt: Attempt) {
        let mut puts = self.puts.borrow_mut();
        if puts.get(&(id, part)).is_some_and(|(running, _)| *running == attempt) {
            let put = puts.remove(&(id, part));
            // The abort may run a callback that borrows `puts`.
            drop(puts);
            drop(put);
        }
    }

    pub(in crate::shell) fn host_used(&self, origin: &str) {
        self.self_test.borrow_mut().began(origin);
    }

    /// The host took a part. Returns whether that ends a trouble with storage.
    pub(in crate::shell) fn host_stored(&self, origin: &str) -> bool {
        self.self_test.borrow_mut().stored(origin)
    }

    /// The host did not answer. Returns whether to examine it.
    pub(in crate::shell) fn host_failed(&self, origin: &str) -> bool {
        self.self_test.borrow_mut().failed(origin, clock::mono())
    }

    pub(in crate::shell) fn verdict(&self, origin: &str, found: Findings) -> Option<Verdict> {
        self.self_test.borrow().verdict(origin, found)
    }
}
