//! Uploads that another device began and did not finish, and what follows when their files are picked here.

use slipway_protocol::machine::*;
use slipway_protocol::wire::digest::Md5;
use slipway_protocol::wire::id::{FileId, MemberId, UploadId};
use slipway_protocol::wire::plan::{PartRange, Plan};
use slipway_protocol::wire::{FileMeta, Meta, UploadInfo, UploadState};

use super::functions::{Known, Owner};
use super::{Event, ROOM, World};

/// What the device of this page does not know before it is listed.
#[derive(Clone, Debug)]
pub(crate) struct Elsewhere {
    /// For each file: the upload that another device began of it, if it did.
    pub(crate) begun: Vec<Option<Begun>>,
    /// Milliseconds after the start, and what happens then.
    pub(crate) acts: Vec<(u64, ElsewhereAct)>,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Begun {
    /// From this offset on its bytes are other ones.
    pub(crate) differs_from: Option<u64>,
    /// Chance of each part to be stored, in a thousand.
    pub(crate) stored: u64,
    /// This member began it, in another browser.
    pub(crate) is_ours: bool,
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum ElsewhereAct {
    /// The user answers all offers.
    Answer(OfferAnswer),
    /// The user picks a file in the ordinary way, whatever is there of it.
    PickAsNew(usize),
    /// Another member adopts what is open of a file; a proof of this page that is on its way comes too late.
    Overtake(usize),
    /// Another tab of this member adopts it, stores some of its parts, and completes it if all are there.
    OtherTab(usize),
}

impl Elsewhere {
    /// Drawn from the seed alone, so that every other draw of a schedule stays as it was.
    pub(crate) fn draw(seed: u64, files: usize) -> Self {
        let mut rng = slipway_protocol::machine::rng::Rng::new(seed ^ 0x00e1_5e00);
        let begun = (0..files).map(|_| {
            let is_begun = rng.up_to(2) > 0;
            let differs_from = (rng.up_to(3) == 0).then(|| rng.up_to(200 << 20));
            let begun = Begun { differs_from, stored: 300 + rng.up_to(700), is_ours: rng.up_to(3) == 0 };
            is_begun.then_some(begun)
        });
        let begun = begun.collect();
        let acts = (0..2 + rng.up_to(6)).map(|_| {
            let (at, file) = (rng.up_to(60_000), rng.up_to(3) as usize);
            let act = match rng.up_to(9) {
                0..=3 => ElsewhereAct::Answer(OfferAnswer::Continue),
                4 => ElsewhereAct::Answer(OfferAnswer::BeginAgain),
                5 => ElsewhereAct::Answer(OfferAnswer::Drop),
                6 | 7 => ElsewhereAct::PickAsNew(file),
                8 => ElsewhereAct::Overtake(file),
                _ => ElsewhereAct::OtherTab(file),
            };
            (at, act)
        });
        Self { begun, acts: acts.collect() }
    }
}

impl World {
    pub(super) fn begin_elsewhere(&mut self) {
        let Some(elsewhere) = self.schedule.elsewhere.clone() else { return };
        for (index, begun) in elsewhere.begun.iter().enumerate() {
            if let Some(begun) = begun {
                self.begin_one_elsewhere(index, *begun);
            }
        }
        for (at, act) in elsewhere.acts {
            self.later(at, Event::Elsewhere(act));
        }
        self.list_open();
    }

    fn begin_one_elsewhere(&mut self, index: usize, begun: Begun) {
        let (id, size) = (self.files[index].id, self.files[index].size);
        let plan = Plan::new(size, None).unwrap();
        let upload = UploadId::from_bytes([0xee, index as u8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
        let digest = |world: &Self, range: PartRange| match begun.differs_from {
            Some(from) if range.end() > from % size.max(1) => {
                Md5::of(format!("other {index} {}", range.start).as_bytes())
            }
            _ => world.files[index].digest(0, range),
        };
        let mut known = Known::of_plan(id, upload, FileId::from_bytes(*upload.as_bytes()), plan);
        known.owner = if begun.is_ours { Owner::Us } else { Owner::Other };
        known.is_begun_here = false;
        known.differs = begun.differs_from.is_some();
        let mut stored = vec![];
        for part in plan.parts() {
            let range = plan.range(part).unwrap();
            let right = digest(self, range);
            known.promised.insert(part, right.into());
            if self.up_to(999) < begun.stored {
                stored.push((part, (right, range.len)));
            }
        }
        self.functions.uploads.insert(upload, known);
        self.bucket.begin(upload, plan.is_single());
        self.bucket.uploads.get_mut(&upload).unwrap().parts.extend(stored);
    }

    /// The page lists the room.
    pub(super) fn list_open(&mut self) {
        if self.schedule.elsewhere.is_none() {
            return;
        }
        let open = self.functions.uploads.values().filter(|known| known.state == UploadState::Uploading);
        let uploads = open.map(|known| self.info(known)).collect();
        self.give(Input::OpenUploads { room: ROOM, uploads });
    }

    fn info(&self, known: &Known) -> UploadInfo {
        let source = self.file(known.id).source();
        let meta = FileMeta {
            v: 1,
            name: source.name,
            path: source.path,
            media_type: source.media_type,
            last_modified: source.last_modified,
        };
        UploadInfo {
            upload_id: known.upload,
            file_id: known.file,
            meta: Meta::Plain(meta),
            size: known.plan.size,
            state: known.state,
            member_id: MemberId::from_bytes([2; 16]),
            display_name: "Ben".into(),
            mine: known.owner == Owner::Us,
            bytes_uploaded: 7,
            started_at: 0,
        }
    }

    pub(super) fn elsewhere_act(&mut self, act: ElsewhereAct) {
        match act {
            ElsewhereAct::Answer(answer) => self.give(Input::AnswerOffer { which: Which::All, answer }),
            ElsewhereAct::PickAsNew(index) => self.pick_as_new(index % self.files.len()),
            ElsewhereAct::Overtake(index) => self.overtake(index % self.files.len()),
            ElsewhereAct::OtherTab(index) => self.other_tab_adopts(index % self.files.len()),
        }
    }

    fn pick_as_new(&mut self, index: usize) {
        if self.files[index].gone {
            return;
        }
        self.list_open();
        self.picked += 1;
        let id = LocalId(index as u64 + 1 + 1000 * self.picked);
        self.opened.insert(id, self.files[index].version());
        let source = self.files[index].source();
        self.give(Input::Add { room: ROOM, files: vec![(id, source)] });
    }

    fn overtake(&mut self, index: usize) {
        for known in self.functions.uploads.values_mut().filter(|known| is_open_of(known, index)) {
            known.owner = Owner::Other;
            known.is_overtaken = true;
            self.overtaken.insert(index);
        }
    }

    fn other_tab_adopts(&mut self, index: usize) {
        let open = self.functions.uploads.values().filter(|known| is_open_of(known, index) && !known.is_begun_here);
        for upload in open.map(|known| known.upload).collect::<Vec<_>>() {
            if self.store_in_other_tab(index, upload) {
                let _outcome = self.functions.complete(&mut self.bucket, self.now, upload, 0);
            }
        }
    }

    /// Whether everything that storage holds of it by now is of the file: the other tab compares as this one does.
    fn store_in_other_tab(&mut self, index: usize, upload: UploadId) -> bool {
        let file = self.files[index].clone();
        let Some(known) = self.functions.uploads.get_mut(&upload) else { return false };
        known.owner = Owner::Us;
        // That tab's from now on: a row here that was cancelled has not left it behind.
        known.adopted_by = None;
        let held = self.bucket.uploads.get_mut(&upload).unwrap();
        for part in known.plan.parts() {
            let range = known.plan.range(part).unwrap();
            let right = file.digest(file.version(), range);
            if held.parts.get(&part).is_some_and(|(stored, _)| *stored != right) {
                return false;
            }
            if *known.promised.entry(part).or_insert(right.into()) == right.into() && self.rng.up_to(3) > 0 {
                held.parts.insert(part, (right, range.len));
            }
        }
        true
    }

    /// The user is told why a file does not continue an upload.
    pub(super) fn not_adopted(&self, id: LocalId, why: NotAdopted) {
        let is_true = match why {
            NotAdopted::NotTheFile => {
                self.file(id).version() > 0 || self.functions.of_file(id).any(|known| known.differs)
            }
            NotAdopted::Ended => self.functions.of_file(id).next().is_some(),
        };
        assert!(is_true, "{id:?}: {why:?} is reported without a cause");
    }
}

fn is_open_of(known: &Known, index: usize) -> bool {
    (known.id.0 as usize - 1) % 1000 == index && known.state == UploadState::Uploading
}
