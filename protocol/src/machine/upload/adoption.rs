//! Continuing an upload that was begun in another browser or on another machine.
//!
//! The functions name parts that storage holds, and whose digests prove that the file is here. The proof is for the
//! functions: this side trusts nothing of it. Once the upload is handed over, it is like any upload after a reload, and
//! every stored part is compared with the file before it completes.

use crate::prelude::*;
use alloc::collections::BTreeMap;

use super::reads::ReadFor;
use super::removal::Removal;
use super::{Context, Effect, Over, Phase, Upload};
use crate::machine::context::Call;
use crate::machine::digest::PartDigest;
use crate::machine::network::fault::Operation;
use crate::machine::timers::Timer;
use crate::machine::{Attempt, CallFault, LocalId, NotAdopted, Reason, ServerSide, Source, Standing};
use crate::wire::digest::{Digest, Md5};
use crate::wire::id::{PartNumber, RoomId, UploadId};
use crate::wire::plan::{DigestAlgorithm, PartRange, Plan};
use crate::wire::{self, Proof, UploadState};

/// An upload of the room that is to become this device's.
#[derive(Debug)]
pub(super) struct Adoption {
    upload: UploadId,
    call: Option<Call>,
    step: Step,
    may_be_handed_over: bool,
}

#[derive(Debug)]
enum Step {
    /// The challenge is to be asked for. The member's own upload is handed over without one.
    Ask,
    /// The parts of the challenge are to be read, and their digests sent.
    Prove(Challenge),
    /// The functions handed it over. Plan and file come with its status.
    HandedOver,
}

#[derive(Debug)]
struct Challenge {
    plan: Plan,
    parts: Vec<PartNumber>,
    digests: BTreeMap<PartNumber, Md5>,
}

impl Adoption {
    fn new(upload: UploadId) -> Self {
        Self { upload, call: None, step: Step::Ask, may_be_handed_over: false }
    }

    /// From a record: an earlier page may have sent proofs.
    pub(super) fn restored(upload: UploadId) -> Self {
        Self { may_be_handed_over: true, ..Self::new(upload) }
    }

    /// Whether this challenge is the one that is being answered, with more parts since more is stored by now.
    fn has_grown_to(&self, parts: &[PartNumber]) -> bool {
        match &self.step {
            Step::Ask => true,
            Step::Prove(before) => {
                parts.len() > before.parts.len() && before.parts.iter().all(|part| parts.contains(part))
            }
            Step::HandedOver => false,
        }
    }

    /// Takes a challenge. What was read for a smaller one stays.
    fn prove(&mut self, plan: Plan, parts: Vec<PartNumber>) {
        let digests = match core::mem::replace(&mut self.step, Step::Ask) {
            Step::Prove(before) => before.digests,
            Step::Ask | Step::HandedOver => BTreeMap::new(),
        };
        self.step = Step::Prove(Challenge { plan, parts, digests });
    }

    pub(super) fn upload(&self) -> UploadId {
        self.upload
    }

    /// Whether the call can be made: nothing is left to read for it.
    fn is_due(&self) -> bool {
        let is_ready = match &self.step {
            Step::Ask => true,
            Step::Prove(challenge) => challenge.digests.len() == challenge.parts.len(),
            Step::HandedOver => false,
        };
        is_ready && self.call.is_none()
    }

    fn proofs(&self) -> Vec<Proof> {
        let Step::Prove(challenge) = &self.step else { return Vec::new() };
        let proof = |(part, digest): (&PartNumber, &Md5)| Proof { part_number: *part, digest: Digest(*digest) };
        challenge.digests.iter().map(proof).collect()
    }

    /// A part of the challenge that is neither read nor being read, and its bytes.
    pub(super) fn next_to_read(&self, is_being_read: impl Fn(PartNumber) -> bool) -> Option<(PartNumber, PartRange)> {
        let Step::Prove(challenge) = &self.step else { return None };
        let is_left = |part: &&PartNumber| !challenge.digests.contains_key(part) && !is_being_read(**part);
        let part = *challenge.parts.iter().find(is_left)?;
        Some((part, challenge.plan.range(part)?))
    }

