//! The parts of one upload: where each stands, what it promised, and the counts of all.

use super::Cell;
use super::digest::PartDigest;
use super::part_set::PartSet;
use super::strip::Strip;
use crate::prelude::*;
use crate::wire::id::PartNumber;
use crate::wire::plan::{PartRange, Plan, Transport};

/// Where a part stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PartState {
    /// To be hashed.
    Planned,
    /// Being read and hashed.
    Preparing,
    /// Its digest is known; to be signed.
    Hashed,
    /// A presign is under way.
    Signing,
    /// May be sent.
    Signed,
    /// Being sent.
    InFlight,
    /// Failed; waits for its next try.
    Waiting,
    /// In storage.
    Stored,
}

const STATES: usize = 8;

/// All parts. State changes go through [`Parts::set`], which keeps the counts.
#[derive(Clone, Debug)]
pub(super) struct Parts {
    plan: Plan,
    state: Vec<PartState>,
    digest: Vec<Option<PartDigest>>,
    promised: u16,
    counts: [u16; STATES],
    planned: PartSet,
    unstored: PartSet,
    sent_before: PartSet,
    strip: Strip,
    stored_bytes: u64,
    ahead_bytes: u64,
}

impl Parts {
    /// All planned.
    pub(super) fn new(plan: Plan) -> Self {
        let count = plan.part_count;
        let mut planned = PartSet::empty(count);
        plan.parts().for_each(|part| planned.insert(part));
        let mut counts = [0; STATES];
        counts[PartState::Planned as usize] = count;
        Self {
            plan,
            state: vec![PartState::Planned; usize::from(count)],
            digest: vec![None; usize::from(count)],
            promised: 0,
            counts,
            unstored: planned.clone(),
            planned,
            sent_before: PartSet::empty(count),
            strip: Strip::new(count),
            stored_bytes: 0,
            ahead_bytes: 0,
        }
    }

    pub(super) fn plan(&self) -> &Plan {
        &self.plan
    }

    /// Takes the functions' transport, which counts; the cuts are the same.
    pub(super) fn set_transport(&mut self, transport: Transport) {
        self.plan.transport = transport;
    }

    /// The bytes of a part on the wire.
    pub(super) fn wire_len(&self, part: PartNumber) -> u64 {
        self.plan.wire_len(part).unwrap_or(0)
    }

    /// The bytes of the file in a part.
    pub(super) fn range(&self, part: PartNumber) -> PartRange {
        self.plan.range(part).unwrap_or(PartRange { start: 0, len: 0 })
    }

    /// `None` for a part outside of the plan.
    pub(super) fn state(&self, part: PartNumber) -> Option<PartState> {
        self.state.get(part.index() as usize).copied()
    }

    pub(super) fn is(&self, part: PartNumber, state: PartState) -> bool {
        self.state(part) == Some(state)
    }

    /// Whether its digest is known, and it is neither on its way nor stored.
    pub(super) fn is_in_line(&self, part: PartNumber) -> bool {
        let state = self.state(part);
        state.is_some_and(|state| is_ahead(state) && state != PartState::Preparing)
    }

    pub(super) fn set(&mut self, part: PartNumber, to: PartState) {
        let index = part.index() as usize;
        let from = self.state[index];
        if from == to {
            return;
        }
        self.count(part, from, to);
        let shown = cell(from, self.sent_before.contains(part));
        // When it leaves, not when it enters: the first PUT of a part is not shown as one that is repeated.
        if from == PartState::InFlight {
            self.sent_before.insert(part);
        }
        self.strip.change(part, shown, cell(to, self.sent_before.contains(part)));
        self.state[index] = to;
    }

    fn count(&mut self, part: PartNumber, from: PartState, to: PartState) {
        // Counted at each change: work per event must not depend on the number of parts, which is up to 10,000.
        let len = self.wire_len(part);
        self.counts[from as usize] -= 1;
        self.counts[to as usize] += 1;
        match from {
            PartState::Planned => drop(self.planned.remove(part)),
            PartState::Stored => {
                self.stored_bytes -= len;
                self.unstored.insert(part);
            }
            _ => {}
        }
        match to {
            PartState::Planned => self.planned.insert(part),
            PartState::Stored => {
                self.stored_bytes += len;
                self.unstored.remove(part);
            }
            _ => {}
        }
        if is_ahead(from) {
            self.ahead_bytes -= len;
        }
        if is_ahead(to) {
            self.ahead_bytes += len;
        }
    }

    pub(super) fn digest(&self, part: PartNumber) -> Option<PartDigest> {
        self.digest.get(part.index() as usize).copied().flatten()
    }

