//! Who gets a place, and which uploads are begun and completed together.

use super::batch::{Batch, Kind};
use super::engine::Engine;
use super::timers::{Look, Timer};
use super::upload::Upload;
use super::{Effect, LocalId};
use crate::wire::MAX_UPLOADS_PER_CALL;
use crate::wire::id::RoomId;

/// Calls for small files under way at once, of each kind.
const SMALL_BATCHES: usize = 2;

impl Engine {
    /// Forms new batches from what is ready.
    pub(super) fn form_batches(&mut self) {
        let larges = self.each_active().filter(|upload| !upload.is_small());
        let ready: Vec<_> = larges
            .filter(|upload| upload.can_begin() || upload.can_complete())
            .map(|upload| (upload.room, upload.id, upload.can_begin()))
            .collect();
        for (room, id, begins) in ready {
            if begins {
                self.begin(room, vec![id], false);
            } else {
                self.complete(room, vec![id], false);
            }
        }
        if let Some((room, ready)) = self.small_ones(0, Upload::can_begin, Upload::is_becoming_ready) {
            self.begin(room, ready, true);
        }
        if let Some((room, ready)) = self.small_ones(1, Upload::can_complete, |upload| upload.in_flight() > 0) {
            self.complete(room, ready, true);
        }
    }

    /// Small files of one room that are ready, when waiting for more is not worth it.
    fn small_ones(
        &mut self,
        kind: usize,
        is_ready: impl Fn(&Upload) -> bool,
        is_coming: impl Fn(&Upload) -> bool,
    ) -> Option<(RoomId, Vec<LocalId>)> {
        let small = || self.each_active().filter(|upload| upload.is_small());
        let room = small().find(|upload| is_ready(upload))?.room;
        let ready: Vec<LocalId> = small()
            .filter(|upload| upload.room == room && is_ready(upload))
            .map(|upload| upload.id)
            .take(MAX_UPLOADS_PER_CALL)
            .collect();
        let since = self.lingering[kind].unwrap_or(self.cx.now);
        let until = since + self.cx.config.linger_ms;
        let is_worth_waiting = ready.len() < MAX_UPLOADS_PER_CALL && small().any(is_coming) && self.cx.now < until;
        if is_worth_waiting || self.small_batches(kind) >= SMALL_BATCHES {
            self.lingering[kind] = Some(since);
            if is_worth_waiting {
                self.cx.timers.set(Timer::Look(Look::Linger), until);
            }
            return None;
        }
        self.lingering[kind] = None;
        Some((room, ready))
    }

    fn small_batches(&self, kind: usize) -> usize {
        let is_kind = |batch: &Batch| matches!(batch.kind, Kind::Complete) == (kind == 1);
        self.batches.values().filter(|batch| batch.is_small && is_kind(batch) && self.is_wanted(batch)).count()
    }

    pub(super) fn begin(&mut self, room: RoomId, members: Vec<LocalId>, is_small: bool) {
        let key = format!("{:016x}{:016x}", self.cx.rng.bits(), self.cx.rng.bits());
        let number = self.next_batch();
        let mut body = Vec::with_capacity(members.len());
        for id in &members {
            if let Some(upload) = self.uploads.get_mut(id) {
                upload.join(&mut self.cx, number, &key, &members);
                body.extend(upload.to_initiate());
            }
        }
        self.batches.insert(number, Batch::new(room, Kind::Initiate { key, body }, members, is_small));
    }

    fn complete(&mut self, room: RoomId, members: Vec<LocalId>, is_small: bool) {
        let number = self.next_batch();
        for id in &members {
            if let Some(upload) = self.uploads.get_mut(id) {
                upload.complete_with(&mut self.cx, number);
            }
        }
        self.batches.insert(number, Batch::new(room, Kind::Complete, members, is_small));
    }

    fn next_batch(&mut self) -> u32 {
        self.last_batch += 1;
        self.last_batch
    }

    /// Makes batches of an earlier page anew where key and body are the same; the rest begins from nothing.
    pub(super) fn restore_batches(&mut self, restored: &[LocalId]) {
        for id in restored {
            let Some(upload) = self.uploads.get(id) else { continue };
            if !upload.is_fresh() {
                continue;
            }
            if let Some((room, key, body)) = self.same_body(upload) {
                let number = self.next_batch();
                let members: Vec<LocalId> = body.iter().map(|entry| entry.id).collect();
                for member in &members {
                    self.with(*member, |upload, _| upload.rejoin(number));
                }
                let is_known =
                    members.iter().any(|id| self.uploads.get(id).is_some_and(|upload| upload.server.is_some()));
                let is_small = members.len() > 1;
                let batch = Batch::new(room, Kind::Initiate { key, body }, members, is_small);
                self.batches.insert(number, Batch { is_known, calls: 1, ..batch });
            } else {
                self.with(*id, Upload::begin_anew);
            }
        }
    }

