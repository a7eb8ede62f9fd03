//! The order of upload rows: first those that need the user, then running, queued and finished ones.

use std::collections::HashMap;

use wasm_client::{Actions, LocalId, Stage};

pub use crate::text::panel::Filter;

impl Filter {
    /// Every filter, in the order of its buttons.
    pub const ALL: [Self; 4] = [Self::All, Self::Active, Self::Attention, Self::Done];

    /// Whether a row in this stage is shown.
    pub fn shows(self, stage: Stage) -> bool {
        self.shows_rank(rank(stage))
    }

    /// The same, by [`rank`].
    pub(crate) fn shows_rank(self, rank: u8) -> bool {
        match self {
            Self::All => true,
            Self::Active => matches!(rank, 1 | 2),
            Self::Attention => rank == 0,
            Self::Done => rank == 3,
        }
    }
}

/// Number of ranks.
pub(crate) const RANKS: usize = 4;

/// Rows of a lower rank come first.
pub(crate) fn rank(stage: Stage) -> u8 {
    match stage {
        Stage::Failed | Stage::NeedsFile => 0,
        Stage::Hashing | Stage::Uploading | Stage::Paused | Stage::Waiting | Stage::Completing => 1,
        Stage::Queued => 2,
        Stage::Completed | Stage::Expired | Stage::Cancelled => 3,
    }
}

/// Whether a row may be dismissed: an upload that can still be cancelled would leave parts in storage.
pub fn may_clear(actions: &Actions) -> bool {
    actions.dismiss && !actions.cancel
}

/// The rows to show, of rows sorted by rank. With `held` (pointer or keyboard focus is in the list) no row moves, so that a
/// click hits the upload it was aimed at.
pub fn arrange(
    sorted: impl Iterator<Item = (LocalId, Stage)>,
    filter: Filter,
    held: Option<&[LocalId]>,
) -> Vec<LocalId> {
    let Some(held) = held else {
        return sorted.filter(|(_, stage)| filter.shows(*stage)).map(|(id, _)| id).collect();
    };
    let places: HashMap<LocalId, usize> = held.iter().enumerate().map(|(place, id)| (*id, place)).collect();
    let mut rows: Vec<(usize, LocalId)> = sorted
        .map(|(id, stage)| (places.get(&id).copied(), id, stage))
        .filter(|(place, _, stage)| place.is_some() || filter.shows(*stage))
        .enumerate()
        // New rows are appended, sorted by rank.
        .map(|(at, (place, id, _))| (place.unwrap_or(held.len() + at), id))
        .collect();
    rows.sort_unstable_by_key(|(place, _)| *place);
    rows.into_iter().map(|(_, id)| id).collect()
}

#[cfg(test)]
mod tests {
    use slipway_protocol::wire::id::RoomId;
    use wasm_client::View;

    use super::*;
    use crate::model::example::upload;
    use crate::model::rows::Rows;

    const ROOM: RoomId = RoomId::from_bytes([0; 16]);

    fn view(id: u64, stage: Stage) -> View {
        upload(ROOM, id, stage)
    }

    fn arranged(views: &[View], filter: Filter, held: Option<&[u64]>) -> Vec<u64> {
        let held: Option<Vec<_>> = held.map(|ids| ids.iter().map(|id| LocalId(*id)).collect());
        let mut rows = Rows::default();
        rows.apply(views.iter().map(|view| (view.id, Some(view.clone()))));
        arrange(rows.sorted(ROOM), filter, held.as_deref()).into_iter().map(|id| id.0).collect()
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
    fn each_filter_shows_its_ranks() {
        let views = [view(1, Stage::Completed), view(2, Stage::Queued), view(3, Stage::NeedsFile)];
        assert_eq!(arranged(&views, Filter::Active, None), [2]);
        assert_eq!(arranged(&views, Filter::Attention, None), [3]);
        assert_eq!(arranged(&views, Filter::Done, None), [1]);
    }
}
