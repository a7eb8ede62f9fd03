//! The uploads of this device, brought up to date by what changed: the work of an update is that of the changes,
//! however many uploads there are.

use std::collections::{BTreeMap, HashMap, HashSet};

use slipway_protocol::id::{RoomId, UploadId};
use wasm_client::{LocalId, Stage, View};

use crate::order;

/// All uploads at one moment.
#[derive(Clone, Debug, Default)]
pub struct Rows {
    views: HashMap<LocalId, View>,
    uploads: HashSet<UploadId>,
    rooms: HashMap<RoomId, Shelf>,
}

/// The uploads to one room.
#[derive(Clone, Debug, Default)]
struct Shelf {
    /// By rank, then in the order of adding.
    sorted: BTreeMap<(u8, u64, LocalId), Stage>,
    counts: Counts,
    version: u64,
}

/// How many uploads to a room are what, and the bytes of those that are not over.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    pub all: usize,
    pub pausable: usize,
    pub resumable: usize,
    pub retryable: usize,
    pub clearable: usize,
    /// Not over.
    pub open: usize,
    /// By rank in the list.
    pub ranks: [usize; order::RANKS],
    pub open_bytes: u64,
    pub open_size: u64,
}

/// Uploads that have just come to their end.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Finished {
    pub count: u64,
    /// The name of one of them.
    pub name: String,
}

impl Rows {
    /// Takes in what changed: the new view, or none for a row that went. Tells what was completed by it.
    pub fn apply(&mut self, changes: impl IntoIterator<Item = (LocalId, Option<View>)>) -> Finished {
        let mut finished = Finished::default();
        for (id, view) in changes {
            let before = self.views.remove(&id);
            if let (Some(old), Some(new)) = (&before, &view)
                && new.stage == Stage::Completed
                && old.stage != Stage::Completed
            {
                finished.count += 1;
                finished.name.clone_from(&new.name);
            }
            let is_moved = before.as_ref().map(place) != view.as_ref().map(place);
            if let Some(old) = before {
                self.take_off(&old, is_moved);
            }
            if let Some(new) = view {
                self.put(new, is_moved);
            }
        }
        finished
    }

    fn take_off(&mut self, old: &View, is_moved: bool) {
        if let Some(upload) = &old.upload {
            self.uploads.remove(upload);
        }
        let Some(shelf) = self.rooms.get_mut(&old.room) else { return };
        shelf.counts.count(old, |figure, by| *figure -= by, |figure, by| *figure -= by);
        if is_moved {
            shelf.sorted.remove(&place(old));
            shelf.version += 1;
        }
    }

    fn put(&mut self, new: View, is_moved: bool) {
        self.uploads.extend(new.upload);
        let shelf = self.rooms.entry(new.room).or_default();
        shelf.counts.count(&new, |figure, by| *figure += by, |figure, by| *figure += by);
        shelf.sorted.insert(place(&new), new.stage);
        shelf.version += u64::from(is_moved);
        self.views.insert(new.id, new);
    }

    /// One upload.
    pub fn get(&self, id: LocalId) -> Option<&View> {
        self.views.get(&id)
    }

    /// Whether this device sends it.
    pub fn has(&self, upload: UploadId) -> bool {
        self.uploads.contains(&upload)
    }

    /// The uploads to a room. Walks all of them: for clicks, not for drawing.
    pub fn of(&self, room: RoomId) -> impl Iterator<Item = &View> {
        self.sorted(room).filter_map(|(id, _)| self.get(id))
    }

    /// The same as they are sorted, by number and stage only.
    pub fn sorted(&self, room: RoomId) -> impl Iterator<Item = (LocalId, Stage)> {
        self.rooms.get(&room).into_iter().flat_map(|shelf| shelf.sorted.iter().map(|((_, _, id), stage)| (*id, *stage)))
    }

    /// Another number whenever a row to the room comes, goes or moves.
    pub fn version(&self, room: RoomId) -> u64 {
        self.rooms.get(&room).map_or(0, |shelf| shelf.version)
    }

    /// How many uploads to the room are what.
    pub fn counts(&self, room: RoomId) -> Counts {
        self.rooms.get(&room).map(|shelf| shelf.counts).unwrap_or_default()
    }

    /// Rooms that have uploads, in no order.
    pub fn rooms(&self) -> impl Iterator<Item = (RoomId, Counts)> {
        self.rooms.iter().map(|(room, shelf)| (*room, shelf.counts))
    }
}

