//! From picked to known by the functions.

use super::{Context, Effect, FileState, Over, Phase, Upload};
use crate::machine::bits::PartSet;
use crate::machine::parts::{PartState, Parts};
use crate::machine::{BeginRecord, LocalId, Reason, ServerSide, ToInitiate, ToSign};
use crate::wire::plan::Plan;
use crate::wire::{MAX_FIRST_PARTS, StartedUpload};

impl Upload {
    /// Gets a place: the plan is made, so that hashing can start before the functions know anything.
    pub(in crate::machine) fn admit(&mut self, cx: &mut Context) {
        self.active = true;
        cx.touch(self.id);
        self.make_plan(cx);
    }

    /// Makes the plan, if it has none. That of an upload to adopt comes from the functions.
    pub(super) fn make_plan(&mut self, cx: &mut Context) {
        if self.parts.is_none() && self.phase != Phase::Adopting {
            let hint = self.begin.as_ref().map_or_else(|| rate_hint(cx), |begin| begin.rate_hint);
            self.plan(cx, hint);
        }
    }

    /// Makes the plan by itself, as the functions will.
    pub(super) fn plan(&mut self, cx: &mut Context, rate_hint: Option<u64>) {
        match cx.config.planner.plan(self.source.size, rate_hint) {
            Ok(plan) => {
                self.begin.get_or_insert_default().rate_hint = rate_hint;
                self.set_plan(plan);
            }
            Err(_) => self.stop(cx, Reason::TooLarge),
        }
    }

    pub(super) fn set_plan(&mut self, plan: Plan) {
        self.unproved = PartSet::empty(plan.part_count);
        self.hashed_now = PartSet::empty(plan.part_count);
        self.parts = Some(Parts::new(plan));
    }

    /// Whether it can be begun: at least one part is hashed.
    pub(in crate::machine) fn can_begin(&self) -> bool {
        self.active && self.phase == Phase::Fresh && self.may_work() && !self.hashed.is_empty()
    }

    /// Whether the file is being hashed for its initiate.
    pub(in crate::machine) fn is_becoming_ready(&self) -> bool {
        self.active
            && self.phase == Phase::Fresh
            && self.may_work()
            && self.hashed.is_empty()
            && !self.reading.is_empty()
    }

    /// Joins a batch: what goes into the initiate is written down first.
    pub(in crate::machine) fn join(&mut self, cx: &mut Context, batch: u32, key: &str, members: &[LocalId]) {
        self.phase = Phase::Begun(batch);
        key.clone_into(&mut self.key);
        let first = self.hashed.iter().take(MAX_FIRST_PARTS).copied().collect::<Vec<_>>();
        let first_parts = first.into_iter().map(|part| (part, cx.hosts.next())).collect();
        let rate_hint = self.begin.take().and_then(|begin| begin.rate_hint);
        self.begin = Some(BeginRecord { batch: members.to_vec(), rate_hint, first_parts });
        self.head_save = self.save_head(cx);
        cx.touch(self.id);
    }

    /// Joins a batch made anew from the records of an earlier page.
    pub(in crate::machine) fn rejoin(&mut self, batch: u32) {
        if self.server.is_none() {
            self.phase = Phase::Begun(batch);
        } else {
            self.held = true;
        }
    }

    /// Writes down that it was added. What no plan can hold is refused before any place is given to it.
    pub(in crate::machine) fn save_first(&mut self, cx: &mut Context) {
        self.head_save = self.save_head(cx);
        if cx.config.planner.plan(self.source.size, None).is_err() {
            self.stop(cx, Reason::TooLarge);
        }
    }

    /// The key and body of its initiate, as recorded.
    pub(in crate::machine) fn begun_with(&self) -> Option<(&str, &BeginRecord)> {
        let begin = self.begin.as_ref().filter(|begin| !begin.batch.is_empty())?;
        Some((self.key.as_str(), begin))
    }

