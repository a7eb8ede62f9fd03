//! What is offered to the user, and what could be: unfinished uploads of this device and of its rooms.

use crate::prelude::*;
use alloc::collections::{BTreeMap, BTreeSet};

use super::place::Place;
use super::{LocalId, Source, Stage, View, Which};
use crate::wire::id::{RoomId, UploadId};
use crate::wire::{Meta, UploadInfo, UploadState};

/// A picked file that waits for the user's answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offer {
    /// The picked file. [`Input::AnswerOffer`](super::Input::AnswerOffer) names it by this.
    pub id: LocalId,
    /// The room it goes to.
    pub room: RoomId,
    /// The file's name.
    pub name: String,
    /// Its size in bytes.
    pub size: u64,
    /// Bytes of it that are stored, as last known.
    pub bytes: u64,
    /// Who began the upload; none when this device did, or when the name is sealed.
    pub who: Option<String>,
}

/// What a file may continue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Target {
    /// An upload of this device that waits for its file.
    Row(LocalId),
    /// An upload of the room that was begun elsewhere.
    InRoom(UploadId),
}

#[derive(Debug)]
pub(super) struct Held {
    pub(super) offer: Offer,
    pub(super) source: Source,
    pub(super) target: Target,
}

/// The room, and name and size of the file.
pub(super) type Key = (RoomId, String, u64);

/// An open upload of a room.
#[derive(Debug)]
pub(super) struct Candidate {
    pub(super) upload: UploadId,
    pub(super) path: String,
    pub(super) bytes: u64,
    pub(super) who: Option<String>,
}

/// What is offered, and what could be. Lookups are by name and size, so that a pick costs the same beside any number of
/// unfinished uploads.
#[derive(Debug, Default)]
pub(super) struct Offers {
    /// In the order of picking.
    held: Vec<Held>,
    ids: BTreeSet<LocalId>,
    taken: BTreeSet<Target>,
    /// Uploads of this device that wait for their file.
    rows: BTreeMap<Key, BTreeSet<Place>>,
    waiting: BTreeSet<LocalId>,
    in_rooms: BTreeMap<Key, Vec<Candidate>>,
    has_changed: bool,
}

impl Offers {
    /// The room's open uploads are these, and no others.
    pub(super) fn list_open(&mut self, room: RoomId, uploads: Vec<UploadInfo>) {
        self.in_rooms.retain(|(of, ..), _| *of != room);
        // A pending one has nothing in storage to prove, and one that is being completed takes no more parts.
        for info in uploads.into_iter().filter(|info| info.state == UploadState::Uploading) {
            // A sealed name can't be compared with that of a picked file.
            let Meta::Plain(meta) = info.meta else { continue };
            let candidate = Candidate {
                upload: info.upload_id,
                path: meta.path,
                bytes: info.bytes_uploaded,
                who: info.display_name.plain().map(str::to_owned),
            };
            self.in_rooms.entry(key(room, meta.name, info.size)).or_default().push(candidate);
        }
    }

    /// Keeps the index of uploads that wait for their file.
    pub(super) fn note_row(&mut self, view: &View) {
        let waits = view.stage == Stage::NeedsFile && view.upload.is_some();
        // Called for every changed view, and most changes leave this as it is.
        if waits == self.waiting.contains(&view.id) {
            return;
        }
        if !waits {
            return self.drop_row(view);
        }
        self.waiting.insert(view.id);
        self.rows.entry(key_of(view)).or_default().insert((view.number, view.id));
    }

    /// The upload is not listed any more.
    pub(super) fn drop_row(&mut self, view: &View) {
        if self.waiting.remove(&view.id)
            && let Some(rows) = self.rows.get_mut(&key_of(view))
        {
            rows.remove(&(view.number, view.id));
            // Empty sets would pile up, one for each name and size that ever waited.
            if rows.is_empty() {
                self.rows.remove(&key_of(view));
            }
        }
    }

    /// What the user is asked about now, in the order of picking.
    pub(super) fn shown(&self) -> Vec<Offer> {
        self.held.iter().map(|held| held.offer.clone()).collect()
    }

    /// Whether the offers changed since the last call.
    pub(super) fn take_changed(&mut self) -> bool {
        core::mem::take(&mut self.has_changed)
    }

    /// Uploads of this device that wait for such a file.
    pub(super) fn rows_for(&self, key: &Key) -> impl Iterator<Item = LocalId> + '_ {
        self.rows.get(key).into_iter().flatten().map(|(_, row)| *row)
    }

    /// Open uploads of the room for such a file.
    pub(super) fn candidates_for(&self, key: &Key) -> &[Candidate] {
        self.in_rooms.get(key).map_or(&[], Vec::as_slice)
    }

    /// Whether it is not offered to another file.
    pub(super) fn is_free(&self, target: Target) -> bool {
        !self.taken.contains(&target)
    }

    pub(super) fn has(&self, id: LocalId) -> bool {
        self.ids.contains(&id)
    }

    pub(super) fn hold(&mut self, offer: Offer, source: Source, target: Target) {
        self.ids.insert(offer.id);
        self.taken.insert(target);
        self.held.push(Held { offer, source, target });
        self.has_changed = true;
    }

    pub(super) fn take(&mut self, which: Which) -> Vec<Held> {
        let is_meant = |held: &mut Held| which == Which::All || which == Which::One(held.offer.id);
        let taken: Vec<Held> = self.held.extract_if(.., is_meant).collect();
        for held in &taken {
            self.ids.remove(&held.offer.id);
            self.taken.remove(&held.target);
        }
        self.has_changed |= !taken.is_empty();
        taken
    }
}

pub(super) fn key(room: RoomId, name: String, size: u64) -> Key {
    (room, name, size)
}

fn key_of(view: &View) -> Key {
    key(view.room, view.name.clone(), view.size)
}
