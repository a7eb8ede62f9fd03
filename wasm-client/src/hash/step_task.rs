//! The task in which a hasher takes its next step.

use std::cell::Cell;

use crate::browser::scheduling::Macrotask;

/// A task that is queued at most once: messages and paint come first, and browsers do not throttle it as they do timers.
#[derive(Debug)]
pub(super) struct StepTask {
    task: Macrotask,
    is_scheduled: Cell<bool>,
}

impl StepTask {
    /// Will call `f`, which has to call [`StepTask::started`].
    pub(super) fn new(f: impl FnMut() + 'static) -> Self {
        Self { task: Macrotask::new(f), is_scheduled: Cell::new(false) }
    }

    /// Queues the task, unless it is queued.
    pub(super) fn schedule(&self) {
        if !self.is_scheduled.replace(true) {
            self.task.schedule();
        }
    }

    /// Whether the task is queued and has not started.
    pub(super) fn is_scheduled(&self) -> bool {
        self.is_scheduled.get()
    }

    /// The task has started.
    pub(super) fn started(&self) {
        self.is_scheduled.set(false);
    }
}
