//! Which stage follows which, and why. docs/upload-machine.md is written from this table, and the
//! simulated world holds every run against it.

use super::Stage::{self, *};
use crate::prelude::*;

/// One row: in any of these stages, this cause leads to one of those.
#[derive(Clone, Copy, Debug)]
pub struct Transition {
    pub from: &'static [Stage],
    pub cause: &'static str,
    pub to: &'static [Stage],
}

const fn row(from: &'static [Stage], cause: &'static str, to: &'static [Stage]) -> Transition {
    Transition { from, cause, to }
}

/// Everything between picked and over.
const OPEN: &[Stage] = &[Queued, Hashing, Uploading, Paused, Waiting, NeedsFile, Completing, Failed];
/// Where work goes on; which of them depends on what is free, at hand and allowed.
const GOING_ON: &[Stage] = &[Queued, Hashing, Uploading, Waiting];

/// All transitions.
pub const TRANSITIONS: &[Transition] = &[
    row(&[Queued], "a place is free", &[Hashing, Uploading, Waiting]),
    row(&[Hashing], "the first part is hashed, begun and signed", &[Uploading]),
    row(&[Hashing, Uploading], "a try failed, or the network is gone", &[Waiting]),
    row(&[Waiting], "the wait is over, or the network is back", &[Hashing, Uploading]),
    row(
        &[Uploading],
        "all parts are stored; those that may be of another version are compared with the file",
        &[Hashing],
    ),
    row(&[Queued, Hashing, Uploading, Waiting, Paused], "all parts are stored and proved", &[Completing]),
    row(&[Completing], "the functions verified it", &[Completed]),
    row(&[Completing], "parts are missing or wrong: they are sent again", GOING_ON),
    row(&[Completing], "parts are missing, and the user paused it or the file is closed", &[Paused, NeedsFile]),
    row(GOING_ON, "the user pauses", &[Paused]),
    row(&[Paused], "the user resumes", &[Queued, Hashing, Uploading, Waiting]),
    row(&[Queued, Hashing, Uploading, Waiting, Paused], "the file cannot be read", &[NeedsFile]),
    row(&[NeedsFile], "the file is open again", &[Queued, Hashing, Uploading, Waiting, Paused]),
    row(
        &[NeedsFile, Waiting, Paused, Queued, Uploading, Hashing],
        "the functions are putting it together",
        &[Completing],
    ),
    row(
        &[Queued, Hashing, Uploading, Waiting, Paused, NeedsFile, Completing],
        "it cannot go on; the reason says why",
        &[Failed],
    ),
    row(&[Failed], "the user retries", &[Queued, Hashing, Uploading, Waiting, Paused, NeedsFile, Completing]),
    row(&[Failed], "the file is picked again", &[Queued, Hashing, Uploading, Waiting, Paused, NeedsFile]),
    row(OPEN, "another tab sends it", &[Waiting]),
    row(&[Waiting], "this tab sends it from now on", &[Queued, Paused, NeedsFile, Completing]),
    row(OPEN, "another page completed it", &[Completed]),
    row(OPEN, "the user or another member cancels", &[Cancelled]),
    row(OPEN, "its time ran out", &[Expired]),
    row(&[Cancelled], "cancelled too late: it was complete", &[Completed]),
    row(&[Expired, Cancelled], "the user retries: begun again from nothing", GOING_ON),
];

impl Stage {
    /// Every stage.
    pub const ALL: [Self; 11] =
        [Queued, Hashing, Uploading, Paused, Waiting, NeedsFile, Completing, Completed, Failed, Expired, Cancelled];

    /// Whether the table has a row from this stage to that one.
    pub fn may_follow(before: Self, after: Self) -> bool {
        before == after || TRANSITIONS.iter().any(|row| row.from.contains(&before) && row.to.contains(&after))
    }
}

/// The table as Markdown, a row for each stage and cause.
pub fn state_table() -> String {
    let mut lines = vec!["| stage | what happens | then |".to_owned(), "| --- | --- | --- |".to_owned()];
    for stage in Stage::ALL {
        for row in TRANSITIONS.iter().filter(|row| row.from.contains(&stage)) {
            let others = row.to.iter().filter(|to| **to != stage).map(|to| to.as_str()).collect::<Vec<_>>();
            if !others.is_empty() {
                lines.push(format!("| {} | {} | {} |", stage.as_str(), row.cause, others.join(", ")));
            }
        }
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_completed_stays_completed() {
        assert!(Stage::ALL.into_iter().all(|stage| !Stage::may_follow(Completed, stage) || stage == Completed));
    }

    #[test]
    fn every_stage_can_be_reached_and_every_open_one_left() {
        for stage in Stage::ALL {
            let is_reached = Stage::ALL.into_iter().any(|from| from != stage && Stage::may_follow(from, stage));
            let is_left = Stage::ALL.into_iter().any(|to| to != stage && Stage::may_follow(stage, to));
            assert!(is_reached, "{stage:?} is never reached");
            assert_eq!(is_left, stage != Completed, "{stage:?}");
        }
    }
}
