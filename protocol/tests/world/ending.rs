//! The end of every story: the world heals, the user takes the next step that each row offers, and
//! everything ends well or in a state that has a name and a cause.

use slipway_protocol::machine::*;
use slipway_protocol::wire::UploadState;

use super::World;
use super::functions::{Known, Owner};

/// Times that a user takes the next step.
const ROUNDS: usize = 40;

impl World {
    /// No more faults.
    pub(super) fn heal(&mut self) {
        self.healed = true;
        self.outage_until = self.now;
        self.schedule.faults.slow_complete = false;
        self.give(Input::Online);
        self.give(Input::Cap(None));
    }

    pub(super) fn end_well(&mut self) {
        for _ in 0..ROUNDS {
            self.run_until_quiet();
            self.give(Input::AnswerOffer { which: Which::All, answer: OfferAnswer::Continue });
            self.run_until_quiet();
            let open: Vec<View> = self.engine.views().into_iter().filter(|view| !view.stage.is_over()).collect();
            if open.is_empty() {
                break;
            }
            for view in open {
                self.next_step(&view);
            }
        }
        // Aborts that are still owed are not shown.
        let end = self.now + 3_600_000;
        while self.now < end && self.step() {}
        self.judge();
        self.oracle.check_let_go(&self.engine.views());
    }

    fn next_step(&mut self, view: &View) {
        let id = view.id;
        if view.stage == Stage::Failed {
            self.check_cause(view);
        }
        if view.actions.retry {
            self.give(Input::Retry(Which::One(id)));
        } else if self.file(id).gone || view.stage == Stage::Failed || self.was_changed_and_begun(view) {
            self.cancelled.insert(id);
            self.give(Input::Cancel(Which::One(id)));
        } else if view.actions.resume {
            self.give(Input::Resume(Which::One(id)));
        } else if view.actions.pick {
            self.pick(id);
        } else {
            panic!("no next step: {view:#?}");
        }
    }

    /// Picked again and again, a changed file stays a changed file.
    fn was_changed_and_begun(&self, view: &View) -> bool {
        view.reason == Some(Reason::FileChanged) && self.file(view.id).version() > 0
    }

    fn check_cause(&self, view: &View) {
        let is_true = match view.reason {
            Some(Reason::FileChanged) if self.file(view.id).version() > 0 => true,
            Some(Reason::FileChanged) => self.functions.of_file(view.id).any(|known| known.differs),
            Some(Reason::UploadLost) => self.overtaken.contains(&(view.id.0 as usize % 1000 - 1)),
            Some(Reason::NoProgress) => true,
            _ => false,
        };
        assert!(is_true, "failed without a cause: {view:#?}");
    }

    fn judge(&self) {
        for view in self.engine.views() {
            let id = view.id;
            match view.stage {
                Stage::Completed => assert!(self.is_completed(&view), "completed only here: {view:#?}"),
                Stage::Cancelled if view.reason.is_none() => assert!(self.cancelled.contains(&id), "{view:#?}"),
                // A page that could not write down the user's cancel takes the abort for another member's.
                Stage::Cancelled if self.schedule.faults.disk > 0 && self.cancelled.contains(&id) => {}
                // Another row here had the same upload, and was cancelled.
                Stage::Cancelled if self.known(&view).is_some_and(|known| known.is_aborted_here) => {}
                Stage::Cancelled | Stage::Expired => assert!(self.removed_elsewhere.contains(&id), "{view:#?}"),
                _ => panic!("no end in sight: {view:#?}"),
            }
        }
        self.functions.uploads.values().filter(|known| known.state == UploadState::Completed).for_each(|known| {
            self.check_bytes(known);
        });
        for file in &self.files {
            let is_of_row =
                |known: &Known| (known.is_begun_here && known.id == file.id) || known.adopted_by == Some(file.id);
            let is_left = |known: &&Known| is_of_row(known) && known.owner == Owner::Us && known.state.is_open();
            let open = self.functions.uploads.values().filter(is_left).count();
            let is_shown = self.engine.view(file.id).is_some();
            let is_forgotten = self.engine.view(file.id).is_some_and(|view| view.stage == Stage::Cancelled);
            // A disk that refused the record may cost an upload that the server gives up by itself.
            assert!(
                open == 0 || !is_shown || !is_forgotten || self.schedule.faults.disk > 0,
                "cancelled, and left behind"
            );
        }
    }

    fn is_completed(&self, view: &View) -> bool {
        self.known(view).is_some_and(|known| {
            known.state == UploadState::Completed && self.file(known.id).id == self.file(view.id).id
        })
    }

    /// The upload behind a row.
    fn known(&self, view: &View) -> Option<&Known> {
        self.functions.uploads.get(&view.upload?)
    }

    /// What storage holds is one version of the file, whole.
    fn check_bytes(&self, known: &Known) {
        let file = self.file(known.id);
        let held = &self.bucket.uploads[&known.upload];
        let is_version = |version: usize| {
            known.plan.parts().all(|part| {
                let range = known.plan.range(part).unwrap();
                held.parts.get(&part) == Some(&(file.digest(version, range), known.plan.wire_len(part).unwrap()))
            })
        };
        let is_whole = (0..=file.version()).any(is_version);
        assert!(is_whole, "storage holds something else than {file:?}: {held:?}");
    }
}
