//! Calls that name several uploads: initiate and complete.

use super::context::{Call, Context};
use super::timers::{Look, Timer};
use super::{LocalId, ToInitiate};
use crate::machine::network::backoff::Backoff;
use crate::wire::id::RoomId;

/// What the call is.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Kind {
    /// With the key and body that every repetition has.
    Initiate {
        key: String,
        body: Vec<ToInitiate>,
    },
    Complete,
}

/// One call, repeated until it is answered.
#[derive(Clone, Debug)]
pub(super) struct Batch {
    pub(super) room: RoomId,
    pub(super) kind: Kind,
    /// All of them stay to the end, so that a repetition has the same body.
    pub(super) members: Vec<LocalId>,
    /// One PUT each, many at once; not a large file alone.
    pub(super) is_small: bool,
    pub(super) call: Option<Call>,
    pub(super) backoff: Backoff,
    /// Answered; waits for the members' records.
    pub(super) is_answered: bool,
    /// The functions did this already, as one member's record tells: the answer costs nothing and settles the others.
    pub(super) is_known: bool,
    /// How often it was asked, an earlier page included.
    pub(super) calls: u32,
}

impl Batch {
    pub(super) fn new(room: RoomId, kind: Kind, members: Vec<LocalId>, is_small: bool) -> Self {
        Self {
            room,
            kind,
            members,
            is_small,
            call: None,
            backoff: Backoff::default(),
            is_answered: false,
            is_known: false,
            calls: 0,
        }
    }

    /// Whether it could be called now.
    pub(super) fn is_due(&self, cx: &Context) -> bool {
        self.call.is_none() && !self.is_answered && self.backoff.is_over(cx.now) && cx.may_call()
    }

    /// The call failed and is worth another try.
    pub(super) fn wait(&mut self, cx: &mut Context, number: u32, call: Call, retry_after: Option<u64>) {
        if !cx.is_offline() {
            self.backoff.fail(cx.now, call.started, retry_after, &mut cx.rng);
            cx.timers.set(Timer::Look(Look::Batch(number)), self.backoff.until());
        }
    }

    pub(super) fn forgive(&mut self) {
        self.backoff.reset();
    }
}
