//! Reading and hashing parts, ahead of their sending.

use super::{Context, Effect, Live, Phase, ReadFor, Reading, Upload};
use crate::machine::digest::PartDigest;
use crate::machine::network::fault::{self, Then};
use crate::machine::parts::{PartState, Parts};
use crate::machine::timers::Timer;
use crate::machine::{Attempt, Purpose, ReadFault, Reason};
use crate::wire::id::PartNumber;
use crate::wire::plan::{DigestAlgorithm, PartRange};

impl Upload {
    /// Starts to hash one more part, if there is one and the upload may. Whether it did.
    ///
    /// `room` tells whether so many more parts and bytes may be hashed ahead of sending.
    pub(in crate::machine) fn prepare_next(&mut self, cx: &mut Context, room: impl Fn(u64) -> bool) -> bool {
        if self.phase == Phase::Adopting {
            return self.read_challenged(cx);
        }
        let next = self.next_to_send();
        if let Some(part) = next
            && (room(self.len_of(part)) || self.is_awaited(part))
        {
            return self.read(cx, part, ReadFor::Sending);
        }
        // What is missing is under way as far as it may be; spare lanes compare what is stored.
        let proofs = self.reading.values().filter(|reading| reading.read_for == ReadFor::Comparing).count();
        if next.is_some() && proofs >= cx.config.proofs_beside {
            return false;
        }
        match self.unproved.first() {
            Some(part) => self.read(cx, part, ReadFor::Comparing),
            None => false,
        }
    }

    /// Whether it may hash one more part now, if it has one.
    pub(in crate::machine) fn may_prepare(&self, cx: &Context) -> bool {
        // The first part goes alone, so that its PUT starts soon; then one more lane for each part done.
        let lanes = usize::from(self.prepared) + 1;
        self.active
            && self.may_work()
            && matches!(self.phase, Phase::Fresh | Phase::Adopting | Phase::Begun(_) | Phase::Sending)
            && self.check.is_none()
            && self.reading.len() < lanes
            && !cx.timers.is_set(Timer::Read(self.id))
            && (self.phase == Phase::Adopting || self.count(PartState::Planned) > 0 || !self.unproved.is_empty())
    }

    /// Whether no other part can be sent before this one: it is not held back by what is prepared ahead of it.
    fn is_awaited(&mut self, part: PartNumber) -> bool {
        self.is_ascending() && self.parts.as_mut().and_then(Parts::next_unstored) == Some(part)
    }

    fn next_to_send(&mut self) -> Option<PartNumber> {
        self.parts.as_mut()?.next_planned()
    }

    fn read(&mut self, cx: &mut Context, part: PartNumber, read_for: ReadFor) -> bool {
        let Some(range) = self.parts.as_ref().map(|parts| parts.range(part)) else { return false };
        if read_for == ReadFor::Sending {
            self.set(part, PartState::Preparing);
        } else {
            self.unproved.remove(part);
        }
        let Some(digest) = self.transport().map(|transport| transport.digest) else { return false };
        self.let_go(cx, part);
        self.start_reading(cx, part, range, digest, read_for);
        true
    }

    pub(super) fn start_reading(
        &mut self,
        cx: &mut Context,
        part: PartNumber,
        range: PartRange,
        digest: DigestAlgorithm,
        read_for: ReadFor,
    ) {
        let attempt = cx.attempt();
        self.reading.insert(part, Reading { attempt, bytes: 0, read_for });
        self.watch_reading(cx, part);
        cx.touch(self.id);
        let purpose = if read_for == ReadFor::Sending { Purpose::Send } else { Purpose::Compare };
        cx.emit(Effect::Prepare { id: self.id, part, attempt, range, digest, purpose });
    }

    pub(super) fn watch_reading(&self, cx: &mut Context, part: PartNumber) {
        let wait = cx.config.prepare_ms << self.read_fails.min(4);
        cx.timers.set(Timer::Prepare(self.id, part), cx.now + wait);
    }

    fn take_reading(&mut self, cx: &mut Context, part: PartNumber, attempt: Attempt) -> Option<Reading> {
        let reading = *self.reading.get(&part)?;
        if reading.attempt != attempt {
            return None;
        }
        cx.timers.clear(Timer::Prepare(self.id, part));
        self.reading.remove(&part)
    }

    /// So many bytes are hashed.
    pub(in crate::machine) fn preparing(&mut self, cx: &mut Context, part: PartNumber, attempt: Attempt, bytes: u64) {
        let moved = self.reading.get_mut(&part).filter(|reading| reading.attempt == attempt && bytes > reading.bytes);
        if let Some(reading) = moved {
            reading.bytes = bytes;
            self.watch_reading(cx, part);
        }
    }

