//! Writing the checkpoint, and waiting for it.

use super::{Context, Effect, Upload};
use crate::machine::timers::Timer;
use crate::machine::{Record, UploadRecord};

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
        cx.emit(Effect::Save { id: self.id, save, record });
        save
    }

    /// Writes the head record as it is now; the number of the save.
    pub(in crate::machine) fn save_head(&mut self, cx: &mut Context) -> u64 {
        let record = UploadRecord {
            v: 1,
            id: self.id,
            room: self.room,
            source: self.source.clone(),
            initiate_key: self.key.clone(),
            begin: self.begin.clone(),
            server: self.server.clone(),
            paused: self.paused,
            cancelled: self.cancelled,
        };
        self.save(cx, Record::Upload(record))
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

    /// Whether everything written so far is on disk, or not to be waited for.
    pub(in crate::machine) fn head_is_saved(&self) -> bool {
        self.saves.is_done(self.head_save)
    }
}
