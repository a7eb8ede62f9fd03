//! Which uploads are begun and completed together, and the calls for them.

use super::batch::{Batch, Kind, Request};
use super::engine::Engine;
use super::timers::{Gate, Timer};
use super::upload::Upload;
use super::{Effect, LocalId};
use crate::prelude::*;
use crate::wire::MAX_UPLOADS_PER_CALL;
use crate::wire::id::{RoomId, UploadId};

/// Calls for small files under way at once, of each kind.
const SMALL_BATCHES: usize = 2;

impl Engine {
    /// Forms new batches from what is ready.
    pub(super) fn form_batches(&mut self) {
        // A large file goes alone and at once: its first PUT would otherwise wait for files that are not hashed yet.
        let larges = self.each_active().filter(|upload| !upload.is_small());
        let ready: Vec<_> = larges
            .filter(|upload| upload.can_initiate() || upload.can_complete())
            .map(|upload| (upload.room(), upload.id(), upload.can_initiate()))
            .collect();
        for (room, id, initiates) in ready {
            if initiates {
                self.initiate(room, vec![id], false);
            } else {
                self.complete(room, vec![id], false);
            }
        }
        if let Some((room, ready)) = self.small_ones(Kind::Initiate, Upload::can_initiate, Upload::is_becoming_ready) {
            self.initiate(room, ready, true);
        }
        let is_being_sent = |upload: &Upload| upload.in_flight() > 0;
        if let Some((room, ready)) = self.small_ones(Kind::Complete, Upload::can_complete, is_being_sent) {
            self.complete(room, ready, true);
        }
    }

    /// Small files of one room that are ready, when waiting for more is not worth it.
    fn small_ones(
        &mut self,
        kind: Kind,
        is_ready: impl Fn(&Upload) -> bool,
        is_coming: impl Fn(&Upload) -> bool,
    ) -> Option<(RoomId, Vec<LocalId>)> {
        let small = || self.each_active().filter(|upload| upload.is_small());
        let room = small().find(|upload| is_ready(upload))?.room();
        let ready: Vec<LocalId> = small()
            .filter(|upload| upload.room() == room && is_ready(upload))
            .map(Upload::id)
            .take(MAX_UPLOADS_PER_CALL)
            .collect();
        let may_grow = ready.len() < MAX_UPLOADS_PER_CALL && small().any(is_coming);
        let is_full = self.small_batches(kind) >= SMALL_BATCHES;
        let now = self.cx.now;
        // Counted from the first file that was ready, so that a steady trickle can't hold it back for ever.
        let until = *self.lingering.since(kind).get_or_insert(now) + self.cx.config.linger_ms;
        let is_worth_waiting = may_grow && now < until;
        if is_worth_waiting {
            self.cx.timers.set(Timer::Gate(Gate::Linger), until);
        }
        if is_worth_waiting || is_full {
            return None;
        }
        *self.lingering.since(kind) = None;
        Some((room, ready))
    }

    fn small_batches(&self, kind: Kind) -> usize {
        let of_kind = self.batches.values().filter(|batch| batch.is_small() && batch.kind() == kind);
        of_kind.filter(|batch| self.is_wanted(batch)).count()
    }

    pub(super) fn initiate(&mut self, room: RoomId, members: Vec<LocalId>, is_small: bool) {
        // From the machine's own generator, so that a run can be repeated from its seed. It has to differ, not to be
        // secret.
        let key = format!("{:016x}{:016x}", self.cx.rng.bits(), self.cx.rng.bits());
        let number = self.next_batch();
        let mut body = Vec::with_capacity(members.len());
        for id in &members {
            if let Some(upload) = self.uploads.get_mut(id) {
                upload.join_initiate(&mut self.cx, number, &key, &members);
                body.extend(upload.to_initiate());
            }
        }
        self.batches.insert(number, Batch::new(room, Request::Initiate { key, body }, members, is_small));
    }

    fn complete(&mut self, room: RoomId, members: Vec<LocalId>, is_small: bool) {
        let number = self.next_batch();
        for id in &members {
            if let Some(upload) = self.uploads.get_mut(id) {
                upload.join_complete(&mut self.cx, number);
            }
        }
        self.batches.insert(number, Batch::new(room, Request::Complete, members, is_small));
    }

    fn next_batch(&mut self) -> u32 {
        self.last_batch += 1;
        self.last_batch
    }

    /// Forms batches of an earlier page again where key and body are the same; the rest begins from nothing.
    pub(super) fn restore_batches(&mut self, restored: &[LocalId]) {
        for id in restored {
            let Some(upload) = self.uploads.get(id) else { continue };
            if !upload.is_fresh() {
                continue;
            }
            // The functions refuse a key that comes with another body, so only the whole batch may repeat it.
            if let Some((room, key, body)) = self.same_body(upload) {
                let number = self.next_batch();
                let members: Vec<LocalId> = body.iter().map(|entry| entry.id).collect();
                for member in &members {
                    self.with(*member, |upload, _| upload.rejoin_initiate(number));
                }
                let is_known = members.iter().any(|id| self.uploads.get(id).is_some_and(Upload::is_known));
                let is_small = members.len() > 1;
                let batch = Batch::new(room, Request::Initiate { key, body }, members, is_small);
                self.batches.insert(number, batch.restored(is_known));
            } else {
                // A record of the batch is missing. What the old key may have begun is given up by the server in time.
                self.with(*id, Upload::reset);
            }
        }
    }

