//! A page in miniature: it hands facts to the engine and keeps the effects that come out.

use slipway_protocol::machine::*;
use slipway_protocol::wire::digest::{Digest, Md5};
use slipway_protocol::wire::error::ErrorCode;
use slipway_protocol::wire::id::{FileId, PartNumber, RoomId, UploadId};
use slipway_protocol::wire::plan::Plan;
use slipway_protocol::wire::{SignedRequest, StartedUpload, StoredPart, UploadState, UploadStatus};

pub(crate) const MIB: u64 = 1 << 20;
pub(crate) const ROOM: RoomId = RoomId::from_bytes([7; 16]);
pub(crate) const A: LocalId = LocalId(1);
pub(crate) const B: LocalId = LocalId(2);

pub(crate) struct Page {
    pub(crate) engine: Engine,
    pub(crate) now: u64,
    /// Effects not yet answered by the test, oldest first. Saves are answered at once unless `keep_saves`.
    pub(crate) effects: Vec<Effect>,
    pub(crate) records: Vec<(LocalId, Record)>,
    pub(crate) forgotten: Vec<LocalId>,
    pub(crate) wake_at: Option<u64>,
    pub(crate) keep_saves: bool,
    /// The client's wall clock.
    pub(crate) wall: u64,
    /// What was prepared to be sent, and not let go of.
    pub(crate) held: Vec<(PartNumber, Attempt)>,
    /// Every part that was hashed, in order.
    pub(crate) read_parts: Vec<u16>,
}

pub(crate) fn part(number: u16) -> PartNumber {
    PartNumber::new(number).unwrap()
}

pub(crate) fn digest(number: u16) -> Md5 {
    Md5::of(&number.to_be_bytes())
}

pub(crate) fn source(size: u64) -> Source {
    Source {
        name: "film.mov".into(),
        path: String::new(),
        media_type: "video/quicktime".into(),
        size,
        last_modified: Some(1_700_000_000_000),
        reopens: true,
        notices_changes: true,
    }
}

pub(crate) fn upload_id(id: LocalId) -> UploadId {
    UploadId::from_bytes([id.0 as u8; 16])
}

pub(crate) fn file_id(id: LocalId) -> FileId {
    FileId::from_bytes([id.0 as u8; 16])
}

pub(crate) fn signed(part: PartNumber, seconds: u64) -> SignedRequest {
    SignedRequest {
        part_number: part,
        method: "PUT".into(),
        url: format!("https://storage/{part}"),
        headers: [("content-md5".to_owned(), digest(part.get()).base64())].into(),
        expires_in_seconds: seconds,
    }
}

pub(crate) fn api(code: ErrorCode) -> CallFault {
    CallFault::Api { status: code.status(), code, retry_after: None, parts: vec![] }
}

pub(crate) fn http(status: u16, code: &str) -> PutFault {
    PutFault::Http { status, code: Some(code.into()) }
}

impl Page {
    pub(crate) fn new() -> Self {
        Self::with(Config::default())
    }

    pub(crate) fn with(config: Config) -> Self {
        Self {
            engine: Engine::new(config, 1),
            now: 1000,
            effects: vec![],
            records: vec![],
            forgotten: vec![],
            wake_at: None,
            keep_saves: false,
            wall: 0,
            held: vec![],
            read_parts: vec![],
        }
    }

    /// One file of this size, added.
    pub(crate) fn adding(size: u64) -> Self {
        let mut page = Self::new();
        page.add(A, size);
        page
    }

    /// One large file, begun, with its first part in flight.
    pub(crate) fn sending(size: u64) -> Self {
        let mut page = Self::adding(size);
        page.prepare_all();
        page.initiate();
        page.sign_all();
        page
    }

    pub(crate) fn add(&mut self, id: LocalId, size: u64) {
        self.give(Input::Add { room: ROOM, files: vec![(id, source(size))] });
    }

    pub(crate) fn give(&mut self, input: Input) {
        self.engine.handle(Now { mono: self.now, wall: self.wall }, input);
        self.drain();
    }

    fn drain(&mut self) {
        while let Some(effect) = self.engine.poll() {
            match effect {
                Effect::WakeAt { mono } => self.wake_at = Some(mono),
                Effect::Forget { id } => self.forgotten.push(id),
                Effect::Save { id, save, record } => {
                    self.records.push((id, (*record).clone()));
                    if self.keep_saves {
                        self.effects.push(Effect::Save { id, save, record });
                    } else {
                        self.engine.handle(Now { mono: self.now, wall: self.wall }, Input::Saved { id, save });
                    }
                }
                // What is dropped owes no answer.
                Effect::DropPut { attempt: gone, .. } => {
                    self.effects.retain(|old| !matches!(old, Effect::Put { attempt, .. } if *attempt == gone));
                    self.effects.push(effect);
                }
                Effect::DropPrepare { attempt: gone, .. } => {
                    self.held.retain(|(_, attempt)| *attempt != gone);
                    self.effects.retain(|old| !matches!(old, Effect::Prepare { attempt, .. } if *attempt == gone));
                }
                effect => {
                    if let Effect::Prepare { part, attempt, purpose: Purpose::Send, .. } = effect {
                        self.held.push((part, attempt));
                    }
                    self.effects.push(effect);
                }
            }
        }
    }

