//! Where an upload stands in the list, and whether it has its turn.

use super::Upload;
use crate::machine::place::Place;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Not to be worked on now.
    Idle,
    /// In a queue for a place among those worked on.
    Queued,
    /// Worked on.
    Active,
}

#[derive(Debug)]
pub(super) struct Turn {
    number: u64,
    state: State,
    last_put_at: u64,
}

impl Turn {
    pub(super) fn new(number: u64) -> Self {
        Self { number, state: State::Idle, last_put_at: 0 }
    }

    pub(super) fn activate(&mut self) {
        self.state = State::Active;
    }

    pub(super) fn put_began(&mut self, now: u64) {
        self.last_put_at = now;
    }
}

impl Upload {
    /// Its number in the order of adding; later ones are higher.
    pub(in crate::machine) fn number(&self) -> u64 {
        self.turn.number
    }

    pub(in crate::machine) fn set_number(&mut self, number: u64) {
        self.turn.number = number;
    }

    pub(in crate::machine) fn place(&self) -> Place {
        (self.turn.number, self.id)
    }

    /// Has a place among those worked on.
    pub(in crate::machine) fn is_active(&self) -> bool {
        self.turn.state == State::Active
    }

    /// Waits for such a place.
    pub(in crate::machine) fn is_queued(&self) -> bool {
        self.turn.state == State::Queued
    }

    pub(in crate::machine) fn enqueue(&mut self) {
        self.turn.state = State::Queued;
    }

    /// Leaves its place, or the queue for one.
    pub(in crate::machine) fn leave_place(&mut self) {
        self.turn.state = State::Idle;
    }

    /// When its last PUT began, in milliseconds on the machine's clock: the one that waited longest goes first.
    pub(in crate::machine) fn last_put_at(&self) -> u64 {
        self.turn.last_put_at
    }
}
