//! From picked to known by the functions.

use super::removal::Removal;
use super::signing::may_try_host;
use super::{Context, Over, Phase, Upload};
use crate::machine::parts::{PartState, Parts};
use crate::machine::{BeginRecord, LocalId, Reason, ServerSide, ToInitiate, ToSign};
use crate::prelude::*;
use crate::wire::id::PartNumber;
use crate::wire::plan::Plan;
use crate::wire::{MAX_FIRST_PARTS, StartedUpload};

/// What went into the initiate, so that a repetition has the same key and body.
#[derive(Debug, Default)]
pub(super) struct Initiation {
    /// The idempotency key; empty before it joins a batch.
    key: String,
    body: Option<BeginRecord>,
    /// PUTs wait until everything of the batch is saved.
    held: bool,
}

impl Initiation {
    pub(super) fn restored(key: String, body: Option<BeginRecord>) -> Self {
        Self { key, body, held: false }
    }

    pub(super) fn key(&self) -> &str {
        &self.key
    }

    pub(super) fn record(&self) -> Option<&BeginRecord> {
        self.body.as_ref()
    }

    /// Whether parts wait until the records of all that were begun together are on disk. A record of its own needs no such
    /// wait: records are written in order, so that a digest on disk has the head before it there.
    pub(super) fn is_held(&self) -> bool {
        self.held
    }

    fn host_of(&self, part: PartNumber) -> Option<u8> {
        let first_parts = &self.body.as_ref()?.first_parts;
        first_parts.iter().find(|(first, _)| *first == part).map(|(_, host)| *host)
    }

    /// Forgets key and body; the rate stays, since the plan was made with it.
    fn forget_batch(&mut self) {
        let rate_hint = self.body.take().and_then(|body| body.rate_hint);
        self.body = Some(BeginRecord { rate_hint, ..BeginRecord::default() });
        self.key.clear();
    }
}

impl Upload {
    /// Gets a place: the plan is made, so that hashing can start before the functions know anything.
    pub(in crate::machine) fn admit(&mut self, cx: &mut Context) {
        self.turn.activate();
        cx.touch(self.id);
        self.make_plan(cx);
    }

    /// Makes the plan, if it has none. That of an upload to adopt comes from the functions.
    pub(super) fn make_plan(&mut self, cx: &mut Context) {
        if self.parts.is_none() && self.phase != Phase::Adopting {
            // A recorded rate counts: digests were promised for the parts of the plan that was made with it.
            let hint = self.initiation.record().map_or_else(|| rate_hint(cx), |body| body.rate_hint);
            self.plan(cx, hint);
        }
    }

    /// Makes the plan that the functions will make.
    pub(super) fn plan(&mut self, cx: &mut Context, rate_hint: Option<u64>) {
        match cx.config.planner.plan(self.source.size, rate_hint) {
            Ok(plan) => {
                self.initiation.body.get_or_insert_default().rate_hint = rate_hint;
                self.set_plan(plan);
            }
            Err(_) => self.stop(cx, Reason::TooLarge),
        }
    }

    pub(super) fn set_plan(&mut self, plan: Plan) {
        self.proof.set_parts(plan.part_count);
        self.parts = Some(Parts::new(plan));
    }

    /// Whether it can be begun: at least one part is hashed.
    pub(in crate::machine) fn can_initiate(&self) -> bool {
        self.is_active() && self.phase == Phase::Fresh && self.may_work() && self.pipeline.has_to_sign()
    }

    /// Whether the file is being hashed for its initiate.
    pub(in crate::machine) fn is_becoming_ready(&self) -> bool {
        self.is_active()
            && self.phase == Phase::Fresh
            && self.may_work()
            && !self.pipeline.has_to_sign()
            && !self.reads.is_empty()
    }

    /// Joins a batch: what goes into the initiate is written down first.
    pub(in crate::machine) fn join_initiate(&mut self, cx: &mut Context, batch: u32, key: &str, members: &[LocalId]) {
        self.phase = Phase::Begun(batch);
        key.clone_into(&mut self.initiation.key);
        let may_try = may_try_host(self.pipeline.to_sign().count().max(members.len()));
        let first = self.pipeline.to_sign().take(MAX_FIRST_PARTS);
        let first_parts = first.map(|part| (part, cx.hosts.next(cx.now, may_try))).collect();
        let rate_hint = self.initiation.body.take().and_then(|body| body.rate_hint);
        self.initiation.body = Some(BeginRecord { batch: members.to_vec(), rate_hint, first_parts });
        self.save_head_first(cx);
        cx.touch(self.id);
    }

