//! The checkpoint on disk: records in order for each upload, some refused, the last ones lost when the page dies.

use std::collections::{BTreeMap, BTreeSet};

use slipway_protocol::machine::digest::PartDigest;
use slipway_protocol::machine::*;
use slipway_protocol::wire::id::PartNumber;

use super::{Event, World};

/// One write, on its way.
#[derive(Debug)]
pub(crate) enum Write {
    Save { id: LocalId, save: u64, record: Box<Record> },
    Forget { id: LocalId },
}

#[derive(Debug, Default)]
pub(crate) struct Disk {
    heads: BTreeMap<LocalId, UploadRecord>,
    parts: BTreeMap<LocalId, BTreeMap<PartNumber, PartDigest>>,
    /// Writes of one upload end in their order.
    busy_until: BTreeMap<LocalId, u64>,
    /// Something of it was refused or stayed without an answer: the machine goes on without.
    pub(crate) broken: BTreeSet<LocalId>,
}

impl Disk {
    fn apply(&mut self, write: &Write) {
        match write {
            Write::Save { id, record, .. } => match record.as_ref() {
                Record::Upload(head) => drop(self.heads.insert(*id, head.clone())),
                Record::Part { part, digest } => {
                    self.parts.entry(*id).or_default().insert(*part, *digest);
                }
            },
            Write::Forget { id } => {
                self.heads.remove(id);
                self.parts.remove(id);
            }
        }
    }

    pub(crate) fn head(&self, id: LocalId) -> Option<&UploadRecord> {
        self.heads.get(&id)
    }

    pub(crate) fn digest(&self, id: LocalId, part: PartNumber) -> Option<PartDigest> {
        let of_head = || self.heads.get(&id)?.digest.filter(|_| part == PartNumber::FIRST);
        self.parts.get(&id).and_then(|parts| parts.get(&part).copied()).or_else(of_head)
    }

    pub(crate) fn checkpoints(&self) -> Vec<Checkpoint> {
        let parts = |id: &LocalId| self.parts.get(id).into_iter().flatten().map(|(part, md5)| (*part, *md5)).collect();
        self.heads.iter().map(|(id, head)| Checkpoint { head: head.clone(), parts: parts(id) }).collect()
    }
}

impl World {
    pub(super) fn write(&mut self, effect: Effect) {
        let write = match effect {
            Effect::Save { id, save, record } => Write::Save { id, save, record },
            Effect::Forget { id } => Write::Forget { id },
            _ => return,
        };
        let (Write::Save { id, .. } | Write::Forget { id }) = &write;
        let id = *id;
        let wait = self.up_to(40);
        let free = self.disk.busy_until.get(&id).copied().unwrap_or(0);
        let ends = (self.now + wait).max(free);
        self.disk.busy_until.insert(id, ends);
        self.later(ends - self.now, Event::Disk(self.page, write));
    }

    pub(super) fn written(&mut self, write: &Write) {
        let Write::Save { id, save, .. } = *write else {
            self.disk.apply(write);
            return;
        };
        if self.chance(self.schedule.faults.disk) {
            self.disk.broken.insert(id);
            if self.up_to(1) == 0 {
                self.give(Input::SaveFailed { id, save });
            }
            return;
        }
        self.disk.apply(write);
        let mut saved = vec![Input::Saved { id, save }];
        while self.schedule.saved_together
            && let Some((id, save)) = self.also_written()
        {
            saved.push(Input::Saved { id, save });
        }
        self.give_all(saved);
    }

    /// The next record, if it reaches the disk in the same write.
    fn also_written(&mut self) -> Option<(LocalId, u64)> {
        let next = self.events.first_entry().filter(|next| next.key().0 <= self.now)?;
        let Event::Disk(page, write) = next.get() else { return None };
        let Write::Save { id, save, .. } = *write else { return None };
        if *page != self.page || self.disk.broken.contains(&id) {
            return None;
        }
        self.disk.apply(write);
        next.remove();
        Some((id, save))
    }

    /// The page dies: what was being written is on disk up to some instant, and gone after it.
    pub(super) fn lose_unsaved(&mut self) {
        let until = self.now + self.up_to(40);
        let pending: Vec<(u64, u64)> = self.events.keys().copied().collect();
        for key in pending {
            if let Some(Event::Disk(page, write)) = self.events.get(&key)
                && *page == self.page
                && key.0 <= until
            {
                self.disk.apply(write);
            }
        }
        self.disk.busy_until.clear();
    }

    /// The checkpoint comes before the output that depends on it.
    pub(super) fn check_saved(&self, effect: &Effect) {
        match effect {
            // Repeating what is known to have been done depends on nothing.
            Effect::Initiate { key, .. } if self.functions.knows_key(key) => {}
            Effect::Initiate { key, uploads, .. } => {
                for entry in uploads.iter().filter(|entry| !self.disk.broken.contains(&entry.id)) {
                    let head = self.disk.head(entry.id);
                    assert!(head.is_some_and(|head| head.initiate_key == *key), "begun before it was written down");
                    for sign in &entry.first_parts {
                        self.check_digest(entry.id, sign.part, sign.digest);
                    }
                }
            }
            Effect::Sign { id, parts, .. } if !self.disk.broken.contains(id) => {
                self.check_server_side(*id);
                parts.iter().for_each(|sign| self.check_digest(*id, sign.part, sign.digest));
            }
            Effect::Adopt { id, upload, .. } if !self.disk.broken.contains(id) => {
                let head = self.disk.head(*id);
                assert!(head.is_some_and(|head| head.adopts == Some(*upload)), "adopted before it was written down");
            }
            Effect::Put { id, .. } if !self.disk.broken.contains(id) => self.check_server_side(*id),
            _ => {}
        }
    }

    fn check_server_side(&self, id: LocalId) {
        let head = self.disk.head(id);
        assert!(head.is_some_and(|head| head.server.is_some()), "{id:?} sends before the upload is written down");
    }

    fn check_digest(&self, id: LocalId, part: PartNumber, digest: PartDigest) {
        assert_eq!(self.disk.digest(id, part), Some(digest), "part {part} is promised before it is written down");
    }
}