    /// Time passes, with every wake-up that was asked for.
    pub(crate) fn pass(&mut self, millis: u64) {
        let end = self.now + millis;
        while let Some(at) = self.wake_at.filter(|at| *at <= end) {
            self.now = self.now.max(at);
            self.wake_at = None;
            self.give(Input::Tick);
        }
        self.now = end;
        self.give(Input::Tick);
    }

    /// Takes the first effect that fits.
    pub(crate) fn take<T>(&mut self, fits: impl Fn(&Effect) -> Option<T>) -> Option<T> {
        let index = self.effects.iter().position(|effect| fits(effect).is_some())?;
        fits(&self.effects.remove(index))
    }

    pub(crate) fn puts(&self) -> Vec<(u16, Attempt)> {
        let put = |effect: &Effect| match effect {
            Effect::Put { part, attempt, .. } => Some((part.get(), *attempt)),
            _ => None,
        };
        self.effects.iter().filter_map(put).collect()
    }

    pub(crate) fn count(&self, fits: impl Fn(&Effect) -> bool) -> usize {
        self.effects.iter().filter(|effect| fits(effect)).count()
    }

    pub(crate) fn prepares(&self) -> Vec<u16> {
        let read = |effect: &Effect| match effect {
            Effect::Prepare { part, .. } => Some(part.get()),
            _ => None,
        };
        self.effects.iter().filter_map(read).collect()
    }

    pub(crate) fn view(&self, id: LocalId) -> View {
        self.engine.view(id).unwrap()
    }

    pub(crate) fn stage(&self, id: LocalId) -> (Stage, Option<Reason>) {
        let view = self.view(id);
        (view.stage, view.reason)
    }

    /// The page is closed and opened again: only what was saved is left.
    pub(crate) fn reload(self) -> Self {
        let checkpoints = self.checkpoints();
        self.open_with(checkpoints)
    }

    /// The same, and the records come in the order of their keys, as a browser's database gives them.
    pub(crate) fn reload_by_id(self) -> Self {
        let mut checkpoints = self.checkpoints();
        checkpoints.sort_by_key(|checkpoint| checkpoint.head.id);
        self.open_with(checkpoints)
    }

    fn checkpoints(&self) -> Vec<Checkpoint> {
        let mut checkpoints: Vec<Checkpoint> = vec![];
        for (id, record) in self.records.iter().filter(|(id, _)| !self.forgotten.contains(id)) {
            let found = checkpoints.iter_mut().find(|checkpoint| checkpoint.head.id == *id);
            match (record, found) {
                (Record::Upload(head), Some(checkpoint)) => checkpoint.head = head.clone(),
                (Record::Upload(head), None) => checkpoints.push(Checkpoint { head: head.clone(), parts: vec![] }),
                (Record::Part { part, digest }, Some(checkpoint)) => checkpoint.parts.push((*part, *digest)),
                (Record::Part { .. }, None) => panic!("a part without a head"),
            }
        }
        checkpoints
    }

    fn open_with(self, checkpoints: Vec<Checkpoint>) -> Self {
        let mut page = Self::new();
        page.now = self.now;
        page.wall = self.wall;
        page.records = self.records;
        page.give(Input::Restore { uploads: checkpoints });
        page
    }

    pub(crate) fn reopen(&mut self, id: LocalId, size: u64) {
        self.take(|effect| matches!(effect, Effect::Reopen { .. }).then_some(()));
        self.give(Input::Reopened { id, source: source(size) });
    }
}

pub(crate) fn saving(effect: &Effect) -> Option<(LocalId, u64)> {
    match effect {
        Effect::Save { id, save, .. } => Some((*id, *save)),
        _ => None,
    }
}

pub(crate) fn started(entry: &ToInitiate) -> StartedUpload {
    StartedUpload {
        upload_id: upload_id(entry.id),
        file_id: file_id(entry.id),
        plan: Plan::new(entry.source.size, entry.rate_hint).unwrap(),
        expires_in_seconds: 1_000_000,
        requests: entry.first_parts.iter().map(|sign| signed(sign.part, 900)).collect(),
    }
}

pub(crate) fn standing(id: LocalId, state: UploadState, plan: Plan, stored: &[u16]) -> UploadStatus {
    let stored_part = |number: &u16| StoredPart {
        part_number: part(*number),
        size: plan.range(part(*number)).unwrap().len,
        digest: Digest(digest(*number)),
    };
    UploadStatus {
        upload_id: upload_id(id),
        file_id: file_id(id),
        room_id: ROOM,
        state,
        reason: None,
        meta: serde_json::from_str(r#"{"v":1,"name":"film.mov"}"#).unwrap(),
        plan,
        expires_in_seconds: 1_000_000,
        parts: stored.iter().map(stored_part).collect(),
        next_after: None,
        file: None,
    }
}