    /// Joins a batch that was formed again from the records of an earlier page.
    pub(in crate::machine) fn rejoin_initiate(&mut self, batch: u32) {
        if self.server.is_none() {
            self.phase = Phase::Begun(batch);
        } else {
            self.initiation.held = true;
        }
    }

    /// Writes down that it was added. What no plan can hold is refused before any place is given to it.
    pub(in crate::machine) fn save_first(&mut self, cx: &mut Context) {
        self.save_head_first(cx);
        if cx.config.planner.plan(self.source.size, None).is_err() {
            self.stop(cx, Reason::TooLarge);
        }
    }

    /// The key and body of its initiate, as recorded.
    pub(in crate::machine) fn initiate_record(&self) -> Option<(&str, &BeginRecord)> {
        let body = self.initiation.record().filter(|body| !body.batch.is_empty())?;
        Some((self.initiation.key(), body))
    }

    /// Begins under a new key; the digests stay. What may have begun under the old one is given up by the server.
    pub(in crate::machine) fn reset_initiate(&mut self, cx: &mut Context) {
        self.initiation.forget_batch();
        self.phase = Phase::Fresh;
        if self.hold.is_cancelled() {
            self.end(cx, Over::Cancelled);
        }
    }

    /// Begins as if nothing had been before.
    pub(in crate::machine) fn reset(&mut self, cx: &mut Context) {
        self.release_all_bodies(cx);
        self.reset_initiate(cx);
        self.initiation.body = None;
        self.parts = None;
        self.pipeline.clear();
    }

    /// Its entry in the initiate. None when a digest that went with it is not known any more.
    pub(in crate::machine) fn to_initiate(&self) -> Option<ToInitiate> {
        let body = self.initiation.record()?;
        let sign = |(part, host): &(_, u8)| {
            let digest = self.parts.as_ref()?.digest(*part)?;
            Some(ToSign { part: *part, digest, host: *host })
        };
        Some(ToInitiate {
            id: self.id,
            source: self.source.clone(),
            rate_hint: body.rate_hint,
            first_parts: body.first_parts.iter().map(sign).collect::<Option<_>>()?,
        })
    }

    /// The functions know it now. `asked` is when the initiate was sent.
    pub(in crate::machine) fn initiated(&mut self, cx: &mut Context, asked: u64, started: StartedUpload) {
        // Known from a record of an earlier page: the answer is for the others of its batch.
        if self.server.is_some() || self.is_over() {
            return;
        }
        cx.touch(self.id);
        let is_accepted = self.accepts_plan(&started.plan);
        self.server = Some(ServerSide { upload: started.upload_id, file: started.file_id, plan: started.plan });
        self.phase = Phase::Sending;
        self.initiation.held = true;
        self.trouble.call_answered();
        if self.hold.is_cancelled() {
            self.removal = Removal::Owed;
        } else if !is_accepted {
            self.stop(cx, Reason::ServerError);
        }
        self.save_head_first(cx);
        for request in started.requests {
            if self.is(request.part_number, PartState::Hashed) {
                let host = self.initiation.host_of(request.part_number).unwrap_or(0);
                self.take_url(request, host, asked);
            }
        }
    }

    /// Whether the functions' plan cuts the file as ours does, with digests of the kind that was promised. Its transport
    /// is the one that counts.
    fn accepts_plan(&mut self, plan: &Plan) -> bool {
        let Some(parts) = &mut self.parts else { return false };
        let own = *parts.plan();
        parts.set_transport(plan.transport);
        plan.is_sound() && own.cuts_like(plan) && own.transport.digest == plan.transport.digest
    }

    /// Everything of its batch is on disk: parts may go.
    pub(in crate::machine) fn release(&mut self) {
        self.initiation.held = false;
    }
}

/// The rate of this session, or of earlier ones, in bytes per second.
fn rate_hint(cx: &Context) -> Option<u64> {
    cx.lane_rate.hint(cx.lanes.limit()).or(cx.config.rate_hint)
}
