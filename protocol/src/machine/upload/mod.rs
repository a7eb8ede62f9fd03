//! One upload: from the file as picked to the file in the room. A module for each step, in their order.

mod adopt;
mod begin;
mod cancel;
mod check;
mod finish;
mod prepare;
mod progress;
mod proof;
mod restore;
mod saving;
mod send;
mod show;
mod sign;
mod stop;

use std::collections::{BTreeMap, VecDeque};

use super::bits::PartSet;
use super::context::{Call, Context};
use super::engine::Place;
use super::parts::{PartState, Parts};
use super::saves::Saves;
use super::{Attempt, BeginRecord, Effect, LocalId, Reason, ServerSide, Source, View};
use crate::machine::network::backoff::Backoff;
use crate::machine::network::rate::Rate;
use crate::wire::SignedRequest;
use crate::wire::id::{PartNumber, RoomId};
use crate::wire::plan::{PartOrder, Transport};

use adopt::Adoption;
pub(super) use check::Check;

/// How far the upload has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// The functions don't know it yet.
    Fresh,
    /// It is to continue an upload of the room that is not this device's yet.
    Adopting,
    /// It is part of this batch of an initiate.
    Begun(u32),
    /// Parts go to storage.
    Sending,
    /// All parts are stored; complete is owed or asked for.
    Completing,
    /// It ended.
    Over(Over),
}

/// How it ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Over {
    Completed,
    /// By another page or session.
    CompletedElsewhere,
    /// By somebody else.
    AbortedElsewhere,
    Expired,
    /// By the user, and nothing is left in storage.
    Cancelled,
}

/// Whether the shell holds the file open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FileState {
    Open,
    /// The user has to do something first.
    Closed(Reason),
}

/// A part that is being read.
#[derive(Clone, Copy, Debug)]
struct Reading {
    attempt: Attempt,
    bytes: u64,
    read_for: ReadFor,
}

/// What a part is read for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ReadFor {
    /// It is going to be sent.
    Sending,
    /// It is stored, and compared with the file.
    Comparing,
    /// Its digest proves to the functions that the file is here.
    Adopting,
}

/// What is known of a part between its hashing and its arrival in storage.
#[derive(Clone, Debug, Default)]
struct Live {
    /// The record with its digest, if this device has one.
    save: Option<u64>,
    /// The shell holds what was prepared by this attempt.
    prepared: Option<Attempt>,
    host: u8,
    request: Option<SignedRequest>,
    /// In milliseconds on the machine's clock.
    expires_at: u64,
    put: Option<Call>,
    sent: u64,
    /// The highest offset of all its PUTs.
    highest: u64,
    backoff: Backoff,
    resigns: u8,
    stalls: u32,
}

impl Live {
    /// Half of the time that its URL was signed for, in milliseconds.
    fn half_life_ms(&self) -> u64 {
        self.request.as_ref().map_or(0, |request| request.expires_in_seconds.saturating_mul(500))
    }
}

/// A presign under way.
#[derive(Clone, Debug)]
struct SignCall {
    call: Call,
    parts: Vec<PartNumber>,
}

