//! Writing the checkpoint, and waiting for it.

use super::{Adoption, Context, Effect, Upload};
use crate::machine::digest::PartDigest;
use crate::machine::timers::Timer;
use crate::machine::{Record, UploadRecord};
use crate::wire::id::PartNumber;

impl Upload {
    /// Writes a record; the number of the save.
    pub(super) fn save(&mut self, cx: &mut Context, record: Record) -> u64 {
        if self.saves.is_refused() {
            return 0;
        }
        let save = self.saves.ask();
        if !cx.timers.is_set(Timer::Save(self.id)) {
            cx.timers.set(Timer::Save(self.id), cx.now + cx.config.save_ms);
        }
        cx.emit(Effect::Save { id: self.id, save, record: Box::new(record) });
        save
    }

    /// Writes the head record as it is now; the number of the save.
    pub(in crate::machine) fn save_head(&mut self, cx: &mut Context) -> u64 {
        let record = UploadRecord {
            v: 1,
            id: self.id,
            number: self.number,
            room: self.room,
            source: self.source.clone(),
            initiate_key: self.key.clone(),
            begin: self.begin.clone(),
            digest: self.only_digest(),
            adopts: self.adoption.as_ref().map(Adoption::upload),
            server: self.server.clone(),
            paused: self.paused,
            cancelled: self.cancelled,
            dismissed: self.hidden,
        };
        self.save(cx, Record::Upload(record))
    }

    /// What is promised for a file that is one PUT.
    fn only_digest(&self) -> Option<PartDigest> {
        self.parts.as_ref().filter(|_| self.is_small())?.digest(PartNumber::FIRST)
    }

    /// Writes down what is promised for a part; the number of the save. The head of a file that is one PUT tells it, and
    /// is written anyway when the file is begun.
    pub(super) fn save_promise(&mut self, cx: &mut Context, part: PartNumber, digest: PartDigest) -> u64 {
        match (self.is_small(), &self.server) {
            (false, _) => self.save(cx, Record::Part { part, digest }),
            (true, Some(_)) => self.save_head(cx),
            (true, None) => 0,
        }
    }

    /// Records are on disk.
    pub(in crate::machine) fn saved(&mut self, cx: &mut Context, save: u64) {
        self.saves.saved(save);
        self.watch_saves(cx);
    }

    pub(super) fn watch_saves(&self, cx: &mut Context) {
        if self.saves.is_waiting() {
            cx.timers.set(Timer::Save(self.id), cx.now + cx.config.save_ms);
        } else {
            cx.timers.clear(Timer::Save(self.id));
        }
    }

    /// Records can't be written.
    pub(in crate::machine) fn save_failed(&mut self, cx: &mut Context) {
        self.saves.refused();
        cx.timers.clear(Timer::Save(self.id));
    }

    /// Records are not on disk in time.
    pub(in crate::machine) fn save_is_late(&mut self) {
        self.saves.give_up_waiting();
    }

    /// Whether parts have to wait: for its own record, or for those of the others that were begun with it.
    pub(super) fn is_held(&self) -> bool {
        self.held || !self.head_is_saved()
    }

    /// Whether everything written so far is on disk, or not to be waited for.
    pub(in crate::machine) fn head_is_saved(&self) -> bool {
        self.saves.is_done(self.head_save)
    }
}