    fn same_body(&self, upload: &Upload) -> Option<(RoomId, String, Vec<super::ToInitiate>)> {
        let (key, begin) = upload.begun_with()?;
        let entry = |id: &LocalId| {
            let member = self.uploads.get(id)?;
            let (its_key, _) = member.begun_with()?;
            member.to_initiate().filter(|_| its_key == key)
        };
        let body = begin.batch.iter().map(entry).collect::<Option<_>>()?;
        Some((upload.room, key.to_owned(), body))
    }

    /// Whether anybody in the batch still wants its answer.
    fn is_wanted(&self, batch: &Batch) -> bool {
        let wants = |id: &LocalId| {
            self.uploads.get(id).is_some_and(|upload| upload.may_work() || (upload.is_cancelled() && !upload.is_over()))
        };
        !batch.is_answered && (batch.is_known || batch.members.iter().any(wants))
    }

    /// Calls what is due, and lets go what is answered and on disk.
    pub(super) fn run_batches(&mut self) {
        for number in self.batches.keys().copied().collect::<Vec<_>>() {
            let Some(batch) = self.batches.get(&number) else { continue };
            let is_saved = |id: &LocalId| self.uploads.get(id).is_none_or(Upload::head_is_saved);
            let is_saved = batch.members.iter().all(is_saved);
            if batch.is_answered && is_saved {
                self.release(number);
            } else if batch.kind == Kind::Complete && batch.call.is_none() && !self.is_wanted(batch) {
                self.let_go(number);
            } else if is_saved && batch.is_due(&self.cx) && self.is_wanted(batch) {
                self.call_batch(number);
            }
        }
    }

    fn release(&mut self, number: u32) {
        let Some(batch) = self.batches.remove(&number) else { return };
        self.cx.timers.clear(Timer::Look(Look::Batch(number)));
        for id in batch.members {
            self.with(id, |upload, _| upload.release());
        }
    }

    /// Nobody wants the completion any more; those that go on later come back by themselves.
    fn let_go(&mut self, number: u32) {
        let Some(batch) = self.batches.remove(&number) else { return };
        self.cx.timers.clear(Timer::Look(Look::Batch(number)));
        for id in batch.members {
            self.with(id, |upload, cx| {
                if upload.is_completing_with(number) {
                    upload.leave_completion(cx);
                }
            });
        }
    }

    fn call_batch(&mut self, number: u32) {
        let called = self.still_completing(number);
        let Some(batch) = self.batches.get_mut(&number) else { return };
        batch.calls += 1;
        let room = batch.room;
        let (effect, wait) = match &batch.kind {
            Kind::Initiate { key, body } => {
                let call = self.cx.call();
                batch.call = Some(call);
                let (key, uploads) = (key.clone(), body.clone());
                (
                    Effect::Initiate { batch: number, attempt: call.attempt, room, key, uploads },
                    self.cx.config.initiate_ms,
                )
            }
            Kind::Complete => {
                batch.members.retain(|id| called.iter().any(|(called, _)| called == id));
                if called.is_empty() {
                    self.batches.remove(&number);
                    return;
                }
                let call = self.cx.call();
                batch.call = Some(call);
                (
                    Effect::Complete { batch: number, attempt: call.attempt, room, uploads: called },
                    self.cx.config.complete_ms,
                )
            }
        };
        self.cx.timers.set(Timer::Batch(number), self.cx.now + wait);
        self.cx.emit(effect);
    }

    /// The members of a complete that still want it. The others are let go: they come back by themselves.
    fn still_completing(&mut self, number: u32) -> Vec<(LocalId, crate::wire::id::UploadId)> {
        let members = self.batches.get(&number).map(|batch| batch.members.clone()).unwrap_or_default();
        let mut still = Vec::new();
        for id in members {
            let Some(upload) = self.uploads.get_mut(&id) else { continue };
            if upload.is_completing_with(number) {
                match upload.server.as_ref().filter(|_| upload.may_work()) {
                    Some(server) => still.push((id, server.upload)),
                    None => upload.leave_completion(&mut self.cx),
                }
            }
        }
        still
    }
}
