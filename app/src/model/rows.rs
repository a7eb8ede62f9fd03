//! The uploads of this device. An update costs time for the changed uploads only, whatever their total.

use std::collections::{BTreeMap, HashMap, HashSet};

use slipway_protocol::wire::id::{RoomId, UploadId};
use wasm_client::{LocalId, Stage, View};

use crate::model::order;

/// All uploads at one moment.
#[derive(Clone, Debug, Default)]
pub struct Rows {
    views: HashMap<LocalId, View>,
    uploads: HashSet<UploadId>,
    rooms: HashMap<RoomId, RoomRows>,
    sending: Sending,
}

/// Uploads that are sending, in all rooms.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sending {
    pub uploads: u32,
    /// PUTs in flight.
    pub lanes: u32,
}

/// The uploads to one room.
#[derive(Clone, Debug, Default)]
struct RoomRows {
    /// By rank, then in the order of adding.
    sorted: BTreeMap<(u8, u64, LocalId), Stage>,
    counts: Counts,
}

/// Numbers of uploads to a room by what can be done with them, and the bytes of the open ones.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    pub all: usize,
    pub pausable: usize,
    pub resumable: usize,
    pub retryable: usize,
    pub clearable: usize,
    /// Neither completed nor ended.
    pub open: usize,
    /// By rank in the list.
    pub ranks: [usize; order::RANKS],
    pub open_bytes: u64,
    pub open_size: u64,
}

/// Uploads that an update completed, and those that it stopped.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Finished {
    pub count: u64,
    /// The name of one of them.
    pub name: String,
    pub stopped: u64,
    /// One of those that stopped.
    pub one_stopped: Option<View>,
}

impl Rows {
    /// Applies changes: the new view of an upload, or none for a removed one. Returns what they completed and stopped.
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
            // Not for uploads that are new here: those the page has just restored.
            if let (Some(old), Some(new)) = (&before, &view)
                && needs_user(new.stage)
                && old.stage != new.stage
            {
                finished.stopped += 1;
                finished.one_stopped.get_or_insert_with(|| new.clone());
            }
            if let Some(old) = before {
                self.remove(&old);
            }
            if let Some(new) = view {
                self.insert(new);
            }
        }
        finished
    }

    fn remove(&mut self, old: &View) {
        if let Some(upload) = &old.upload {
            self.uploads.remove(upload);
        }
        if old.stage == Stage::Uploading {
            self.sending.uploads -= 1;
            self.sending.lanes -= u32::from(old.lanes);
        }
        let Some(room_rows) = self.rooms.get_mut(&old.room) else { return };
        room_rows.counts.count(old, |figure, by| *figure -= by, |figure, by| *figure -= by);
        room_rows.sorted.remove(&place(old));
    }

    fn insert(&mut self, new: View) {
        self.uploads.extend(new.upload);
        if new.stage == Stage::Uploading {
            self.sending.uploads += 1;
            self.sending.lanes += u32::from(new.lanes);
        }
        let room_rows = self.rooms.entry(new.room).or_default();
        room_rows.counts.count(&new, |figure, by| *figure += by, |figure, by| *figure += by);
        room_rows.sorted.insert(place(&new), new.stage);
        self.views.insert(new.id, new);
    }

    /// The upload of this id.
    pub fn get(&self, id: LocalId) -> Option<&View> {
        self.views.get(&id)
    }

    /// Uploads that are sending.
    pub fn sending(&self) -> Sending {
        self.sending
    }

    /// Whether the upload is one of this device.
    pub fn has(&self, upload: UploadId) -> bool {
        self.uploads.contains(&upload)
    }

    /// The uploads to a room. Linear in their number: for clicks, not for drawing.
    pub fn of(&self, room: RoomId) -> impl Iterator<Item = &View> {
        self.sorted(room).filter_map(|(id, _)| self.get(id))
    }

    /// Ids and stages of the uploads to a room, in the order of the list.
    pub fn sorted(&self, room: RoomId) -> impl Iterator<Item = (LocalId, Stage)> {
        self.rooms
            .get(&room)
            .into_iter()
            .flat_map(|room_rows| room_rows.sorted.iter().map(|((_, _, id), stage)| (*id, *stage)))
    }

    /// The counts of a room.
    pub fn counts(&self, room: RoomId) -> Counts {
        self.rooms.get(&room).map(|room_rows| room_rows.counts).unwrap_or_default()
    }

    /// Rooms with uploads, in no particular order.
    pub fn rooms(&self) -> impl Iterator<Item = (RoomId, Counts)> {
        self.rooms.iter().map(|(room, room_rows)| (*room, room_rows.counts))
    }
}

