//! Calls that name several uploads: initiate and complete.

use super::context::{Call, Context};
use super::timers::{Gate, Timer};
use super::{LocalId, ToInitiate};
use crate::machine::network::backoff::Backoff;
use crate::prelude::*;
use crate::wire::id::RoomId;

/// What the call asks for, with what every repetition of it has to repeat.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Request {
    Initiate { key: String, body: Vec<ToInitiate> },
    Complete,
}

/// Which of the two calls a batch is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Initiate,
    Complete,
}

/// How far the functions have come with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Progress {
    /// To be called, or called.
    Open,
    /// The functions did this already, as one member's record tells: the answer costs nothing and settles the others.
    Known,
    /// Answered; waits for the members' records.
    Answered,
}

/// One call, repeated until it is answered.
#[derive(Clone, Debug)]
pub(super) struct Batch {
    room: RoomId,
    request: Request,
    /// All of them stay to the end, so that a repetition has the same body.
    members: Vec<LocalId>,
    /// One PUT each, many at once; not a large file alone.
    is_small: bool,
    call: Option<Call>,
    backoff: Backoff,
    progress: Progress,
    /// How often it was asked, an earlier page included.
    calls: u32,
}

impl Batch {
    pub(super) fn new(room: RoomId, request: Request, members: Vec<LocalId>, is_small: bool) -> Self {
        Self {
            room,
            request,
            members,
            is_small,
            call: None,
            backoff: Backoff::default(),
            progress: Progress::Open,
            calls: 0,
        }
    }

    /// Formed again from the records of an earlier page, which may have called it. `is_known`: that was answered.
    pub(super) fn restored(self, is_known: bool) -> Self {
        let progress = if is_known { Progress::Known } else { Progress::Open };
        // Counts as called: the earlier page may have been answered, so the next answer repeats URLs that may be old.
        Self { progress, calls: 1, ..self }
    }

    pub(super) fn room(&self) -> RoomId {
        self.room
    }

    pub(super) fn request(&self) -> &Request {
        &self.request
    }

    pub(super) fn kind(&self) -> Kind {
        match self.request {
            Request::Initiate { .. } => Kind::Initiate,
            Request::Complete => Kind::Complete,
        }
    }

    pub(super) fn members(&self) -> &[LocalId] {
        &self.members
    }

    pub(super) fn keep_members(&mut self, is_kept: impl Fn(LocalId) -> bool) {
        self.members.retain(|id| is_kept(*id));
    }

    pub(super) fn is_small(&self) -> bool {
        self.is_small
    }

    pub(super) fn is_answered(&self) -> bool {
        self.progress == Progress::Answered
    }

    pub(super) fn is_known(&self) -> bool {
        self.progress == Progress::Known
    }

    pub(super) fn set_answered(&mut self) {
        self.progress = Progress::Answered;
    }

    /// Whether the answer is to a repetition: what is signed in it may be old.
    pub(super) fn is_repeated(&self) -> bool {
        self.calls > 1
    }

    /// The call under way.
    pub(super) fn call(&self) -> Option<Call> {
        self.call
    }

    pub(super) fn start_call(&mut self, call: Call) {
        self.calls += 1;
        self.call = Some(call);
    }

    pub(super) fn take_call(&mut self) -> Option<Call> {
        self.call.take()
    }

    /// Whether it could be called now.
    pub(super) fn is_due(&self, cx: &Context) -> bool {
        self.call.is_none() && !self.is_answered() && self.backoff.is_over(cx.now) && cx.may_call()
    }

    /// The call failed and is worth another try.
    pub(super) fn back_off(&mut self, cx: &mut Context, number: u32, call: Call, retry_after: Option<u64>) {
        // Offline costs no attempt: the machine waits for the network instead.
        if !cx.is_offline() {
            self.backoff.fail(cx.now, call.started, retry_after, &mut cx.rng);
            cx.timers.set(Timer::Gate(Gate::Batch(number)), self.backoff.until());
        }
    }

    pub(super) fn reset_backoff(&mut self) {
        self.backoff.reset();
    }
}

/// Since when small files wait for others to go in one call with them, in milliseconds on the machine's clock.
#[derive(Debug, Default)]
pub(super) struct Lingering {
    initiate: Option<u64>,
    complete: Option<u64>,
}

impl Lingering {
    pub(super) fn since(&mut self, kind: Kind) -> &mut Option<u64> {
        match kind {
            Kind::Initiate => &mut self.initiate,
            Kind::Complete => &mut self.complete,
        }
    }
}
