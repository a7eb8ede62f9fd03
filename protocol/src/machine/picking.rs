//! Picked files, and those that an unfinished upload fits, on this device or in the room. The user is asked whether to
//! continue it, and nothing of such a file is read or sent before the answer.

use alloc::collections::{BTreeMap, BTreeSet};

use super::engine::Engine;
use super::offers::{self, Candidate, Held, Offer, Target};
use super::upload::Upload;
use super::{Effect, LocalId, OfferAnswer, Source, Which};
use crate::prelude::*;
use crate::wire::id::{RoomId, UploadId};

/// A file picked alone has no folders, and may be any of that name and size.
fn fits(source: &Source, path: &str) -> bool {
    source.path == path || source.path.is_empty()
}

impl Engine {
    /// What the user is asked about now, in the order of picking.
    pub fn offers(&self) -> Vec<Offer> {
        self.offers.shown()
    }

    /// Whether the offers changed since the last call.
    pub fn take_offers_changed(&mut self) -> bool {
        self.offers.take_changed()
    }

    /// Holds back the files that an unfinished upload fits, each upload for one file; the others begin.
    pub(super) fn add(&mut self, room: RoomId, files: Vec<(LocalId, Source)>) {
        // Collected once for a pick, and not at all where no name and size match.
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
        let is_free = |target| self.offers.is_free(target);
        let key = offers::key(room, source.name.clone(), source.size);
        // This device's rows first: the room lists their uploads as well.
        let rows = self.offers.rows_for(&key).filter_map(|row| self.uploads.get(&row)?.view());
        let mut rows = rows.filter(|view| fits(source, &view.path) && is_free(Target::Row(view.id)));
        if let Some(view) = rows.next() {
            return Some((offer(view.bytes, None), Target::Row(view.id)));
        }
        let candidates = self.offers.candidates_for(&key);
        if candidates.is_empty() {
            return None;
        }
        // What this device works on itself is in the room's list as well.
        // A lost upload is another member's by now, so it may be adopted from there.
        let works_on = |upload: &Upload| upload.upload_id().filter(|_| !upload.is_lost());
        let here = here.get_or_insert_with(|| self.uploads.values().filter_map(works_on).collect());
        let is_fit = |candidate: &&Candidate| {
            fits(source, &candidate.path)
                && !here.contains(&candidate.upload)
                && is_free(Target::InRoom(candidate.upload))
        };
        let found = candidates.iter().find(is_fit)?;
        Some((offer(found.bytes, found.who.clone()), Target::InRoom(found.upload)))
    }

    pub(super) fn answer_offer(&mut self, which: Which, answer: OfferAnswer) {
        let answered = self.offers.take(which);
        let continues = |held: &Held| answer == OfferAnswer::Continue && matches!(held.target, Target::InRoom(_));
        // Found once, since thousands of offers may be answered together; each upload is offered to one file only.
        let rows = if answered.iter().any(continues) { self.live_rows() } else { BTreeMap::new() };
        for Held { offer, source, target } in answered {
            match (answer, target) {
                // The shell has kept file, handle and lock under this id since the pick.
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

    /// The row that works on each upload of a room: the first, where two have the same.
    fn live_rows(&self) -> BTreeMap<UploadId, LocalId> {
        let mut rows = BTreeMap::new();
        for row in self.uploads.values().filter(|row| !row.is_over() && !row.is_cancelled() && !row.is_lost()) {
            if let Some(upload) = row.upload_id() {
                rows.entry(upload).or_insert(row.id());
            }
        }
        rows
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
