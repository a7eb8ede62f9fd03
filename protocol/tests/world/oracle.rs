//! What must hold, counted outside of the machine.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use slipway_protocol::machine::*;
use slipway_protocol::wire::id::PartNumber;

use slipway_protocol::wire::plan::{DigestAlgorithm, PartOrder};

use super::Schedule;
use super::bucket::Permit;

/// Failed tries in one minute that would be a storm: a lane's worth of first tries, and a few uploads waiting.
const MOST_FAILURES_A_MINUTE: usize = 240;
/// Hashed or being hashed, and never sent: 16 lanes and 12 more for large files, 128 small ones.
const MOST_AHEAD: usize = 16 + 12 + 128;

/// One page's effects in flight. A new page has a new one.
#[derive(Debug, Default)]
pub(crate) struct Oracle {
    /// PUTs that one host takes at once.
    lanes_each: usize,
    puts: BTreeMap<(LocalId, PartNumber), (Attempt, u8)>,
    reading: BTreeMap<(LocalId, PartNumber), (Attempt, Purpose)>,
    /// Prepared to be sent, and held by the shell.
    bodies: BTreeMap<(LocalId, PartNumber), Attempt>,
    is_ascending: bool,
    kind: Option<DigestAlgorithm>,
    ahead: BTreeSet<(LocalId, PartNumber)>,
    /// Parts that a status listed as stored.
    known: BTreeSet<(LocalId, PartNumber)>,
    paused: BTreeSet<LocalId>,
    /// Rows that the user cancelled, whose view may be older, or put away: those have none any more.
    given_up: BTreeSet<LocalId>,
    views: BTreeMap<LocalId, View>,
    failures: VecDeque<u64>,
    pub(crate) calls: BTreeMap<Attempt, &'static str>,
}

impl Oracle {
    pub(crate) fn of(schedule: &Schedule) -> Self {
        Self {
            lanes_each: schedule.lanes_each.into(),
            is_ascending: schedule.planner.order == PartOrder::Ascending,
            kind: Some(schedule.planner.digest),
            ..Self::default()
        }
    }

    /// Bodies of uploads that are over, stopped or closed have to be released.
    pub(crate) fn check_let_go(&self, views: &[View]) {
        let is_open = |id: &LocalId| views.iter().any(|view| view.id == *id && !view.stage.is_over());
        let held: Vec<_> = self.bodies.keys().filter(|(id, _)| !is_open(id)).collect();
        assert!(held.is_empty(), "{held:?} are held for ever");
    }

    pub(crate) fn effect(&mut self, now: u64, effect: &Effect) {
        match effect {
            Effect::Put { id, part, attempt, request, .. } => {
                assert!(self.bodies.contains_key(&(*id, *part)), "part {part} is sent and was not prepared");
                self.check_order(*id, *part);
                self.put(*id, *part, *attempt, Permit::read(request).host);
            }
            Effect::DropPut { id, part, attempt } => {
                let dropped = self.puts.remove(&(*id, *part));
                assert_eq!(dropped.map(|(attempt, _)| attempt), Some(*attempt), "dropped a PUT that is not in flight");
                self.failed(now);
            }
            Effect::Adopt { id, proofs, .. } => {
                // Whose a cancelled one is gets asked in any case; a failed one that is put away is cancelled.
                let is_cancelled = self.views.get(id).is_some_and(|view| view.stage == Stage::Cancelled);
                let is_given_up = is_cancelled || self.given_up.contains(id);
                let is_allowed = !self.paused.contains(id) || (is_given_up && proofs.is_empty());
                assert!(is_allowed, "{id:?} is paused, and adopts");
            }
            Effect::Prepare { id, part, attempt, purpose, digest, .. } => {
                assert_eq!(Some(*digest), self.kind, "a digest of another kind than the plan's");
                assert!(*digest != DigestAlgorithm::None || *purpose == Purpose::Send, "there is nothing to compare");
                assert!(!self.bodies.contains_key(&(*id, *part)), "part {part} is held twice");
                assert!(!self.paused.contains(id), "{id:?} is paused, and reads part {part}");
                assert!(
                    self.reading.insert((*id, *part), (*attempt, *purpose)).is_none(),
                    "part {part} is read twice at once"
                );
                assert!(self.reading.len() <= 8, "{} parts are hashed at once", self.reading.len());
                if *purpose == Purpose::Send && !self.known.contains(&(*id, *part)) {
                    self.ahead.insert((*id, *part));
                }
                assert!(self.ahead.len() <= MOST_AHEAD, "{} parts are hashed ahead", self.ahead.len());
            }
            Effect::DropPrepare { id, part, attempt } => {
                let read = self.reading.remove(&(*id, *part)).map(|(attempt, _)| attempt);
                let dropped = read.or_else(|| self.bodies.remove(&(*id, *part)));
                assert_eq!(dropped, Some(*attempt), "let go of what is not held");
                self.ahead.remove(&(*id, *part));
            }
            Effect::Sign { id, parts, .. } => {
                assert!(!self.paused.contains(id), "{id:?} is paused, and signs");
                assert!(parts.len() <= 17, "{} parts signed at once: more than is about to be sent", parts.len());
            }
            // "Continue" of an offer whose upload is lost by now: the file begins again.
            Effect::Attach { id, .. } => self.begin_again(Which::One(*id)),
            Effect::Forget { id } => self.ahead.retain(|(other, _)| other != id),
            _ => {}
        }
    }