impl Counts {
    fn count(&mut self, view: &View, change: fn(&mut usize, usize), change_bytes: fn(&mut u64, u64)) {
        let (actions, is_open) = (&view.actions, !view.stage.is_over());
        change(&mut self.all, 1);
        change(&mut self.pausable, actions.pause.into());
        change(&mut self.resumable, actions.resume.into());
        change(&mut self.retryable, actions.retry.into());
        change(&mut self.clearable, order::may_clear(actions).into());
        change(&mut self.open, is_open.into());
        change(&mut self.ranks[usize::from(order::rank(view.stage))], 1);
        if is_open {
            change_bytes(&mut self.open_bytes, view.bytes);
            change_bytes(&mut self.open_size, view.size);
        }
    }

    /// Rows that a filter shows.
    pub fn shown(&self, filter: order::Filter) -> usize {
        (0..order::RANKS).filter(|rank| filter.shows_rank(*rank as u8)).map(|rank| self.ranks[rank]).sum()
    }
}

fn place(view: &View) -> (u8, u64, LocalId) {
    (order::rank(view.stage), view.number, view.id)
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::*;
    use crate::order::tests::view;

    const ROOM: RoomId = RoomId::from_bytes([0; 16]);

    fn some(view: View) -> (LocalId, Option<View>) {
        (view.id, Some(view))
    }

    fn of_many(count: u64) -> Rows {
        let mut rows = Rows::default();
        rows.apply((0..count).map(|id| some(view(id, Stage::Queued))));
        rows
    }

    #[test]
    fn the_counts_follow_every_change() {
        let mut rows = of_many(3);
        let version = rows.version(ROOM);
        let sending = View { size: 10, bytes: 4, ..view(1, Stage::Uploading) };
        rows.apply([some(sending.clone())]);
        assert!(rows.version(ROOM) > version);
        let counts = rows.counts(ROOM);
        assert_eq!((counts.all, counts.open, counts.ranks), (3, 3, [0, 1, 2, 0]));
        assert_eq!((counts.open_bytes, counts.open_size), (4, 10));
        let version = rows.version(ROOM);
        rows.apply([some(View { bytes: 5, ..sending.clone() })]);
        assert_eq!((rows.version(ROOM), rows.counts(ROOM).open_bytes), (version, 5), "progress moves no row");
        rows.apply([some(View { stage: Stage::Completed, ..sending }), (LocalId(0), None)]);
        let counts = rows.counts(ROOM);
        assert_eq!((counts.all, counts.open, counts.open_size, counts.ranks), (2, 1, 0, [0, 0, 1, 1]));
        assert_eq!(rows.sorted(ROOM).map(|(id, _)| id.0).collect::<Vec<_>>(), [2, 1]);
        rows.apply([(LocalId(1), None), (LocalId(2), None)]);
        assert_eq!(rows.counts(ROOM), Counts::default());
    }

    #[test]
    fn what_is_completed_is_told_once() {
        let mut rows = of_many(2);
        let done = |id| some(View { name: "a.txt".into(), ..view(id, Stage::Completed) });
        assert_eq!(
            rows.apply([done(0), done(7)]),
            Finished { count: 1, name: "a.txt".into() },
            "7 was never open here"
        );
        assert_eq!(rows.apply([done(0)]), Finished::default());
    }

    #[test]
    fn uploads_of_this_device_are_known_by_their_names() {
        let (mut rows, upload) = (of_many(1), UploadId::from_bytes([3; 16]));
        rows.apply([some(View { upload: Some(upload), ..view(0, Stage::Uploading) })]);
        assert!(rows.has(upload));
        rows.apply([(LocalId(0), None)]);
        assert!(!rows.has(upload));
    }

    /// The best of several rounds of 40 changes each: as many small files as are sent at once.
    fn time(rows: &mut Rows, count: u64) -> Duration {
        let mut best = Duration::MAX;
        for round in 0..50 {
            let stage = if round % 2 == 0 { Stage::Uploading } else { Stage::Queued };
            let changes: Vec<_> = (0..40).map(|n| some(view(n * count / 40, stage))).collect();
            let start = Instant::now();
            rows.apply(changes);
            best = best.min(start.elapsed());
        }
        best
    }

    #[test]
    fn an_update_costs_by_its_changes_and_not_by_all_rows() {
        let (few, many) = (time(&mut of_many(100), 100), time(&mut of_many(100_000), 100_000));
        // A walk through all rows would cost hundreds of times as much; caches and deeper trees some.
        assert!(many < few * 30, "40 changes: {few:?} among 100 rows, {many:?} among 100,000");
    }
}