#[derive(Debug)]
pub(super) struct Upload {
    pub(super) id: LocalId,
    /// In the order of adding.
    pub(super) number: u64,
    pub(super) room: RoomId,
    pub(super) source: Source,
    pub(super) phase: Phase,
    pub(super) parts: Option<Parts>,
    pub(super) server: Option<ServerSide>,
    adoption: Option<Adoption>,
    key: String,
    begin: Option<BeginRecord>,
    file: FileState,
    paused: bool,
    /// The pause cut PUTs off, and they may have arrived all the same: where it stands is asked for when it goes on.
    cut_off: bool,
    cancelled: bool,
    stopped: Option<Reason>,
    elsewhere: bool,
    /// Has a place among those worked on.
    pub(super) active: bool,
    /// Waits in a queue for such a place.
    pub(super) queued: bool,
    /// Taken off the list, but something is still owed.
    hidden: bool,
    saves: Saves,
    /// The head record that its batch, or its abort, waits for.
    head_save: u64,
    /// PUTs wait until everything of the batch is saved.
    held: bool,
    live: BTreeMap<PartNumber, Live>,
    reading: BTreeMap<PartNumber, Reading>,
    hashed: VecDeque<PartNumber>,
    ready: VecDeque<PartNumber>,
    signing: Vec<SignCall>,
    /// Stored parts that are not yet proved to be the file's.
    unproved: PartSet,
    /// Parts whose digest was made by a reading that proves.
    hashed_now: PartSet,
    /// Readings and PUTs of later attempts than this one prove their part.
    proves_after: Attempt,
    prepared: u16,
    read_fails: u8,
    /// The last effect when the last failure of reading counted.
    read_failed: Attempt,
    unread_since: Option<u64>,
    check: Option<Check>,
    /// The functions refused it as if it were not there.
    doubted: bool,
    abort: Option<Option<Call>>,
    calls: Backoff,
    failing_since: Option<u64>,
    incomplete_rounds: u8,
    poll_ms: u64,
    /// Where it stands was asked for since the file was last opened.
    checked: bool,
    /// The batch of the complete it is part of.
    completing: Option<u32>,
    sent_bytes: u64,
    shown_bytes: u64,
    ever_sent: bool,
    rate: Rate,
    /// The last PUT began so late; the one that waited longest goes first.
    pub(super) served: u64,
    pub(super) view: Option<View>,
    viewed_at: u64,
}

impl Upload {
    /// A file as picked.
    pub(super) fn new(id: LocalId, room: RoomId, source: Source) -> Self {
        Self {
            id,
            number: 0,
            room,
            source,
            phase: Phase::Fresh,
            parts: None,
            server: None,
            adoption: None,
            key: String::new(),
            begin: None,
            file: FileState::Open,
            paused: false,
            cut_off: false,
            cancelled: false,
            stopped: None,
            elsewhere: false,
            active: false,
            queued: false,
            hidden: false,
            saves: Saves::default(),
            head_save: 0,
            held: false,
            live: BTreeMap::new(),
            reading: BTreeMap::new(),
            hashed: VecDeque::new(),
            ready: VecDeque::new(),
            signing: Vec::new(),
            unproved: PartSet::empty(0),
            hashed_now: PartSet::empty(0),
            proves_after: Attempt::default(),
            prepared: 0,
            read_fails: 0,
            read_failed: Attempt::default(),
            unread_since: None,
            check: None,
            doubted: false,
            abort: None,
            calls: Backoff::default(),
            failing_since: None,
            incomplete_rounds: 0,
            poll_ms: 0,
            checked: false,
            completing: None,
            sent_bytes: 0,
            shown_bytes: 0,
            ever_sent: false,
            rate: Rate::default(),
            served: 0,
            view: None,
            viewed_at: 0,
        }
    }

    /// Whether it goes up in one PUT. Before there is a plan, as far as its size tells.
    pub(super) fn is_small(&self) -> bool {
        let by_size = self.source.size <= crate::wire::plan::SINGLE_PUT_BYTES;
        self.parts.as_ref().map_or(by_size, |parts| parts.plan().is_single())
    }

    /// Whether nothing stands in the way of working on it, but a free place.
    pub(super) fn may_work(&self) -> bool {
        !self.paused && !self.cancelled && !self.elsewhere && self.stopped.is_none() && self.file == FileState::Open
    }

    /// Whether it wants a place among those worked on.
    pub(super) fn wants_place(&self) -> bool {
        self.may_work() && matches!(self.phase, Phase::Fresh | Phase::Adopting | Phase::Begun(_) | Phase::Sending)
    }