    fn same_body(&self, upload: &Upload) -> Option<(RoomId, String, Vec<super::ToInitiate>)> {
        let (key, begin) = upload.initiate_record()?;
        let entry = |id: &LocalId| {
            let member = self.uploads.get(id)?;
            let (its_key, _) = member.initiate_record()?;
            // A member that was begun again since has another key, and is no longer part of that body.
            member.to_initiate().filter(|_| its_key == key)
        };
        let body = begin.batch.iter().map(entry).collect::<Option<_>>()?;
        Some((upload.room(), key.to_owned(), body))
    }

    /// Whether any member still wants the answer.
    fn is_wanted(&self, batch: &Batch) -> bool {
        // A cancelled member wants the answer as well, since it names the upload that is to be removed.
        let wants = |id: &LocalId| {
            self.uploads.get(id).is_some_and(|upload| upload.may_work() || (upload.is_cancelled() && !upload.is_over()))
        };
        !batch.is_answered() && (batch.is_known() || batch.members().iter().any(wants))
    }

    /// Makes the calls that are due, and removes the batches that are answered and on disk.
    pub(super) fn run_batches(&mut self) {
        for number in self.batches.keys().copied().collect::<Vec<_>>() {
            let Some(batch) = self.batches.get(&number) else { continue };
            let is_saved = |id: &LocalId| self.uploads.get(id).is_none_or(Upload::head_is_saved);
            let is_saved = batch.members().iter().all(is_saved);
            // Released together: a file that is stored and forgotten before another's record names its upload would
            // leave that one without its batch after a reload.
            if batch.is_answered() && is_saved {
                self.release(number);
            } else if batch.kind() == Kind::Complete && batch.call().is_none() && !self.is_wanted(batch) {
                self.disband(number);
            } else if is_saved && batch.is_due(&self.cx) && self.is_wanted(batch) {
                self.call_batch(number);
            }
        }
    }

    fn release(&mut self, number: u32) {
        for id in self.remove_batch(number) {
            self.with(id, |upload, _| upload.release());
        }
    }

    /// No member wants the completion any longer; those that go on later come back by themselves.
    fn disband(&mut self, number: u32) {
        for id in self.remove_batch(number) {
            self.with(id, |upload, cx| {
                if upload.is_completing_with(number) {
                    upload.leave_complete(cx);
                }
            });
        }
    }

    /// Its members.
    fn remove_batch(&mut self, number: u32) -> Vec<LocalId> {
        self.cx.timers.clear(Timer::Gate(Gate::Batch(number)));
        self.batches.remove(&number).map(|batch| batch.members().to_vec()).unwrap_or_default()
    }

    fn call_batch(&mut self, number: u32) {
        let Some(kind) = self.batches.get(&number).map(Batch::kind) else { return };
        match kind {
            Kind::Initiate => self.call_initiate(number),
            Kind::Complete => self.call_complete(number),
        }
    }

    fn call_initiate(&mut self, number: u32) {
        let Some(batch) = self.batches.get_mut(&number) else { return };
        let Request::Initiate { key, body } = batch.request() else { return };
        let (room, key, uploads) = (batch.room(), key.clone(), body.clone());
        let call = self.cx.call();
        batch.start_call(call);
        self.cx.timers.set(Timer::Batch(number), self.cx.now + self.cx.config.timeouts.initiate_ms);
        self.cx.emit(Effect::Initiate { batch: number, attempt: call.attempt, room, key, uploads });
    }

    fn call_complete(&mut self, number: u32) {
        let uploads = self.still_completing(number);
        let Some(batch) = self.batches.get_mut(&number) else { return };
        // Outcomes are matched by position, so whoever left must not be a member when the answer comes.
        batch.keep_members(|id| uploads.iter().any(|(called, _)| *called == id));
        if uploads.is_empty() {
            self.batches.remove(&number);
            return;
        }
        let room = batch.room();
        let call = self.cx.call();
        batch.start_call(call);
        self.cx.timers.set(Timer::Batch(number), self.cx.now + self.cx.config.timeouts.complete_ms);
        self.cx.emit(Effect::Complete { batch: number, attempt: call.attempt, room, uploads });
    }

    /// The members of a complete that still want it. The others leave: they come back by themselves.
    fn still_completing(&mut self, number: u32) -> Vec<(LocalId, UploadId)> {
        let members = self.batches.get(&number).map(|batch| batch.members().to_vec()).unwrap_or_default();
        let mut still = Vec::new();
        for id in members {
            let Some(upload) = self.uploads.get_mut(&id) else { continue };
            if upload.is_completing_with(number) {
                match upload.to_complete() {
                    Some(known) => still.push((id, known)),
                    None => upload.leave_complete(&mut self.cx),
                }
            }
        }
        still
    }
}