    /// One part after another, each when storage has all before it.
    fn check_order(&self, id: LocalId, part: PartNumber) {
        if self.is_ascending {
            let before = (1..part.get()).filter_map(PartNumber::new);
            assert!(before.into_iter().all(|part| self.known.contains(&(id, part))), "part {part} goes out of order");
            assert!(self.puts.keys().all(|(other, _)| *other != id), "two parts of {id:?} at once");
        }
    }

    fn put(&mut self, id: LocalId, part: PartNumber, attempt: Attempt, host: u8) {
        assert!(!self.paused.contains(&id), "{id:?} is paused, and sends part {part}");
        assert!(!self.known.contains(&(id, part)), "part {part} of {id:?} is stored, and sent again");
        assert!(self.puts.insert((id, part), (attempt, host)).is_none(), "part {part} is sent twice at once");
        let on_host = self.puts.values().filter(|(_, other)| *other == host).count();
        assert!(
            on_host <= self.lanes_each && self.puts.len() <= 16,
            "{on_host} PUTs on one host, {} in all",
            self.puts.len()
        );
        self.ahead.remove(&(id, part));
    }

    /// A fact is about to be handed to the page.
    pub(crate) fn input(&mut self, now: u64, input: &Input) {
        match input {
            Input::Dismiss(id) | Input::Cancel(Which::One(id)) => {
                self.given_up.insert(*id);
            }
            Input::Cancel(Which::All) => self.given_up.extend(self.views.keys()),
            Input::Stored { id, part, attempt, .. } if self.put_over(*id, *part, *attempt) => {
                self.known.insert((*id, *part));
            }
            Input::PutFailed { id, part, attempt, .. } if self.put_over(*id, *part, *attempt) => {
                self.failed(now);
            }
            Input::Prepared { id, part, attempt, .. }
                if self.read_over(*id, *part, *attempt) == Some(Purpose::Send) =>
            {
                self.bodies.insert((*id, *part), *attempt);
                let most = MOST_AHEAD + 2 * 16;
                assert!(self.bodies.len() <= most, "{} prepared parts are held", self.bodies.len());
            }
            Input::PrepareFailed { id, part, attempt, .. } => {
                self.read_over(*id, *part, *attempt);
                self.ahead.remove(&(*id, *part));
            }
            Input::Status { id, attempt, answer: Ok(status) } => self.told(*id, *attempt, status),
            Input::Completed { answer: Ok(outcomes), .. } => outcomes.iter().for_each(|outcome| self.outcome(outcome)),
            Input::Pause(which) => self.pause(*which),
            Input::Resume(Which::All) => self.paused.clear(),
            Input::Resume(Which::One(id)) => drop(self.paused.remove(id)),
            Input::Retry(which) => self.begin_again(*which),
            Input::Reopened { id, .. } => self.begin_again(Which::One(*id)),
            Input::Initiated { answer: Err(fault), .. }
            | Input::Signed { answer: Err(fault), .. }
            | Input::Aborted { answer: Err(fault), .. }
            | Input::Adopted { answer: Err(fault), .. }
            | Input::Status { answer: Err(fault), .. } => self.call_failed(now, fault),
            _ => {}
        }
    }

