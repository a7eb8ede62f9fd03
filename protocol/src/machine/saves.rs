//! Which records of one upload are on disk.

/// The records asked for and answered, by number.
#[derive(Clone, Debug, Default)]
pub(super) struct Saves {
    asked: u64,
    done: u64,
    /// The disk refused: nothing is waited for any more, and a reload can't go on.
    failed: bool,
    /// No answer in time: nothing is waited for until the disk has caught up.
    late: bool,
}

impl Saves {
    /// The number of the next record.
    pub(super) fn ask(&mut self) -> u64 {
        self.asked += 1;
        self.asked
    }

    pub(super) fn saved(&mut self, save: u64) {
        self.done = self.done.max(save.min(self.asked));
        // A slow disk that caught up is sound again. One that refused is not.
        self.late &= self.done < self.asked;
    }

    pub(super) fn refused(&mut self) {
        self.failed = true;
    }

    pub(super) fn give_up_waiting(&mut self) {
        self.late = true;
    }

    /// Whether what depends on the record may be done.
    pub(super) fn is_done(&self, save: u64) -> bool {
        // A disk that hangs or refuses costs the resume after a reload, and nothing else.
        save <= self.done || self.late || self.failed
    }

    pub(super) fn is_refused(&self) -> bool {
        self.failed
    }

    /// Whether an answer is owed.
    pub(super) fn is_waiting(&self) -> bool {
        !self.is_done(self.asked)
    }

    /// Whether a reload can go on from the records.
    pub(super) fn is_sound(&self) -> bool {
        !self.failed && !self.late
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_counts_when_it_or_a_later_one_is_on_disk() {
        let mut saves = Saves::default();
        let (first, second) = (saves.ask(), saves.ask());
        assert!(!saves.is_done(first) && saves.is_waiting());
        saves.saved(first);
        assert!(saves.is_done(first) && !saves.is_done(second));
        saves.saved(second);
        assert!(!saves.is_waiting() && saves.is_sound());
    }

    #[test]
    fn a_disk_that_refuses_holds_nothing_up() {
        let mut saves = Saves::default();
        let first = saves.ask();
        saves.refused();
        assert!(saves.is_done(first) && !saves.is_sound());
    }

    #[test]
    fn a_disk_that_is_late_is_sound_again_when_it_answers() {
        let mut saves = Saves::default();
        let first = saves.ask();
        saves.give_up_waiting();
        assert!(saves.is_done(first) && !saves.is_sound());
        saves.saved(first);
        assert!(saves.is_sound());
    }
}
