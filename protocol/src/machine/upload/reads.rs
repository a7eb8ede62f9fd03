//! Reading and hashing parts, ahead of their sending.

use crate::prelude::*;
use alloc::collections::BTreeMap;

use super::{Context, Effect, Phase, Upload};
use crate::machine::digest::PartDigest;
use crate::machine::network::backoff::Backoff;
use crate::machine::network::fault::{self, Recovery};
use crate::machine::parts::{PartState, Parts};
use crate::machine::timers::{Timer, patience};
use crate::machine::{Attempt, Purpose, ReadFault, Reason};
use crate::wire::id::PartNumber;
use crate::wire::plan::{DigestAlgorithm, PartRange};

/// What a part is read for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ReadFor {
    /// It is going to be sent.
    Sending,
    /// It is stored, and compared with the file.
    Comparing,
    /// Its digest proves to the functions that the file is here.
    Adopting,
}

/// A part that is being read.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reading {
    attempt: Attempt,
    bytes: u64,
    read_for: ReadFor,
}

impl Reading {
    pub(super) fn attempt(&self) -> Attempt {
        self.attempt
    }

    pub(super) fn read_for(&self) -> ReadFor {
        self.read_for
    }
}

/// What follows a failed reading.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Failure {
    /// It began before the last failure that counted: one hiccup of a disk ends all readings.
    Counted,
    /// Failures in a row; worth another try.
    Retry(u8),
    GiveUp,
}

/// The readings of one upload.
#[derive(Debug, Default)]
pub(super) struct Reads {
    under_way: BTreeMap<PartNumber, Reading>,
    /// Readings that ended well since the file was opened.
    done: u16,
    /// Failures in a row.
    fails: u8,
    /// The last effect when the last failure counted.
    last_failed: Attempt,
    /// When the first of these failures was, in milliseconds on the machine's clock.
    failing_since: Option<u64>,
}

impl Reads {
    pub(super) fn count(&self) -> usize {
        self.under_way.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.under_way.is_empty()
    }

    pub(super) fn has(&self, part: PartNumber) -> bool {
        self.under_way.contains_key(&part)
    }

    pub(super) fn get(&self, part: PartNumber) -> Option<Reading> {
        self.under_way.get(&part).copied()
    }

    pub(super) fn parts(&self) -> Vec<PartNumber> {
        self.under_way.keys().copied().collect()
    }

    /// Stored parts being compared with the file.
    pub(super) fn comparing(&self) -> usize {
        self.under_way.values().filter(|reading| reading.read_for == ReadFor::Comparing).count()
    }

    /// Readings that may be under way at once. The first part goes alone, so that its PUT starts soon; then one more for
    /// each that is done.
    fn lanes(&self) -> usize {
        usize::from(self.done) + 1
    }

    fn start(&mut self, part: PartNumber, attempt: Attempt, read_for: ReadFor) {
        self.under_way.insert(part, Reading { attempt, bytes: 0, read_for });
    }

    /// Whether the reading got farther.
    fn moved(&mut self, part: PartNumber, attempt: Attempt, bytes: u64) -> bool {
        let reading =
            self.under_way.get_mut(&part).filter(|reading| reading.attempt == attempt && bytes > reading.bytes);
        reading.map(|reading| reading.bytes = bytes).is_some()
    }

    /// Ends a reading, if this is its answer.
    fn end(&mut self, part: PartNumber, attempt: Attempt) -> Option<Reading> {
        if self.get(part)?.attempt != attempt {
            return None;
        }
        self.under_way.remove(&part)
    }

    fn remove(&mut self, part: PartNumber) -> Option<Reading> {
        self.under_way.remove(&part)
    }

    fn succeeded(&mut self) {
        self.forget_failures();
        self.done = self.done.saturating_add(1);
    }

    /// Earlier failures count no more.
    pub(super) fn forget_failures(&mut self) {
        self.fails = 0;
        self.failing_since = None;
    }

    /// Starts with one reading again, as for a file just opened.
    pub(super) fn restart(&mut self) {
        self.done = 0;
    }