    fn pause(&mut self, which: Which) {
        // What another tab sends is that tab's to pause; what is over can be begun again by retry.
        let is_ours = |view: &&View| view.reason != Some(Reason::OtherTab) && !view.stage.is_over();
        let ids = self.views.values().filter(is_ours).map(|view| view.id);
        self.paused.extend(ids.filter(|id| which == Which::All || which == Which::One(*id)));
    }

    /// What ended is begun as another upload, and the pause was the old one's.
    fn begin_again(&mut self, which: Which) {
        let is_lost = |view: &View| view.reason == Some(Reason::UploadLost);
        let begins = |view: &&View| is_lost(view) || (view.stage.is_over() && view.actions.retry);
        let again = self.views.values().filter(begins).map(|view| view.id);
        let again: Vec<_> = again.filter(|id| which == Which::All || which == Which::One(*id)).collect();
        self.paused.retain(|id| !again.contains(id));
    }

    fn outcome(&mut self, outcome: &CompleteOutcome) {
        if let CompleteOutcome::Refused(CallFault::Api { parts, .. }) = outcome {
            self.known.retain(|(_, part)| !parts.contains(part));
        }
    }

    fn call_failed(&mut self, now: u64, fault: &CallFault) {
        if !matches!(fault, CallFault::Api { status: 400..=428, .. }) {
            self.failed(now);
        }
    }

    fn put_over(&mut self, id: LocalId, part: PartNumber, attempt: Attempt) -> bool {
        let is_current = self.puts.get(&(id, part)).is_some_and(|(current, _)| *current == attempt);
        is_current && self.puts.remove(&(id, part)).is_some()
    }

    /// What it was read for, if it is not an older reading.
    fn read_over(&mut self, id: LocalId, part: PartNumber, attempt: Attempt) -> Option<Purpose> {
        self.reading.get(&(id, part)).filter(|(current, _)| *current == attempt)?;
        self.reading.remove(&(id, part)).map(|(_, purpose)| purpose)
    }

    fn told(&mut self, id: LocalId, attempt: Attempt, status: &Standing) {
        if self.calls.remove(&attempt).is_some() && status.state.is_open() {
            self.known.retain(|(other, _)| *other != id);
            self.known.extend(status.parts.iter().map(|stored| (id, stored.part)));
        }
    }

    /// An upload begins again as another one: nothing of it is stored.
    pub(crate) fn began_again(&mut self, id: LocalId) {
        self.known.retain(|(other, _)| *other != id);
        self.ahead.retain(|(other, _)| *other != id);
    }

    fn failed(&mut self, now: u64) {
        self.failures.push_back(now);
        while self.failures.front().is_some_and(|at| at + 60_000 < now) {
            self.failures.pop_front();
        }
        assert!(
            self.failures.len() <= MOST_FAILURES_A_MINUTE,
            "retry storm: {} failures a minute",
            self.failures.len()
        );
    }

    pub(crate) fn view(&mut self, view: View) {
        assert!(view.bytes <= view.size && view.percent <= 100, "more than all: {view:?}");
        assert_eq!(view.percent == 100, view.stage == Stage::Completed, "100 % is for what is verified: {view:?}");
        if let Some(before) = self.views.get(&view.id) {
            let starts_over = before.stage.is_over() || before.stage == Stage::Failed;
            assert!(starts_over || view.bytes >= before.bytes, "backward: {before:?} {view:?}");
            assert!(
                Stage::may_follow(before.stage, view.stage),
                "{:?} to {:?} is no transition",
                before.stage,
                view.stage
            );
        }
        self.views.insert(view.id, view);
    }
}
