//! The order of upload rows: what needs the user first, then what moves, then what waits, then what is done.

use std::collections::HashMap;

use wasm_client::{Actions, LocalId, Stage, View};

/// Which rows to show.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Filter {
    #[default]
    All,
    Active,
    Attention,
    Done,
}

impl Filter {
    /// Every filter, in the order of its buttons.
    pub const ALL: [(Self, &str); 4] =
        [(Self::All, "All"), (Self::Active, "Running"), (Self::Attention, "Needs you"), (Self::Done, "Done")];

    /// Whether a row in this stage is shown.
    pub fn shows(self, stage: Stage) -> bool {
        match self {
            Self::All => true,
            Self::Active => matches!(rank(stage), 1 | 2),
            Self::Attention => rank(stage) == 0,
            Self::Done => rank(stage) == 3,
        }
    }
}

fn rank(stage: Stage) -> u8 {
    match stage {
        Stage::Failed | Stage::NeedsFile => 0,
        Stage::Hashing | Stage::Uploading | Stage::Paused | Stage::Waiting | Stage::Completing => 1,
        Stage::Queued => 2,
        Stage::Completed | Stage::Expired | Stage::Cancelled => 3,
    }
}

/// Whether a row may be taken off the list with nothing left behind: what can be cancelled is cancelled first.
pub fn may_clear(actions: &Actions) -> bool {
    actions.dismiss && !actions.cancel
}

/// The rows in order. With `held` (a pointer or the keyboard is in the list) no row moves:
/// a click must not land on another upload than the one that was aimed at.
pub fn arrange<'a>(views: impl Iterator<Item = &'a View>, filter: Filter, held: Option<&[LocalId]>) -> Vec<LocalId> {
    let mut rows: Vec<(usize, u8, LocalId)> = Vec::new();
    let places: HashMap<LocalId, usize> =
        held.unwrap_or_default().iter().enumerate().map(|(place, id)| (*id, place)).collect();
    for view in views {
        let place = places.get(&view.id);
        if filter.shows(view.stage) || place.is_some() {
            rows.push((place.copied().unwrap_or(usize::MAX), rank(view.stage), view.id));
        }
    }
    rows.sort_by_key(|(place, rank, _)| (*place, *rank));
    rows.into_iter().map(|(_, _, id)| id).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use slipway_protocol::id::RoomId;

    fn view(id: u64, stage: Stage) -> View {
        View {
            id: LocalId(id),
            room: RoomId::from_bytes([0; 16]),
            upload: None,
            file: None,
            name: String::new(),
            path: String::new(),
            size: 0,
            stage,
            reason: None,
            bytes: 0,
            percent: 0,
            speed: None,
            eta: None,
            lanes: 0,
            part_count: 1,
            parts_stored: 0,
            strip: Vec::new(),
            resumable: true,
            actions: Actions::default(),
        }
    }

    fn arranged(views: &[View], filter: Filter, held: Option<&[u64]>) -> Vec<u64> {
        let held: Option<Vec<_>> = held.map(|ids| ids.iter().map(|id| LocalId(*id)).collect());
        arrange(views.iter(), filter, held.as_deref()).into_iter().map(|id| id.0).collect()
    }

    #[test]
    fn what_needs_the_user_is_on_top_and_what_is_done_below() {
        let views = [
            view(1, Stage::Completed),
            view(2, Stage::Queued),
            view(3, Stage::Uploading),
            view(4, Stage::Failed),
            view(5, Stage::Paused),
        ];
        assert_eq!(arranged(&views, Filter::All, None), [4, 3, 5, 2, 1]);
    }

    #[test]
    fn nothing_moves_while_the_list_is_held() {
        let views = [view(1, Stage::Completed), view(2, Stage::Uploading), view(3, Stage::Failed)];
        assert_eq!(arranged(&views, Filter::All, Some(&[1, 2])), [1, 2, 3], "new rows come last");
        assert_eq!(arranged(&views[1..], Filter::All, Some(&[1, 2])), [2, 3], "rows that went away are gone");
    }

    #[test]
    fn filters_part_the_list() {
        let views = [view(1, Stage::Completed), view(2, Stage::Queued), view(3, Stage::NeedsFile)];
        assert_eq!(arranged(&views, Filter::Active, None), [2]);
        assert_eq!(arranged(&views, Filter::Attention, None), [3]);
        assert_eq!(arranged(&views, Filter::Done, None), [1]);
    }
}