    /// Whether the functions were not told of it.
    pub(super) fn is_fresh(&self) -> bool {
        self.phase == Phase::Fresh
    }

    pub(super) fn is_over(&self) -> bool {
        matches!(self.phase, Phase::Over(_))
    }

    pub(super) fn is_cancelled(&self) -> bool {
        self.cancelled
    }

    pub(super) fn place(&self) -> Place {
        (self.number, self.id)
    }

    pub(super) fn is_hidden(&self) -> bool {
        self.hidden
    }

    pub(super) fn is_elsewhere(&self) -> bool {
        self.elsewhere
    }

    pub(super) fn in_flight(&self) -> u16 {
        self.count(PartState::InFlight)
    }

    pub(super) fn reading(&self) -> usize {
        self.reading.len()
    }

    /// Parts hashed or being hashed, and not on their way.
    pub(super) fn ahead(&self) -> u16 {
        self.parts.as_ref().map_or(0, Parts::ahead)
    }

    /// The same in bytes.
    pub(super) fn ahead_bytes(&self) -> u64 {
        self.parts.as_ref().map_or(0, Parts::ahead_bytes)
    }

    /// Parts being hashed to be sent.
    pub(super) fn hashing(&self) -> u16 {
        self.count(PartState::Preparing)
    }

    /// Parts hashed and not on their way, but for those that wait after a failure.
    pub(super) fn ready_to_send(&self) -> u16 {
        self.ahead() - self.hashing() - self.count(PartState::Waiting)
    }

    fn count(&self, state: PartState) -> u16 {
        self.parts.as_ref().map_or(0, |parts| parts.count_of(state))
    }

    fn is(&self, part: PartNumber, state: PartState) -> bool {
        self.parts.as_ref().is_some_and(|parts| parts.is(part, state))
    }

    fn set(&mut self, part: PartNumber, state: PartState) {
        if let Some(parts) = &mut self.parts {
            parts.set(part, state);
        }
    }

    /// Bytes of a part on the wire.
    fn len_of(&self, part: PartNumber) -> u64 {
        self.parts.as_ref().map_or(0, |parts| parts.wire_len(part))
    }

    /// Bytes of all parts on the wire.
    fn wire_size(&self) -> u64 {
        self.parts.as_ref().map_or(self.source.size, |parts| parts.plan().wire_size())
    }

    fn transport(&self) -> Option<Transport> {
        self.parts.as_ref().map(|parts| parts.plan().transport)
    }

    fn is_ascending(&self) -> bool {
        self.transport().is_some_and(|transport| transport.order == PartOrder::Ascending)
    }

    /// Puts a part with a known digest back in line for a URL; one that is not held any more is prepared again.
    fn line_up(&mut self, part: PartNumber) {
        let Some(live) = self.live.get_mut(&part).filter(|live| live.prepared.is_some()) else {
            return self.set(part, PartState::Planned);
        };
        live.request = None;
        self.set(part, PartState::Hashed);
        self.hashed.push_front(part);
    }

    /// The shell need not hold the part any longer.
    fn let_go(&mut self, cx: &mut Context, part: PartNumber) {
        if let Some(attempt) = self.live.get_mut(&part).and_then(|live| live.prepared.take()) {
            cx.emit(Effect::DropPrepare { id: self.id, part, attempt });
        }
    }

    /// Nothing that was prepared is held any longer. What is not on its way is prepared again when it goes on.
    fn let_go_of_all(&mut self, cx: &mut Context) {
        let held: Vec<PartNumber> =
            self.live.iter().filter(|(_, live)| live.prepared.is_some()).map(|(part, _)| *part).collect();
        for part in held {
            self.let_go(cx, part);
            let is_in_line = [PartState::Hashed, PartState::Signing, PartState::Signed, PartState::Waiting]
                .into_iter()
                .any(|state| self.is(part, state));
            if is_in_line {
                self.set(part, PartState::Planned);
            }
        }
    }
}
