//! URLs for parts: just in time, in batches, never for what is not about to be sent.

use super::{Context, Effect, Phase, Upload};
use crate::machine::context::Call;
use crate::machine::network::fault::Operation;
use crate::machine::parts::{PartState, Parts};
use crate::machine::timers::Timer;
use crate::machine::{Attempt, CallFault, ToSign};
use crate::prelude::*;
use crate::wire::id::PartNumber;
use crate::wire::{MAX_PARTS_PER_PRESIGN, SignedRequest};

/// While one batch is on its way, the next may be asked for.
const MOST_CALLS: usize = 2;

/// Parts of an upload's end.
const LAST_PARTS: usize = 2;

/// Whether one of the waiting parts may probe a host that was dropped. The last parts of an upload never do: the upload
/// would wait for a host that may not answer.
pub(super) fn may_try_host(waiting: usize) -> bool {
    waiting > LAST_PARTS
}

/// A presign under way.
#[derive(Clone, Debug)]
struct Presign {
    call: Call,
    /// Each with the host that its URL is asked for.
    parts: Vec<(PartNumber, u8)>,
}

impl Presign {
    fn host_of(&self, part: PartNumber) -> Option<u8> {
        self.parts.iter().find(|(asked, _)| *asked == part).map(|(_, host)| *host)
    }
}

/// The presigns of one upload.
#[derive(Debug, Default)]
pub(super) struct Signing {
    calls: Vec<Presign>,
}

impl Signing {
    fn take(&mut self, attempt: Attempt) -> Option<Presign> {
        let index = self.calls.iter().position(|presign| presign.call.attempt == attempt)?;
        Some(self.calls.remove(index))
    }

    fn last(&self) -> Option<Attempt> {
        self.calls.last().map(|presign| presign.call.attempt)
    }
}

impl Upload {
    /// Asks for URLs when fewer than half of `wanted` parts are at hand.
    pub(in crate::machine) fn sign_next(&mut self, cx: &mut Context, wanted: u16) {
        let at_hand = self.count(PartState::Signed) + self.count(PartState::Signing);
        if !self.may_sign(cx) || (u32::from(at_hand) * 2 > u32::from(wanted) && !self.needs_url()) {
            return;
        }
        let most = usize::from(wanted.saturating_sub(at_hand)).clamp(1, MAX_PARTS_PER_PRESIGN);
        let parts = self.take_hashed(cx, most);
        let Some(server) = self.server.as_ref().filter(|_| !parts.is_empty()) else { return };
        let call = cx.call();
        cx.timers.set(Timer::Sign(self.id, call.attempt), cx.now + cx.config.timeouts.sign_ms);
        let (id, room, upload) = (self.id, self.room, server.upload);
        let asked = parts.iter().map(|sign| (sign.part, sign.host)).collect();
        cx.emit(Effect::Sign { id, attempt: call.attempt, room, upload, parts });
        self.signing.calls.push(Presign { call, parts: asked });
        cx.touch(self.id);
    }

    /// Whether the part that all others wait for has no URL.
    fn needs_url(&mut self) -> bool {
        let next = if self.is_ascending() { self.parts.as_mut().and_then(Parts::next_unstored) } else { None };
        next.is_some_and(|part| self.is(part, PartState::Hashed))
    }

    fn may_sign(&self, cx: &Context) -> bool {
        self.is_active()
            && self.may_work()
            && self.phase == Phase::Sending
            && self.status.is_settled()
            && !self.initiation.is_held()
            && self.signing.calls.len() < MOST_CALLS
            && self.trouble.may_call(cx.now)
            && cx.may_call()
    }

    /// Takes hashed parts whose digests are on disk, in line.
    fn take_hashed(&mut self, cx: &mut Context, most: usize) -> Vec<ToSign> {
        let mut taken = Vec::new();
        let may_try = may_try_host(self.pipeline.to_sign().count());
        while taken.len() < most {
            let Some(part) = self.pipeline.first_to_sign() else { break };
            let is_stale = !self.is(part, PartState::Hashed);
            // Promised on disk first: a page that is closed now has to find the digest of what storage may hold.
            if !is_stale && !self.digest_is_saved(part) {
                break;
            }
            self.pipeline.drop_first_to_sign();
            let digest = self.parts.as_ref().and_then(|parts| parts.digest(part));
            if let (false, Some(digest)) = (is_stale, digest) {
                let host = cx.hosts.next(cx.now, may_try);
                self.set(part, PartState::Signing);
                taken.push(ToSign { part, digest, host });
            }
        }
        taken
    }

    fn digest_is_saved(&self, part: PartNumber) -> bool {
        self.pipeline.record_of(part).is_none_or(|save| self.journal.is_done(save))
    }

    /// The presign was answered.
    pub(in crate::machine) fn signed(
        &mut self,
        cx: &mut Context,
        attempt: Attempt,
        answer: Result<Vec<SignedRequest>, CallFault>,
    ) {
        let Some(presign) = self.take_presign(cx, attempt) else { return };
        cx.touch(self.id);
        match answer {
            Ok(requests) => {
                cx.api_answered();
                self.trouble.call_answered();
                for request in requests {
                    let part = request.part_number;
                    // A part may have left this state meanwhile: a status can list it as stored. It may also be in a
                    // newer presign, which asked for another host: the URL is for the one that was asked for here.
                    if let (Some(host), true) = (presign.host_of(part), self.is(part, PartState::Signing)) {
                        // The time counts from the question: expiry comes as seconds, since a client's clock may be
                        // wrong by hours, and too early is the safe side.
                        self.take_url(request, host, presign.call.started);
                    }
                }
                self.requeue_unsigned(&presign.parts);
            }
            Err(fault) => {
                self.requeue_unsigned(&presign.parts);
                self.call_failed(cx, Operation::Sign, &fault, presign.call);
            }
        }
    }

    /// What got no URL waits for the next batch, in its order.
    fn requeue_unsigned(&mut self, parts: &[(PartNumber, u8)]) {
        for (part, _) in parts.iter().rev() {
            if self.is(*part, PartState::Signing) {
                self.requeue(*part);
            }
        }
    }

    /// A URL for a part. Its time counts from `asked`, in milliseconds.
    pub(super) fn take_url(&mut self, request: SignedRequest, host: u8, asked: u64) {
        let part = request.part_number;
        self.pipeline.entry(part).set_request(request, host, asked);
        self.set(part, PartState::Signed);
        self.pipeline.queue_to_send(part);
    }

    fn take_presign(&mut self, cx: &mut Context, attempt: Attempt) -> Option<Presign> {
        let presign = self.signing.take(attempt)?;
        cx.call_over();
        cx.timers.clear(Timer::Sign(self.id, attempt));
        Some(presign)
    }

    /// No answer in time.
    pub(in crate::machine) fn sign_stalled(&mut self, cx: &mut Context, attempt: Attempt) {
        self.signed(cx, attempt, Err(CallFault::Network));
    }

    /// Answers to presigns under way are not waited for any more.
    pub(super) fn drop_signing(&mut self, cx: &mut Context) {
        while let Some(attempt) = self.signing.last() {
            if let Some(presign) = self.take_presign(cx, attempt) {
                self.requeue_unsigned(&presign.parts);
            }
        }
    }

    /// URLs of unknown age are signed again.
    pub(super) fn drop_urls(&mut self) {
        while let Some(part) = self.pipeline.pop_last_to_send() {
            if self.is(part, PartState::Signed) {
                self.requeue(part);
            }
        }
    }
}