impl Counts {
    fn count(&mut self, view: &View, change: fn(&mut usize, usize), change_bytes: fn(&mut u64, u64)) {
        // One list of figures for adding and for subtracting: two would drift apart.
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

    /// Number of rows that a filter shows.
    pub fn shown(&self, filter: order::Filter) -> usize {
        (0..order::RANKS).filter(|rank| filter.shows_rank(*rank as u8)).map(|rank| self.ranks[rank]).sum()
    }
}

fn needs_user(stage: Stage) -> bool {
    matches!(stage, Stage::Failed | Stage::Expired | Stage::NeedsFile)
}

fn place(view: &View) -> (u8, u64, LocalId) {
    (order::rank(view.stage), view.number, view.id)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::example::upload;

    const ROOM: RoomId = RoomId::from_bytes([0; 16]);

    fn view(id: u64, stage: Stage) -> View {
        upload(ROOM, id, stage)
    }

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
        let sending = View { size: 10, bytes: 4, ..view(1, Stage::Uploading) };
        rows.apply([some(sending.clone())]);
        let counts = rows.counts(ROOM);
        assert_eq!((counts.all, counts.open, counts.ranks), (3, 3, [0, 1, 2, 0]));
        assert_eq!((counts.open_bytes, counts.open_size), (4, 10));
        let order = |rows: &Rows| rows.sorted(ROOM).collect::<Vec<_>>();
        let before = order(&rows);
        rows.apply([some(View { bytes: 5, ..sending.clone() })]);
        assert_eq!((order(&rows), rows.counts(ROOM).open_bytes), (before, 5), "progress moves no row");
        rows.apply([some(View { stage: Stage::Completed, ..sending }), (LocalId(0), None)]);
        let counts = rows.counts(ROOM);
        assert_eq!((counts.all, counts.open, counts.open_size, counts.ranks), (2, 1, 0, [0, 0, 1, 1]));
        assert_eq!(rows.sorted(ROOM).map(|(id, _)| id.0).collect::<Vec<_>>(), [2, 1]);
        rows.apply([(LocalId(1), None), (LocalId(2), None)]);
        assert_eq!(rows.counts(ROOM), Counts::default());
    }

    #[test]
    fn a_completed_upload_is_reported_once() {
        let mut rows = of_many(2);
        let done = |id| some(View { name: "a.txt".into(), ..view(id, Stage::Completed) });
        assert_eq!(
            rows.apply([done(0), done(7)]),
            Finished { count: 1, name: "a.txt".into(), ..Finished::default() },
            "7 was never open here"
        );
        assert_eq!(rows.apply([done(0)]), Finished::default());
    }

    #[test]
    fn stopped_uploads_are_reported_and_restored_ones_are_not() {
        let mut rows = of_many(3);
        let finished = rows.apply([
            some(view(0, Stage::Failed)),
            some(view(1, Stage::NeedsFile)),
            some(view(2, Stage::Paused)),
            some(view(9, Stage::NeedsFile)),
        ]);
        assert_eq!((finished.stopped, finished.one_stopped.map(|view| view.id)), (2, Some(LocalId(0))));
        assert_eq!(rows.apply([some(view(0, Stage::Failed))]).stopped, 0);
    }

    #[test]
    fn sending_uploads_are_counted() {
        let mut rows = of_many(3);
        let sending = |id, lanes| some(View { lanes, ..view(id, Stage::Uploading) });
        rows.apply([sending(0, 3), sending(1, 2)]);
        assert_eq!(rows.sending(), Sending { uploads: 2, lanes: 5 });
        rows.apply([sending(0, 1), some(view(1, Stage::Paused))]);
        assert_eq!(rows.sending(), Sending { uploads: 1, lanes: 1 });
        rows.apply([(LocalId(0), None)]);
        assert_eq!(rows.sending(), Sending::default());
    }

    #[test]
    fn uploads_of_this_device_are_known_by_id() {
        let (mut rows, upload) = (of_many(1), UploadId::from_bytes([3; 16]));
        rows.apply([some(View { upload: Some(upload), ..view(0, Stage::Uploading) })]);
        assert!(rows.has(upload));
        rows.apply([(LocalId(0), None)]);
        assert!(!rows.has(upload));
    }
}