    /// The part is prepared: its digest, and its length on the wire.
    pub(in crate::machine) fn prepared(
        &mut self,
        cx: &mut Context,
        part: PartNumber,
        attempt: Attempt,
        digest: PartDigest,
        len: u64,
    ) {
        let Some(reading) = self.take_reading(cx, part, attempt) else { return };
        cx.touch(self.id);
        self.reads_work();
        self.prepared = self.prepared.saturating_add(1);
        if let (ReadFor::Adopting, Some(adoption)) = (reading.read_for, &mut self.adoption) {
            adoption.has_read(part, digest);
            return;
        }
        if reading.read_for == ReadFor::Sending {
            self.live.entry(part).or_default().prepared = Some(attempt);
        }
        if let Err(reason) = self.check_prepared(part, digest, len) {
            self.put_back(part, reading.read_for);
            self.stop(cx, reason);
            return;
        }
        let promised = self.parts.as_ref().and_then(|parts| parts.digest(part));
        self.was_read(part, reading);
        if reading.read_for == ReadFor::Sending {
            self.hashed_part(cx, part, digest, promised.is_some());
        }
    }

    /// What is sent has to be as long as the plan says, with the digest that was promised, of the plan's kind.
    fn check_prepared(&self, part: PartNumber, digest: PartDigest, len: u64) -> Result<(), Reason> {
        let Some(parts) = &self.parts else { return Err(Reason::ServerError) };
        if digest.algorithm() != parts.plan().transport.digest || len != parts.wire_len(part) {
            return Err(Reason::ServerError);
        }
        match parts.digest(part) {
            Some(promised) if promised != digest => Err(Reason::FileChanged),
            _ => Ok(()),
        }
    }

    fn hashed_part(&mut self, cx: &mut Context, part: PartNumber, digest: PartDigest, is_again: bool) {
        if is_again {
            self.hashed_again(cx, part, digest);
            return;
        }
        self.promise(cx, part, digest);
        let save = self.save_promise(cx, part, digest);
        let live = self.live.entry(part).or_default();
        *live = Live { save: Some(save), prepared: live.prepared, ..Live::default() };
        self.set(part, PartState::Hashed);
        self.hashed.push_back(part);
    }

    /// The promise still holds: the part goes again when its wait is over.
    fn hashed_again(&mut self, cx: &mut Context, part: PartNumber, digest: PartDigest) {
        if self.live.get(&part).is_none_or(|live| live.save.is_none()) {
            // The digest came from storage: this device has no record of it yet.
            let save = self.save_promise(cx, part, digest);
            self.live.entry(part).or_default().save = Some(save);
        }
        let until = self.live.get(&part).map_or(0, |live| live.backoff.until());
        if until > cx.now {
            self.set(part, PartState::Waiting);
            cx.timers.set(Timer::Part(self.id, part), until);
        } else {
            self.line_up(part);
        }
    }

    fn put_back(&mut self, part: PartNumber, read_for: ReadFor) {
        match read_for {
            ReadFor::Sending => self.set(part, PartState::Planned),
            ReadFor::Comparing => self.doubt(part),
            // The challenge knows what it has not got.
            ReadFor::Adopting => {}
        }
    }

    /// The part can't be read.
    pub(in crate::machine) fn prepare_failed(
        &mut self,
        cx: &mut Context,
        part: PartNumber,
        attempt: Attempt,
        fault: ReadFault,
    ) {
        let Some(reading) = self.take_reading(cx, part, attempt) else { return };
        cx.touch(self.id);
        self.put_back(part, reading.read_for);
        self.cannot_read(cx, attempt, fault);
    }

    /// Follows a fault of what began as `attempt`: again a few times, for some minutes, or the user's turn.
    pub(super) fn cannot_read(&mut self, cx: &mut Context, attempt: Attempt, fault: ReadFault) {
        match fault::after_read(fault) {
            // It began before the last failure that counted: one hiccup of a disk ends all that is read.
            Then::Again if attempt <= self.read_failed => {}
            Then::Again => {
                self.read_fails = self.read_fails.saturating_add(1);
                self.read_failed = cx.last_attempt();
                let since = *self.unread_since.get_or_insert(cx.now);
                if self.read_fails >= cx.config.read_tries || cx.now - since >= cx.config.circuit_ms {
                    self.reads_work();
                    self.close(cx, Reason::Unreadable);
                } else {
                    let ceiling = crate::machine::network::backoff::Backoff::ceiling(u32::from(self.read_fails));
                    let wait = cx.rng.up_to(ceiling);
                    cx.timers.set(Timer::Read(self.id), cx.now + wait);
                }
            }
            Then::PickAgain(reason) => self.close(cx, reason),
            Then::Stop(reason) => self.stop(cx, reason),
            _ => {}
        }
    }

    /// What failed before counts no more.
    pub(super) fn reads_work(&mut self) {
        self.read_fails = 0;
        self.unread_since = None;
    }

    /// No byte was hashed for too long: again.
    pub(in crate::machine) fn reading_stalled(&mut self, cx: &mut Context, part: PartNumber) {
        if let Some(reading) = self.reading.get(&part).copied() {
            cx.touch(self.id);
            self.drop_reading(cx, part);
            self.cannot_read(cx, reading.attempt, ReadFault::Io);
        }
    }

    pub(super) fn drop_reading(&mut self, cx: &mut Context, part: PartNumber) {
        if let Some(reading) = self.reading.remove(&part) {
            cx.timers.clear(Timer::Prepare(self.id, part));
            cx.emit(Effect::DropPrepare { id: self.id, part, attempt: reading.attempt });
            self.put_back(part, reading.read_for);
        }
    }
}