    /// Begins under a new key; the digests stay. What may have begun under the old one is given up by the server.
    pub(in crate::machine) fn begin_anew_with_digests(&mut self, cx: &mut Context) {
        let rate_hint = self.begin.take().and_then(|begin| begin.rate_hint);
        self.begin = Some(BeginRecord { rate_hint, ..BeginRecord::default() });
        self.key.clear();
        self.phase = Phase::Fresh;
        if self.cancelled {
            self.end(cx, Over::Cancelled);
        }
    }

    /// Begins as if nothing had been before.
    pub(in crate::machine) fn begin_anew(&mut self, cx: &mut Context) {
        self.let_go_of_all(cx);
        self.begin_anew_with_digests(cx);
        self.begin = None;
        self.parts = None;
        self.live.clear();
        self.hashed.clear();
        self.ready.clear();
    }

    /// Its entry in the initiate. None when a digest that went with it is not known any more.
    pub(in crate::machine) fn to_initiate(&self) -> Option<ToInitiate> {
        let begin = self.begin.as_ref()?;
        let sign = |(part, host): &(_, u8)| {
            let digest = self.parts.as_ref()?.digest(*part)?;
            Some(ToSign { part: *part, digest, host: *host })
        };
        Some(ToInitiate {
            id: self.id,
            source: self.source.clone(),
            rate_hint: begin.rate_hint,
            first_parts: begin.first_parts.iter().map(sign).collect::<Option<_>>()?,
        })
    }

    /// The functions know it now. `asked` is when the initiate was sent.
    pub(in crate::machine) fn begun(&mut self, cx: &mut Context, asked: u64, started: StartedUpload) {
        if self.server.is_some() || self.is_over() {
            return;
        }
        cx.touch(self.id);
        let agreed = self.agrees_on(&started.plan);
        self.server = Some(ServerSide { upload: started.upload_id, file: started.file_id, plan: started.plan });
        self.phase = Phase::Sending;
        self.held = true;
        self.calls.reset();
        if self.cancelled {
            self.abort = Some(None);
        } else if !agreed {
            self.stop(cx, Reason::ServerError);
        }
        self.head_save = self.save_head(cx);
        for request in started.requests {
            if self.is(request.part_number, PartState::Hashed) {
                let host = self.begin.as_ref().and_then(|begin| {
                    begin.first_parts.iter().find(|(part, _)| *part == request.part_number).map(|(_, host)| *host)
                });
                self.signed_part(request, host.unwrap_or(0), asked);
            }
        }
    }

    /// Whether the functions' plan cuts the file as ours does, with digests of the kind that was promised. Its transport
    /// is the one that counts.
    fn agrees_on(&mut self, plan: &Plan) -> bool {
        let Some(parts) = &mut self.parts else { return false };
        let own = *parts.plan();
        parts.set_transport(plan.transport);
        plan.is_sound() && own.cuts_like(plan) && own.transport.digest == plan.transport.digest
    }

    /// Everything of its batch is on disk: parts may go.
    pub(in crate::machine) fn release(&mut self) {
        self.held = false;
    }

    /// Begins a file again that ended on the server's side: nothing of the old upload is used.
    pub(super) fn start_over(&mut self, cx: &mut Context) {
        self.halt(cx);
        self.server = None;
        self.adoption = None;
        self.check = None;
        self.doubted = false;
        self.abort = None;
        self.begin_anew(cx);
        self.prepared = 0;
        self.incomplete_rounds = 0;
        self.shown_bytes = 0;
        self.ever_sent = false;
        self.stopped = None;
        // Whoever asks for another try wants it to go.
        self.paused = false;
        self.save_head(cx);
    }

    /// Asks the shell to open the file again; the user has just clicked.
    pub(super) fn reopen(&mut self, cx: &mut Context) {
        if self.file != FileState::Open && self.source.reopens && !self.elsewhere {
            cx.emit(Effect::Reopen { id: self.id });
        }
    }
}

/// The rate of this session, or of earlier ones.
fn rate_hint(cx: &Context) -> Option<u64> {
    cx.lane_rate.hint(cx.lanes.limit()).or(cx.config.rate_hint)
}