    /// The reading that began as `attempt` failed.
    fn failed(&mut self, cx: &Context, attempt: Attempt) -> Failure {
        if attempt <= self.last_failed {
            return Failure::Counted;
        }
        self.fails = self.fails.saturating_add(1);
        self.last_failed = cx.last_attempt();
        let since = *self.failing_since.get_or_insert(cx.now);
        // By time as well: a disk that hangs fails by its watchdog, whose wait doubles, and five of those take half an
        // hour.
        if self.fails >= cx.config.read_tries || cx.now - since >= cx.config.circuit_ms {
            self.forget_failures();
            return Failure::GiveUp;
        }
        Failure::Retry(self.fails)
    }
}

impl Upload {
    /// Starts to read one more part, if there is one and the upload may. Whether it did.
    ///
    /// `has_room` says whether a part of that many bytes may be prepared ahead of sending.
    pub(in crate::machine) fn prepare_next(&mut self, cx: &mut Context, has_room: impl Fn(u64) -> bool) -> bool {
        if self.phase == Phase::Adopting {
            return self.read_challenged(cx);
        }
        let next = self.parts.as_mut().and_then(Parts::next_planned);
        if let Some(part) = next
            && (has_room(self.len_of(part)) || self.is_awaited(part))
        {
            return self.read(cx, part, ReadFor::Sending);
        }
        // What is missing is under way as far as it may be; spare lanes compare what is stored.
        if next.is_some() && self.reads.comparing() >= cx.config.proofs_beside {
            return false;
        }
        match self.proof.next_to_compare() {
            Some(part) => self.read(cx, part, ReadFor::Comparing),
            None => false,
        }
    }

    /// Whether it may start to read one more part now, if it has one.
    pub(in crate::machine) fn may_prepare(&self, cx: &Context) -> bool {
        self.is_active()
            && self.may_work()
            && matches!(self.phase, Phase::Fresh | Phase::Adopting | Phase::Begun(_) | Phase::Sending)
            && self.status.is_settled()
            && self.reads.count() < self.reads.lanes()
            && !cx.timers.is_set(Timer::Read(self.id))
            && (self.phase == Phase::Adopting || self.count(PartState::Planned) > 0 || self.proof.has_part_to_compare())
    }

    /// Whether no other part can be sent before this one. Then the bound on what is prepared ahead doesn't apply.
    fn is_awaited(&mut self, part: PartNumber) -> bool {
        self.is_ascending() && self.parts.as_mut().and_then(Parts::next_unstored) == Some(part)
    }

    fn read(&mut self, cx: &mut Context, part: PartNumber, read_for: ReadFor) -> bool {
        let Some(range) = self.parts.as_ref().map(|parts| parts.range(part)) else { return false };
        if read_for == ReadFor::Sending {
            self.set(part, PartState::Preparing);
        } else {
            self.proof.forget(part);
        }
        let Some(digest) = self.transport().map(|transport| transport.digest) else { return false };
        self.release_body(cx, part);
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
        self.reads.start(part, attempt, read_for);
        self.watch_reading(cx, part);
        cx.touch(self.id);
        let purpose = if read_for == ReadFor::Sending { Purpose::Send } else { Purpose::Compare };
        cx.emit(Effect::Prepare { id: self.id, part, attempt, range, digest, purpose });
    }

    /// Sets the watchdog; more patient after each failure.
    pub(super) fn watch_reading(&self, cx: &mut Context, part: PartNumber) {
        let wait = patience(cx.config.timeouts.prepare_ms, self.reads.fails.into());
        cx.timers.set(Timer::Prepare(self.id, part), cx.now + wait);
    }

    /// Ends a reading, if this is its answer.
    fn end_reading(&mut self, cx: &mut Context, part: PartNumber, attempt: Attempt) -> Option<Reading> {
        let reading = self.reads.end(part, attempt)?;
        cx.timers.clear(Timer::Prepare(self.id, part));
        Some(reading)
    }