    /// Whether it was the last promise that was missing.
    pub(super) fn promise(&mut self, part: PartNumber, digest: PartDigest) -> bool {
        let Some(slot) = self.digest.get_mut(part.index() as usize) else { return false };
        // A part that is hashed again keeps its promise, and must not be counted twice.
        let is_new = slot.replace(digest).is_none();
        self.promised += u16::from(is_new);
        is_new && self.promised == self.plan.part_count
    }

    /// The lowest part to be hashed.
    pub(super) fn next_planned(&mut self) -> Option<PartNumber> {
        self.planned.first()
    }

    /// The lowest part that storage does not have.
    pub(super) fn next_unstored(&mut self) -> Option<PartNumber> {
        self.unstored.first()
    }

    pub(super) fn count_of(&self, state: PartState) -> u16 {
        self.counts[state as usize]
    }

    /// Parts hashed or being hashed, and not on their way.
    pub(super) fn ahead(&self) -> u16 {
        [PartState::Preparing, PartState::Hashed, PartState::Signing, PartState::Signed, PartState::Waiting]
            .into_iter()
            .map(|state| self.count_of(state))
            .sum()
    }

    /// The same in bytes on the wire.
    pub(super) fn ahead_bytes(&self) -> u64 {
        self.ahead_bytes
    }

    /// On the wire.
    pub(super) fn stored_bytes(&self) -> u64 {
        self.stored_bytes
    }

    pub(super) fn all_stored(&self) -> bool {
        self.count_of(PartState::Stored) == self.plan.part_count
    }

    /// Every part in storage, ascending. Walks all parts: only for when the file was closed.
    pub(super) fn stored(&self) -> impl Iterator<Item = PartNumber> + '_ {
        self.plan.parts().filter(|part| self.is(*part, PartState::Stored))
    }

    pub(super) fn cells(&self) -> Vec<Cell> {
        self.strip.cells()
    }
}

/// The cell of one part alone.
fn cell(state: PartState, sent_before: bool) -> Cell {
    match state {
        PartState::Planned | PartState::Preparing => Cell::Planned,
        PartState::Hashed | PartState::Signing | PartState::Signed | PartState::Waiting => Cell::Hashed,
        PartState::InFlight if sent_before => Cell::Again,
        PartState::InFlight => Cell::InFlight,
        PartState::Stored => Cell::Stored,
    }
}

fn is_ahead(state: PartState) -> bool {
    !matches!(state, PartState::Planned | PartState::InFlight | PartState::Stored)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const ALL: [PartState; STATES] = [
        PartState::Planned,
        PartState::Preparing,
        PartState::Hashed,
        PartState::Signing,
        PartState::Signed,
        PartState::InFlight,
        PartState::Waiting,
        PartState::Stored,
    ];

    proptest! {
        #[test]
        fn the_counts_are_those_of_a_count(steps in proptest::collection::vec((1_u16..=130, 0..STATES), 0..200)) {
            let plan = Plan::new(129 * (16 << 20) + 5, None).unwrap();
            let mut parts = Parts::new(plan);
            for (number, state) in steps {
                parts.set(PartNumber::new(number).unwrap(), ALL[state]);
            }
            let of = |wanted: PartState| plan.parts().filter(|part| parts.is(*part, wanted)).collect::<Vec<_>>();
            for state in ALL {
                prop_assert_eq!(usize::from(parts.count_of(state)), of(state).len());
            }
            let bytes = |list: &[PartNumber]| list.iter().map(|part| parts.range(*part).len).sum::<u64>();
            prop_assert_eq!(parts.stored_bytes(), bytes(&of(PartState::Stored)));
            let ahead: u64 = ALL.into_iter().filter(|state| is_ahead(*state)).map(|state| bytes(&of(state))).sum();
            prop_assert_eq!(parts.ahead_bytes(), ahead);
            let first = of(PartState::Planned).first().copied();
            prop_assert_eq!(parts.next_planned(), first);
            let first = plan.parts().find(|part| !parts.is(*part, PartState::Stored));
            prop_assert_eq!(parts.next_unstored(), first);
        }
    }

    #[test]
    fn a_part_sent_again_shows() {
        let mut parts = Parts::new(Plan::new(40 << 20, None).unwrap());
        let first = PartNumber::FIRST;
        parts.set(first, PartState::InFlight);
        assert_eq!(parts.cells()[0], Cell::InFlight);
        parts.set(first, PartState::Waiting);
        parts.set(first, PartState::InFlight);
        assert_eq!(parts.cells()[0], Cell::Again);
    }
}
