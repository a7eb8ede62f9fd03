//! What the user, the machine under the page and other people do.

use slipway_protocol::machine::*;

use slipway_protocol::wire::plan::{PartRange, Segment};

use super::files::as_kind;
use super::functions::Known;
use super::{Act, Body, Event, Oracle, World};

impl World {
    fn id(&self, index: usize) -> LocalId {
        self.files[index % self.files.len()].id
    }

    pub(super) fn act(&mut self, act: Act) {
        match act {
            Act::Kill => self.kill(),
            Act::Pause(index) => self.give(Input::Pause(Which::One(self.id(index)))),
            Act::PauseAll => self.give(Input::Pause(Which::All)),
            Act::Resume(index) => self.give(Input::Resume(Which::One(self.id(index)))),
            Act::ResumeAll => self.give(Input::Resume(Which::All)),
            Act::Cancel(index) => self.cancel(self.id(index)),
            Act::Retry(index) => self.give(Input::Retry(Which::One(self.id(index)))),
            Act::Dismiss(index) => self.dismiss(self.id(index)),
            Act::Pick(index) => self.pick(self.id(index)),
            Act::PickWrong(index) => self.pick_wrong(self.id(index)),
            Act::Cap(cap) => self.give(Input::Cap(cap)),
            Act::Outage(seconds, said) => self.outage(seconds, said),
            Act::FalseOffline => self.give(Input::Offline),
            Act::Sleep(seconds) => self.sleep(seconds),
            Act::Change(index, from) => self.change(index, from),
            Act::Gone(index) => {
                let index = index % self.files.len();
                self.files[index].gone = true;
            }
            Act::Expire(index) => self.end_elsewhere(self.id(index), true),
            Act::AbortElsewhere(index) => self.end_elsewhere(self.id(index), false),
            Act::OtherTab(index, seconds) => {
                let id = self.id(index);
                self.give(Input::OwnedElsewhere(id));
                self.later(seconds * 1000, Event::OtherTabLeaves(id));
            }
        }
    }

    /// Only what was written is left, and a new page starts from it.
    fn kill(&mut self) {
        self.lose_unsaved();
        self.page += 1;
        self.wake = None;
        self.opened.clear();
        self.bodies.clear();
        self.oracle = Oracle::of(&self.schedule);
        self.engine = Engine::new(self.schedule.config(), self.rng.bits());
        self.disk.broken.clear();
        self.tell_hosts();
        let uploads = self.disk.checkpoints();
        // What was refused by the disk then is not known now: this page may not rely on it either.
        self.give(Input::Restore { uploads });
        self.list_open();
    }

    fn cancel(&mut self, id: LocalId) {
        let can = self.engine.view(id).is_some_and(|view| view.actions.cancel);
        self.give(Input::Cancel(Which::One(id)));
        if can {
            self.cancelled.insert(id);
        }
    }

    fn dismiss(&mut self, id: LocalId) {
        if self.engine.view(id).is_some_and(|view| view.actions.dismiss) {
            self.cancelled.insert(id);
        }
        self.give(Input::Dismiss(id));
    }

    pub(super) fn pick(&mut self, id: LocalId) {
        let can = self.engine.view(id).is_some_and(|view| view.actions.pick);
        if can && !self.file(id).gone {
            let source = self.file(id).source();
            self.give(Input::Reopened { id, source });
        }
    }

    fn pick_wrong(&mut self, id: LocalId) {
        if self.engine.view(id).is_some_and(|view| view.actions.pick) {
            let mut source = self.file(id).source();
            source.size += 1;
            self.give(Input::Reopened { id, source });
            let reason = self.engine.view(id).and_then(|view| view.reason);
            assert_eq!(reason, Some(Reason::DifferentFile), "a file of another size was taken");
        }
    }

    /// The shell holds this file from now on.
    pub(super) fn hold(&mut self, id: LocalId, size: u64) {
        if self.file(id).size == size {
            self.opened.insert(id, self.file(id).version());
        } else {
            self.opened.remove(&id);
        }
    }

    /// The shell opens the file again from its handle.
    pub(super) fn reopen(&mut self, id: LocalId) {
        let fault =
            if self.file(id).gone { Some(ReadFault::Gone) } else { self.chance(100).then_some(ReadFault::Permission) };
        let input = match fault {
            Some(fault) => Input::ReopenFailed { id, fault },
            None => Input::Reopened { id, source: self.file(id).source() },
        };
        self.later(5, Event::Input(self.page, input));
    }

    /// Reads and hashes a part for the page.
    pub(super) fn read(&mut self, effect: &Effect) {
        let Effect::Prepare { id, part, attempt, range, digest: kind, purpose } = *effect else { return };
        let millis = 1 + range.len / 400_000 + self.up_to(10);
        let (opened, file) = (self.opened.get(&id).copied(), self.file(id));
        let fault = match opened {
            _ if file.gone => Some(ReadFault::Gone),
            Some(version) if file.silent || version == file.version() => None,
            _ => Some(ReadFault::Changed),
        };
        // Every byte is read at once, and then: late enough for what is hashed, early enough for what is to prove.
        let digest = file.digest(file.seen(opened), range);
        let fault = if fault.is_none() && self.chance(self.schedule.faults.read) { Some(ReadFault::Io) } else { fault };
        if self.chance(self.schedule.faults.stall) {
            return;
        }
        let half = Input::Preparing { id, part, attempt, bytes: range.len / 2 };
        self.later(millis / 2, Event::Input(self.page, half));
        let end = match fault {
            Some(fault) => Input::PrepareFailed { id, part, attempt, fault },
            None => {
                if purpose == Purpose::Send {
                    self.bodies.insert((id, part), Body { range, opened });
                }
                let len = self.wire_len(range);
                Input::Prepared { id, part, attempt, digest: as_kind(digest, kind), len }
            }
        };
        self.later(millis, Event::Input(self.page, end));
    }

    /// As whoever wraps the bytes reckons it.
    fn wire_len(&self, range: PartRange) -> u64 {
        let surplus = |segment: Segment| range.len.div_ceil(segment.plain) * (segment.wire - segment.plain);
        range.len + self.schedule.planner.segment.map_or(0, surplus)
    }

    fn outage(&mut self, seconds: u64, said: bool) {
        if self.healed {
            return;
        }
        self.outage_until = self.outage_until.max(self.now + seconds * 1000);
        if said {
            self.give(Input::Offline);
        }
        self.later(seconds * 1000, Event::OutageEnds(said));
    }

    /// Time passes in the world, and not for the page.
    fn sleep(&mut self, seconds: u64) {
        self.now += seconds * 1000;
        self.pass();
        self.give(Input::Slept);
    }

    fn change(&mut self, index: usize, from: u64) {
        let index = index % self.files.len();
        let file = &mut self.files[index];
        if file.size > 0 {
            let from = from % file.size;
            file.changes.push(from);
        }
    }

    fn end_elsewhere(&mut self, id: LocalId, is_expiry: bool) {
        let uploads: Vec<_> = self
            .functions
            .of_file(id)
            .filter(|known| known.state.is_open())
            .map(|Known { upload, .. }| *upload)
            .collect();
        for upload in uploads {
            self.removed_elsewhere.insert(id);
            let of_file = |view: &View| (view.id.0 % 1000 == id.0 % 1000).then_some(view.id);
            let rows: Vec<LocalId> = self.engine.views().iter().filter_map(of_file).collect();
            self.removed_elsewhere.extend(rows);
            if is_expiry {
                self.functions.expire(&mut self.bucket, upload);
            } else {
                self.functions.remove(&mut self.bucket, upload);
            }
        }
    }
}