    pub(super) fn has_read(&mut self, part: PartNumber, digest: PartDigest) {
        if let (Step::Prove(challenge), Some(md5)) = (&mut self.step, digest.md5()) {
            challenge.digests.insert(part, md5);
        }
    }

    /// What was read may have been another file's.
    pub(super) fn read_again(&mut self) {
        if let Step::Prove(challenge) = &mut self.step {
            challenge.digests.clear();
        }
    }
}

impl Upload {
    /// A picked file that continues an upload of the room.
    pub(in crate::machine) fn adopting(id: LocalId, room: RoomId, source: Source, upload: UploadId) -> Self {
        Self { phase: Phase::Adopting, adoption: Some(Adoption::new(upload)), ..Self::new(id, room, source) }
    }

    /// The upload as the functions know it, once it is known or adopted.
    pub(in crate::machine) fn upload_id(&self) -> Option<UploadId> {
        let adopted = || self.adoption.as_ref().map(Adoption::upload);
        self.server.as_ref().map(|server| server.upload).or_else(adopted)
    }

    /// Whether the functions may count it as this member's already: proofs were sent, whatever was answered.
    pub(super) fn may_be_handed_over(&self) -> bool {
        self.adoption.as_ref().is_some_and(|adoption| adoption.may_be_handed_over)
    }

    /// The next adopt goes without proofs, as after a reload. The answer to `call` is waited for first.
    pub(super) fn forget_challenge(&mut self, call: Option<Call>) {
        self.adoption = self.adoption.take().map(|adoption| Adoption { call, ..Adoption::restored(adoption.upload) });
    }

    /// Takes the adopt under way out of the reach of [`Upload::drop_adopt`].
    pub(super) fn take_adopt_call(&mut self) -> Option<Call> {
        self.adoption.as_mut()?.call.take()
    }

    pub(super) fn owes_adopt(&self) -> bool {
        // A cancelled one asks as well, to learn whose it is; that needs no file.
        let may_ask = self.may_work() || (self.hold.is_cancelled() && !self.hold.is_elsewhere());
        may_ask && self.adoption.as_ref().is_some_and(Adoption::is_due)
    }

    /// Written down first: a later page goes on with the adoption.
    pub(super) fn start_adopt(&mut self, cx: &mut Context) {
        if !self.head_is_saved() {
            return;
        }
        let Some(adoption) = &mut self.adoption else { return };
        let call = cx.call();
        adoption.call = Some(call);
        cx.timers.set(Timer::Adopt(self.id), cx.now + cx.config.timeouts.adopt_ms);
        let (upload, proofs) = (adoption.upload, adoption.proofs());
        // When they are sent, not when they are answered: the answer can be lost after the functions took them.
        adoption.may_be_handed_over |= !proofs.is_empty();
        cx.emit(Effect::Adopt { id: self.id, attempt: call.attempt, room: self.room, upload, proofs });
        cx.touch(self.id);
    }

    /// The answer to an adopt under way is not waited for any more.
    pub(super) fn drop_adopt(&mut self, cx: &mut Context) -> Option<Call> {
        let call = self.adoption.as_mut()?.call.take()?;
        cx.call_over();
        cx.timers.clear(Timer::Adopt(self.id));
        Some(call)
    }

    /// The adopt was answered.
    pub(in crate::machine) fn adopted(
        &mut self,
        cx: &mut Context,
        attempt: Attempt,
        answer: Result<wire::Adoption, CallFault>,
    ) {
        let running = self.adoption.as_ref().and_then(|adoption| adoption.call);
        if running.is_none_or(|call| call.attempt != attempt) {
            return;
        }
        let Some(call) = self.drop_adopt(cx) else { return };
        cx.touch(self.id);
        match answer {
            Ok(answer) => {
                cx.api_answered();
                self.trouble.call_answered();
                self.follow_adoption(cx, answer);
            }
            Err(fault) => self.call_failed(cx, Operation::Adopt, &fault, call),
        }
    }

