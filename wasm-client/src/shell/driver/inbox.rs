//! Inputs that wait for the machine, and whether the driver is at work on them.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;

use slipway_protocol::machine::{Engine, Input, Now};

use crate::browser::scheduling::Macrotask;

/// Most `Saved` inputs handled in one step.
const MAX_SAVED_PER_STEP: usize = 64;

pub(super) struct Inbox {
    inputs: RefCell<VecDeque<Input>>,
    state: Cell<State>,
    drain_task: Macrotask,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    /// Nothing to do.
    Idle,
    /// The driver drains the inbox.
    Running,
    /// Draining is queued as a task.
    Scheduled,
}

impl Inbox {
    /// Empty. `drain` runs as the task of [`Inbox::schedule`].
    pub(super) fn new(drain: impl FnMut() + 'static) -> Self {
        Self { inputs: RefCell::default(), state: Cell::new(State::Idle), drain_task: Macrotask::new(drain) }
    }

    pub(super) fn push(&self, input: Input) {
        self.inputs.borrow_mut().push_back(input);
    }

    pub(super) fn state(&self) -> State {
        self.state.get()
    }

    pub(super) fn set_running(&self) {
        self.state.set(State::Running);
    }

    pub(super) fn set_idle(&self) {
        self.state.set(State::Idle);
    }

    /// Queues the task.
    pub(super) fn schedule(&self) {
        self.state.set(State::Scheduled);
        self.drain_task.schedule();
    }

    /// Hands the machine the next input, or a run of `Saved` ones. `false`: there is none.
    pub(super) fn hand_to(&self, engine: &RefCell<Engine>, now: impl FnOnce() -> Now) -> bool {
        let mut inputs = self.inputs.borrow_mut();
        if inputs.is_empty() {
            return false;
        }
        // One transaction answers for many records, and the work is planned once after all of them.
        let next = inputs.iter().take(MAX_SAVED_PER_STEP);
        let saved = next.take_while(|input| matches!(input, Input::Saved { .. })).count();
        engine.borrow_mut().handle_all(now(), inputs.drain(..saved.max(1)));
        true
    }

    /// Keeps later inputs in the queue.
    #[cfg(test)]
    pub(super) fn hold(&self) {
        self.state.set(State::Scheduled);
    }

    /// The queued inputs, which the machine does not get.
    #[cfg(test)]
    pub(super) fn take(&self) -> VecDeque<Input> {
        self.inputs.take()
    }
}
