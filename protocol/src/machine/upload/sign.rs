//! URLs for parts: just in time, in batches, never for what is not about to be sent.

use super::{Context, Effect, Phase, SignCall, Upload};
use crate::machine::network::fault::Doing;
use crate::machine::parts::{PartState, Parts};
use crate::machine::timers::Timer;
use crate::machine::{Attempt, CallFault, ToSign};
use crate::wire::id::PartNumber;
use crate::wire::{MAX_PARTS_PER_PRESIGN, SignedRequest};

/// While one batch is on its way, the next may be asked for.
const SIGN_CALLS: usize = 2;

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
        cx.timers.set(Timer::Sign(self.id, call.attempt), cx.now + cx.config.sign_ms);
        let (id, room, upload) = (self.id, self.room, server.upload);
        let numbers = parts.iter().map(|sign| sign.part).collect();
        cx.emit(Effect::Sign { id, attempt: call.attempt, room, upload, parts });
        self.signing.push(SignCall { call, parts: numbers });
        cx.touch(self.id);
    }

    /// Whether no part can be sent before one that has no URL.
    fn needs_url(&mut self) -> bool {
        let next = if self.is_ascending() { self.parts.as_mut().and_then(Parts::next_unstored) } else { None };
        next.is_some_and(|part| self.is(part, PartState::Hashed))
    }

    fn may_sign(&self, cx: &Context) -> bool {
        self.active
            && self.may_work()
            && self.phase == Phase::Sending
            && self.check.is_none()
            && !self.is_held()
            && self.signing.len() < SIGN_CALLS
            && self.calls.is_over(cx.now)
            && cx.may_call()
    }

    /// Takes hashed parts whose digests are on disk, in line.
    fn take_hashed(&mut self, cx: &mut Context, most: usize) -> Vec<ToSign> {
        let mut taken = Vec::new();
        while taken.len() < most {
            let Some(part) = self.hashed.front().copied() else { break };
            let is_stale = !self.is(part, PartState::Hashed);
            if !is_stale && !self.digest_is_saved(part) {
                break;
            }
            self.hashed.pop_front();
            let digest = self.parts.as_ref().and_then(|parts| parts.digest(part));
            if let (false, Some(digest)) = (is_stale, digest) {
                let host = cx.hosts.next();
                self.live.entry(part).or_default().host = host;
                self.set(part, PartState::Signing);
                taken.push(ToSign { part, digest, host });
            }
        }
        taken
    }

    fn digest_is_saved(&self, part: PartNumber) -> bool {
        self.live.get(&part).and_then(|live| live.save).is_none_or(|save| self.saves.is_done(save))
    }

    /// The presign was answered.
    pub(in crate::machine) fn signed(
        &mut self,
        cx: &mut Context,
        attempt: Attempt,
        answer: Result<Vec<SignedRequest>, CallFault>,
    ) {
        let Some(sign) = self.take_sign_call(cx, attempt) else { return };
        cx.touch(self.id);
        match answer {
            Ok(requests) => {
                cx.api_answered();
                self.calls.reset();
                for request in requests {
                    if sign.parts.contains(&request.part_number) && self.is(request.part_number, PartState::Signing) {
                        let host = self.live.get(&request.part_number).map_or(0, |live| live.host);
                        self.signed_part(request, host, sign.call.started);
                    }
                }
                self.unsigned(&sign.parts);
            }
            Err(fault) => {
                self.unsigned(&sign.parts);
                self.call_failed(cx, Doing::Sign, &fault, sign.call);
            }
        }
    }

    /// What got no URL waits for the next batch, in its order.
    fn unsigned(&mut self, parts: &[PartNumber]) {
        for part in parts.iter().rev() {
            if self.is(*part, PartState::Signing) {
                self.line_up(*part);
            }
        }
    }

    /// A URL for a part. Its time counts from when it was asked for.
    pub(super) fn signed_part(&mut self, request: SignedRequest, host: u8, asked: u64) {
        let part = request.part_number;
        let live = self.live.entry(part).or_default();
        live.expires_at = asked.saturating_add(request.expires_in_seconds.saturating_mul(1000));
        live.host = host;
        live.request = Some(request);
        let was_sent = live.highest > 0;
        self.set(part, PartState::Signed);
        // What was on its way before goes first, so that no part is left far behind.
        if was_sent {
            self.ready.push_front(part);
        } else {
            self.ready.push_back(part);
        }
    }

    fn take_sign_call(&mut self, cx: &mut Context, attempt: Attempt) -> Option<SignCall> {
        let index = self.signing.iter().position(|sign| sign.call.attempt == attempt)?;
        cx.call_over();
        cx.timers.clear(Timer::Sign(self.id, attempt));
        Some(self.signing.remove(index))
    }

    /// No answer in time.
    pub(in crate::machine) fn sign_stalled(&mut self, cx: &mut Context, attempt: Attempt) {
        self.signed(cx, attempt, Err(CallFault::Network));
    }

    /// Answers to presigns under way are not waited for any more.
    pub(super) fn drop_signing(&mut self, cx: &mut Context) {
        while let Some(attempt) = self.signing.last().map(|sign| sign.call.attempt) {
            if let Some(sign) = self.take_sign_call(cx, attempt) {
                self.unsigned(&sign.parts);
            }
        }
    }

    /// URLs of unknown age are signed again.
    pub(super) fn drop_urls(&mut self) {
        while let Some(part) = self.ready.pop_back() {
            if self.is(part, PartState::Signed) {
                self.line_up(part);
            }
        }
    }
}