    /// The shell has read `bytes` of the part.
    pub(in crate::machine) fn preparing(&mut self, cx: &mut Context, part: PartNumber, attempt: Attempt, bytes: u64) {
        if self.reads.moved(part, attempt, bytes) {
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
        let Some(reading) = self.end_reading(cx, part, attempt) else { return };
        cx.touch(self.id);
        self.reads.succeeded();
        if let (ReadFor::Adopting, Some(adoption)) = (reading.read_for, &mut self.adoption) {
            adoption.has_read(part, digest);
            return;
        }
        if reading.read_for == ReadFor::Sending {
            // Noted before the check, so that a body which fails it is released with all others.
            self.pipeline.entry(part).set_body(attempt);
        }
        if let Err(reason) = self.check_prepared(part, digest, len) {
            self.undo_reading(part, reading.read_for);
            self.stop(cx, reason);
            return;
        }
        let is_promised = self.parts.as_ref().is_some_and(|parts| parts.digest(part).is_some());
        self.note_read(part, reading);
        match (reading.read_for, is_promised) {
            (ReadFor::Sending, false) => self.hashed(cx, part, digest),
            (ReadFor::Sending, true) => self.hashed_again(cx, part, digest),
            _ => {}
        }
    }

    /// The body has to be as long as the plan says, with the digest that was promised, of the plan's kind.
    fn check_prepared(&self, part: PartNumber, digest: PartDigest, len: u64) -> Result<(), Reason> {
        let Some(parts) = &self.parts else { return Err(Reason::ServerError) };
        if digest.algorithm() != parts.plan().transport.digest || len != parts.wire_len(part) {
            return Err(Reason::ServerError);
        }
        // Promised once: with a second digest storage could mix two versions of the file.
        match parts.digest(part) {
            Some(promised) if promised != digest => Err(Reason::FileChanged),
            _ => Ok(()),
        }
    }

    fn hashed(&mut self, cx: &mut Context, part: PartNumber, digest: PartDigest) {
        self.promise(cx, part, digest);
        let save = self.save_promise(cx, part, digest);
        self.pipeline.start(part, save);
        self.set(part, PartState::Hashed);
        self.pipeline.queue_to_sign(part);
    }

    /// The promise still holds: the part goes again when its wait is over.
    fn hashed_again(&mut self, cx: &mut Context, part: PartNumber, digest: PartDigest) {
        if !self.pipeline.entry(part).has_record() {
            // The digest came from storage: this device has no record of it yet.
            let save = self.save_promise(cx, part, digest);
            self.pipeline.entry(part).set_record(save);
        }
        let until = self.pipeline.entry(part).waits_until();
        if until > cx.now {
            self.set(part, PartState::Waiting);
            cx.timers.set(Timer::Part(self.id, part), until);
        } else {
            self.requeue(part);
        }
    }

    /// The part is where it was before it was read.
    fn undo_reading(&mut self, part: PartNumber, read_for: ReadFor) {
        match read_for {
            ReadFor::Sending => self.set(part, PartState::Planned),
            ReadFor::Comparing => self.require_proof(part),
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
        let Some(reading) = self.end_reading(cx, part, attempt) else { return };
        cx.touch(self.id);
        self.undo_reading(part, reading.read_for);
        self.read_failed(cx, attempt, fault);
    }

    /// A reading, or a PUT that reads, which began as `attempt`, failed: it is tried again for some minutes, then the user
    /// is asked.
    pub(super) fn read_failed(&mut self, cx: &mut Context, attempt: Attempt, fault: ReadFault) {
        match fault::after_read(fault) {
            Recovery::Retry => match self.reads.failed(cx, attempt) {
                Failure::Counted => {}
                Failure::GiveUp => self.close_file(cx, Reason::Unreadable),
                Failure::Retry(fails) => {
                    let wait = cx.rng.up_to(Backoff::ceiling(u32::from(fails)));
                    cx.timers.set(Timer::Read(self.id), cx.now + wait);
                }
            },
            Recovery::PickAgain(reason) => self.close_file(cx, reason),
            Recovery::Stop(reason) => self.stop(cx, reason),
            _ => {}
        }
    }

    /// No byte was read for too long.
    pub(in crate::machine) fn reading_stalled(&mut self, cx: &mut Context, part: PartNumber) {
        if let Some(reading) = self.reads.get(part) {
            cx.touch(self.id);
            self.drop_reading(cx, part);
            self.read_failed(cx, reading.attempt, ReadFault::Io);
        }
    }

    pub(super) fn drop_reading(&mut self, cx: &mut Context, part: PartNumber) {
        if let Some(reading) = self.reads.remove(part) {
            cx.timers.clear(Timer::Prepare(self.id, part));
            cx.emit(Effect::DropPrepare { id: self.id, part, attempt: reading.attempt });
            self.undo_reading(part, reading.read_for);
        }
    }

    pub(super) fn drop_readings(&mut self, cx: &mut Context) {
        for part in self.reads.parts() {
            self.drop_reading(cx, part);
        }
    }
}
