//! Writing the checkpoint, and waiting for it.

use super::adoption::Adoption;
use super::{Context, Effect, Upload};
use crate::machine::digest::PartDigest;
use crate::machine::saves::Saves;
use crate::machine::timers::Timer;
use crate::machine::{Record, UploadRecord};
use crate::prelude::*;
use crate::wire::id::PartNumber;

/// The records of one upload.
#[derive(Debug, Default)]
pub(super) struct Journal {
    saves: Saves,
    /// The head record that its batch, or its abort, waits for.
    head: u64,
}

impl Journal {
    /// Whether what depends on the record may be done.
    pub(super) fn is_done(&self, save: u64) -> bool {
        self.saves.is_done(save)
    }

    /// Whether a reload can go on from the records.
    pub(super) fn is_sound(&self) -> bool {
        self.saves.is_sound()
    }

    /// Nothing waits for the head any more: the disk may never answer.
    pub(super) fn forget_head(&mut self) {
        self.head = 0;
    }
}

impl Upload {
    /// Writes a record; the number of the save.
    fn save(&mut self, cx: &mut Context, record: Record) -> u64 {
        if self.journal.saves.is_refused() {
            // Save 0 counts as done, so nothing waits for a disk that refused.
            return 0;
        }
        let save = self.journal.saves.ask();
        // Not moved by later records, or a busy upload would never find its disk silent.
        if !cx.timers.is_set(Timer::Save(self.id)) {
            cx.timers.set(Timer::Save(self.id), cx.now + cx.config.timeouts.save_ms);
        }
        cx.emit(Effect::Save { id: self.id, save, record: Box::new(record) });
        save
    }

    /// Writes the head record as it is now; the number of the save.
    pub(super) fn save_head(&mut self, cx: &mut Context) -> u64 {
        let record = UploadRecord {
            v: 1,
            id: self.id,
            number: self.number(),
            room: self.room,
            source: self.source.clone(),
            initiate_key: self.initiation.key().to_owned(),
            begin: self.initiation.record().cloned(),
            digest: self.only_digest(),
            adopts: self.adoption.as_ref().map(Adoption::upload),
            server: self.server.clone(),
            paused: self.hold.is_paused(),
            cancelled: self.hold.is_cancelled(),
            dismissed: self.hold.is_hidden(),
        };
        self.save(cx, Record::Upload(record))
    }

    /// The same; the next call waits until it is on disk.
    pub(super) fn save_head_first(&mut self, cx: &mut Context) {
        self.journal.head = self.save_head(cx);
    }

    /// What is promised for a file that is one PUT.
    fn only_digest(&self) -> Option<PartDigest> {
        self.parts.as_ref().filter(|_| self.is_small())?.digest(PartNumber::FIRST)
    }

    /// Writes down what is promised for a part; the number of the save. For a file that is one PUT the head holds it, and
    /// is written anyway when the upload begins.
    pub(super) fn save_promise(&mut self, cx: &mut Context, part: PartNumber, digest: PartDigest) -> u64 {
        match (self.is_small(), &self.server) {
            (false, _) => self.save(cx, Record::Part { part, digest }),
            (true, Some(_)) => self.save_head(cx),
            (true, None) => 0,
        }
    }

    /// Records are on disk.
    pub(in crate::machine) fn saved(&mut self, cx: &mut Context, save: u64) {
        self.journal.saves.saved(save);
        self.watch_saves(cx);
    }

    pub(super) fn watch_saves(&self, cx: &mut Context) {
        if self.journal.saves.is_waiting() {
            cx.timers.set(Timer::Save(self.id), cx.now + cx.config.timeouts.save_ms);
        } else {
            cx.timers.clear(Timer::Save(self.id));
        }
    }

    /// Records can't be written.
    pub(in crate::machine) fn save_failed(&mut self, cx: &mut Context) {
        self.journal.saves.refused();
        cx.timers.clear(Timer::Save(self.id));
    }

    /// Records are not on disk in time.
    pub(in crate::machine) fn save_is_late(&mut self) {
        self.journal.saves.give_up_waiting();
    }

    /// Whether the head that the next call waits for is on disk, or not to be waited for.
    pub(in crate::machine) fn head_is_saved(&self) -> bool {
        self.journal.is_done(self.journal.head)
    }
}
