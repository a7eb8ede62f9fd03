//! One upload: from the file as picked to the file in the room.
//!
//! It is made of parts that own their fields (what holds it, its records, its readings, its proof, its pipeline, …); the
//! module of each part also has the steps that use it.

mod adoption;
mod completion;
mod hold;
mod initiate;
mod journal;
mod lifecycle;
mod pipeline;
mod proof;
mod reads;
mod removal;
mod restore;
mod sending;
mod shown;
mod signing;
mod status;
mod trouble;
mod turn;

use super::context::Context;
use super::parts::{PartState, Parts};
use super::{Effect, LocalId, ServerSide, Source};
use crate::wire::id::{PartNumber, RoomId};
use crate::wire::plan::{PartOrder, SINGLE_PUT_BYTES, Transport};

/// How far the upload has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
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
enum Over {
    Completed,
    /// By another page or session.
    CompletedElsewhere,
    /// By another member.
    AbortedElsewhere,
    Expired,
    /// By the user, and nothing is left in storage.
    Cancelled,
}

impl Over {
    fn is_completed(self) -> bool {
        matches!(self, Self::Completed | Self::CompletedElsewhere)
    }
}

#[derive(Debug)]
pub(super) struct Upload {
    id: LocalId,
    room: RoomId,
    source: Source,
    phase: Phase,
    turn: turn::Turn,
    hold: hold::Hold,
    /// None before there is a plan.
    parts: Option<Parts>,
    /// None before the functions know it.
    server: Option<ServerSide>,
    initiation: initiate::Initiation,
    adoption: Option<adoption::Adoption>,
    journal: journal::Journal,
    reads: reads::Reads,
    proof: proof::Proof,
    pipeline: pipeline::Pipeline,
    signing: signing::Signing,
    status: status::Status,
    completion: completion::Completion,
    removal: removal::Removal,
    trouble: trouble::Trouble,
    shown: shown::Shown,
}

impl Upload {
    /// A file as picked.
    pub(super) fn new(id: LocalId, room: RoomId, source: Source) -> Self {
        Self {
            id,
            room,
            source,
            phase: Phase::Fresh,
            turn: turn::Turn::new(0),
            hold: hold::Hold::default(),
            parts: None,
            server: None,
            initiation: initiate::Initiation::default(),
            adoption: None,
            journal: journal::Journal::default(),
            reads: reads::Reads::default(),
            proof: proof::Proof::default(),
            pipeline: pipeline::Pipeline::default(),
            signing: signing::Signing::default(),
            status: status::Status::default(),
            completion: completion::Completion::default(),
            removal: removal::Removal::default(),
            trouble: trouble::Trouble::default(),
            shown: shown::Shown::default(),
        }
    }

    pub(super) fn id(&self) -> LocalId {
        self.id
    }

    pub(super) fn room(&self) -> RoomId {
        self.room
    }

    /// Whether the functions have answered its initiate, or handed it over.
    pub(super) fn is_known(&self) -> bool {
        self.server.is_some()
    }

    /// Whether it goes up in one PUT. Judged by its size before there is a plan.
    pub(super) fn is_small(&self) -> bool {
        let by_size = self.source.size <= SINGLE_PUT_BYTES;
        self.parts.as_ref().map_or(by_size, |parts| parts.plan().is_single())
    }

    /// Whether nothing stands in the way of working on it, but a free place.
    pub(super) fn may_work(&self) -> bool {
        self.hold.is_clear()
    }

    /// Whether it wants a place among those worked on.
    pub(super) fn wants_place(&self) -> bool {
        // Completing takes none, since it neither reads nor sends.
        self.may_work() && matches!(self.phase, Phase::Fresh | Phase::Adopting | Phase::Begun(_) | Phase::Sending)
    }

    /// Whether the functions don't know of it.
    pub(super) fn is_fresh(&self) -> bool {
        self.phase == Phase::Fresh
    }

    pub(super) fn is_over(&self) -> bool {
        matches!(self.phase, Phase::Over(_))
    }

    pub(super) fn is_cancelled(&self) -> bool {
        self.hold.is_cancelled()
    }

    pub(super) fn is_hidden(&self) -> bool {
        self.hold.is_hidden()
    }

    pub(super) fn is_elsewhere(&self) -> bool {
        self.hold.is_elsewhere()
    }

    pub(super) fn in_flight(&self) -> u16 {
        self.count(PartState::InFlight)
    }

    pub(super) fn reading(&self) -> usize {
        self.reads.count()
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
}