    /// No answer in time.
    pub(in crate::machine) fn adopt_stalled(&mut self, cx: &mut Context) {
        if let Some(call) = self.adoption.as_ref().and_then(|adoption| adoption.call) {
            self.adopted(cx, call.attempt, Err(CallFault::Network));
        }
    }

    fn follow_adoption(&mut self, cx: &mut Context, answer: wire::Adoption) {
        let is_cancelled = self.hold.is_cancelled();
        let Some(adoption) = &mut self.adoption else { return };
        match answer {
            wire::Adoption::Adopted { .. } if is_cancelled => self.removal = Removal::Owed,
            // Another member's upload: nothing of it is ours to remove.
            wire::Adoption::Challenge { .. } if is_cancelled => self.end(cx, Over::Cancelled),
            wire::Adoption::Adopted { .. } => {
                adoption.step = Step::HandedOver;
                self.owe_status(cx);
            }
            wire::Adoption::Challenge { plan, parts }
                if is_of_this_size(&plan, &self.source) && (parts.is_empty() || adoption.has_grown_to(&parts)) =>
            {
                // Only MD5s prove anything: no other kind is listed by storage and known to the functions.
                let is_md5 = plan.transport.digest == DigestAlgorithm::Md5;
                // A challenge without parts can't be met, and would be the same when asked for again.
                if !is_md5 || parts.is_empty() || !parts.iter().all(|part| plan.contains(*part)) {
                    self.stop(cx, Reason::ServerError);
                } else {
                    adoption.prove(plan, parts);
                }
            }
            // Of another size, or a challenge that was answered already.
            wire::Adoption::Challenge { .. } => self.upload_separately(cx, NotAdopted::NotTheFile),
        }
    }

    /// It is not to be continued: the file goes up as an upload of its own.
    pub(super) fn upload_separately(&mut self, cx: &mut Context, why: NotAdopted) {
        if self.hold.is_cancelled() {
            return self.end(cx, Over::Cancelled);
        }
        self.drop_work(cx);
        cx.emit(Effect::ReportNotAdopted { id: self.id, why });
        self.adoption = None;
        self.forget_status(cx);
        self.reset(cx);
        self.save_first(cx);
        // It has its place already, and the plan is otherwise made on getting one.
        if self.is_active() {
            self.make_plan(cx);
        }
    }

    /// The first status of an upload that was handed over. Whether there is something to go on with.
    pub(super) fn take_handed_over(&mut self, cx: &mut Context, standing: &Standing) -> bool {
        match standing.state {
            UploadState::Failed | UploadState::Aborting | UploadState::Aborted | UploadState::Expired => {
                self.upload_separately(cx, NotAdopted::Ended);
                return false;
            }
            // Another tab or member completed it between the proof and this status.
            UploadState::Completed => {
                self.server = Some(server_side(standing));
                return true;
            }
            UploadState::Pending | UploadState::Uploading | UploadState::Completing => {}
        }
        if !is_of_this_size(&standing.plan, &self.source) {
            self.upload_separately(cx, NotAdopted::NotTheFile);
            return false;
        }
        self.adoption = None;
        self.server = Some(server_side(standing));
        self.set_plan(standing.plan);
        self.phase = Phase::Sending;
        self.save_head_first(cx);
        true
    }

    /// Reads one part of the challenge. Whether there was one.
    pub(super) fn read_challenged(&mut self, cx: &mut Context) -> bool {
        let reads = &self.reads;
        let next = self.adoption.as_ref().and_then(|adoption| adoption.next_to_read(|part| reads.has(part)));
        let Some((part, range)) = next else { return false };
        self.start_reading(cx, part, range, DigestAlgorithm::Md5, ReadFor::Adopting);
        true
    }
}

fn server_side(standing: &Standing) -> ServerSide {
    ServerSide { upload: standing.upload, file: standing.file, plan: standing.plan }
}

fn is_of_this_size(plan: &Plan, source: &Source) -> bool {
    plan.is_sound() && plan.size == source.size
}
