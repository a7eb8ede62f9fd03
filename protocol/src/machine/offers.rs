//! Picked files that an unfinished upload fits, on this device or in the room. The user is asked whether to continue
//! it, and nothing of such a file is read or sent before the answer.

use crate::prelude::*;
use alloc::collections::{BTreeMap, BTreeSet};

use super::engine::Engine;
use super::place::Place;
use super::upload::Upload;
use super::{Effect, LocalId, OfferAnswer, Source, Stage, View, Which};
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
enum Target {
    /// An upload of this device that waits for its file.
    Row(LocalId),
    /// An upload of the room that was begun elsewhere.
    InRoom(UploadId),
}

#[derive(Debug)]
struct Held {
    offer: Offer,
    source: Source,
    target: Target,
}

/// The room, and name and size of the file.
type Key = (RoomId, String, u64);

/// An open upload of a room.
#[derive(Debug)]
struct Candidate {
    upload: UploadId,
    path: String,
    bytes: u64,
    who: Option<String>,
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
        for info in uploads.into_iter().filter(|info| info.state == UploadState::Uploading) {
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
            if rows.is_empty() {
                self.rows.remove(&key_of(view));
            }
        }
    }

    fn has(&self, id: LocalId) -> bool {
        self.ids.contains(&id)
    }

    fn hold(&mut self, offer: Offer, source: Source, target: Target) {
        self.ids.insert(offer.id);
        self.taken.insert(target);
        self.held.push(Held { offer, source, target });
        self.has_changed = true;
    }

    fn take(&mut self, which: Which) -> Vec<Held> {
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

fn key(room: RoomId, name: String, size: u64) -> Key {
    (room, name, size)
}

fn key_of(view: &View) -> Key {
    key(view.room, view.name.clone(), view.size)
}

/// A file picked alone has no folders, and may be any of that name and size.
fn fits(source: &Source, path: &str) -> bool {
    source.path == path || source.path.is_empty()
}

impl Engine {
    /// What the user is asked about now, in the order of picking.
    pub fn offers(&self) -> Vec<Offer> {
        self.offers.held.iter().map(|held| held.offer.clone()).collect()
    }

    /// Whether the offers changed since the last call.
    pub fn take_offers_changed(&mut self) -> bool {
        core::mem::take(&mut self.offers.has_changed)
    }

    /// Holds back the files that an unfinished upload fits, each upload for one file; the others begin.
    pub(super) fn add(&mut self, room: RoomId, files: Vec<(LocalId, Source)>) {
        let mut here = None;
        for (id, source) in files {
            if self.uploads.contains_key(&id) || self.offers.has(id) {
                continue;
            }
            match self.find_target(id, room, &source, &mut here) {
                Some((offer, target)) => self.offers.hold(offer, source, target),
                None => self.begin_new(id, room, source),
            }
        }
    }

    fn find_target(
        &self,
        id: LocalId,
        room: RoomId,
        source: &Source,
        here: &mut Option<BTreeSet<UploadId>>,
    ) -> Option<(Offer, Target)> {
        let offer = |bytes, who| Offer { id, room, name: source.name.clone(), size: source.size, bytes, who };
        let key = key(room, source.name.clone(), source.size);
        let rows = self.offers.rows.get(&key).into_iter().flatten();
        let rows = rows.filter_map(|(_, row)| self.uploads.get(row)?.view());
        let mut rows = rows.filter(|view| fits(source, &view.path) && self.is_free(Target::Row(view.id)));
        if let Some(view) = rows.next() {
            return Some((offer(view.bytes, None), Target::Row(view.id)));
        }
        let candidates = self.offers.in_rooms.get(&key)?;
        // What this device works on itself is in the room's list as well.
        let works_on = |upload: &Upload| upload.upload_id().filter(|_| !upload.is_lost());
        let here = here.get_or_insert_with(|| self.uploads.values().filter_map(works_on).collect());
        let is_fit = |candidate: &&Candidate| {
            fits(source, &candidate.path)
                && !here.contains(&candidate.upload)
                && self.is_free(Target::InRoom(candidate.upload))
        };
        let found = candidates.iter().find(is_fit)?;
        Some((offer(found.bytes, found.who.clone()), Target::InRoom(found.upload)))
    }

    fn is_free(&self, target: Target) -> bool {
        !self.offers.taken.contains(&target)
    }

    pub(super) fn answer_offer(&mut self, which: Which, answer: OfferAnswer) {
        // Made once, since thousands of offers may be answered together; each upload is offered to one file only.
        let rows = if answer == OfferAnswer::Continue { self.live_rows() } else { BTreeMap::new() };
        for Held { offer, source, target } in self.offers.take(which) {
            match (answer, target) {
                (OfferAnswer::Drop, _) => self.cx.emit(Effect::Forget { id: offer.id }),
                (OfferAnswer::BeginAgain, _) => self.begin_new(offer.id, offer.room, source),
                (OfferAnswer::Continue, Target::Row(row)) => self.attach(offer.id, offer.room, source, row),
                (OfferAnswer::Continue, Target::InRoom(upload)) => match rows.get(&upload) {
                    Some(row) => self.attach(offer.id, offer.room, source, *row),
                    None => self.list_new(Upload::adopting(offer.id, offer.room, source, upload)),
                },
            }
        }
    }

    /// The picked file is the one that `row` waits for. If the row is over by now, the file is a new upload.
    fn attach(&mut self, id: LocalId, room: RoomId, source: Source, row: LocalId) {
        if self.uploads.get(&row).is_some_and(|upload| !upload.is_over() && !upload.is_cancelled()) {
            self.cx.emit(Effect::Attach { id: row, picked: id });
            self.with(row, |upload, cx| upload.reopened(cx, source));
        } else {
            self.begin_new(id, room, source);
        }
    }

    /// The picked file continues an upload of the room; one that this device works on already only gets its file.
    pub(super) fn adopt(&mut self, id: LocalId, room: RoomId, source: Source, upload: UploadId) {
        if self.uploads.contains_key(&id) || self.offers.has(id) {
            return;
        }
        match self.live_rows().get(&upload) {
            Some(row) => self.attach(id, room, source, *row),
            None => self.list_new(Upload::adopting(id, room, source, upload)),
        }
    }

    /// The rows that work on an upload of a room.
    fn live_rows(&self) -> BTreeMap<UploadId, LocalId> {
        let is_live = |row: &&Upload| !row.is_over() && !row.is_cancelled() && !row.is_lost();
        let pair = |row: &Upload| Some((row.upload_id()?, row.id()));
        self.uploads.values().filter(is_live).filter_map(pair).collect()
    }

    fn begin_new(&mut self, id: LocalId, room: RoomId, source: Source) {
        self.list_new(Upload::new(id, room, source));
    }

    fn list_new(&mut self, mut upload: Upload) {
        upload.set_number(self.next_number());
        upload.save_first(&mut self.cx);
        self.list(upload);
    }
}
