//! The wire: PUTs with progress, calls, and all that goes wrong on the way.

use slipway_protocol::machine::*;
use slipway_protocol::wire::digest::Md5;
use slipway_protocol::wire::error::ErrorCode;
use slipway_protocol::wire::id::PartNumber;

use super::bucket::Permit;
use super::functions::refuse;
use super::{Body, Event, World};

/// One PUT on its way.
#[derive(Debug)]
pub(crate) struct Transfer {
    id: LocalId,
    part: PartNumber,
    attempt: Attempt,
    permit: Permit,
    began: u64,
    /// MD5 of what comes over the wire.
    bytes: Md5,
    len: u64,
    fate: Fate,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    Arrives,
    /// Cut: the bytes are lost, or the answer.
    Cut {
        after_storing: bool,
    },
    /// No answer ever; the bytes may have arrived.
    Silent {
        after_storing: bool,
    },
    Refused(u16, &'static str),
    Unreadable(ReadFault),
}

/// A host that nothing comes through to refuses connections, swallows what is sent, or is blocked by a proxy that answers.
fn dead_end(attempt: Attempt) -> Fate {
    let after_storing = false;
    match attempt.0 % 4 {
        0 => Fate::Silent { after_storing },
        1 => Fate::Refused(403, ""),
        _ => Fate::Cut { after_storing },
    }
}

impl World {
    pub(super) fn put(&mut self, effect: Effect) {
        self.check_saved(&effect);
        let Effect::Put { id, part, attempt, len, request } = effect else { return };
        let permit = Permit::read(&request);
        let Body { range, opened } = self.bodies[&(id, part)];
        let file = self.file(id);
        let right = file.digest(file.seen(opened), range);
        let is_readable = !file.gone && opened.is_some() && (file.silent || opened == Some(file.version()));
        let is_dead = self.schedule.dead == Some(permit.host);
        let fate = if is_readable && is_dead {
            dead_end(attempt)
        } else if is_readable {
            self.fate()
        } else {
            Fate::Unreadable(self.unreadable(id))
        };
        let bytes = if self.chance(self.schedule.faults.corrupt) { Md5::of(b"noise") } else { right };
        let rate = self.schedule.faults.lane_rate;
        let millis = len * 1000 / rate + self.delay();
        let share = if matches!(fate, Fate::Arrives | Fate::Refused(..)) { 1000 } else { self.up_to(1000) };
        let took = millis * share / 1000;
        for third in 1..=3 {
            let bytes = len * share / 1000 * third / 3;
            self.later(took * third / 3, Event::Input(self.page, Input::Sent { id, part, attempt, bytes }));
        }
        let transfer = Transfer { id, part, attempt, permit, began: self.now, bytes, len, fate };
        self.later(took, Event::Put(self.page, Box::new(transfer)));
    }

    fn unreadable(&mut self, id: LocalId) -> ReadFault {
        if self.file(id).gone { ReadFault::Gone } else { ReadFault::Changed }
    }

    fn fate(&mut self) -> Fate {
        let faults = self.schedule.faults;
        let after_storing = self.up_to(2) == 0;
        if self.chance(faults.cut) {
            Fate::Cut { after_storing }
        } else if self.chance(faults.stall) {
            Fate::Silent { after_storing }
        } else if self.chance(faults.refuse) {
            let answers = [(503, "SlowDown"), (500, "InternalError"), (400, "RequestTimeout"), (502, "")];
            let (status, code) = answers[self.up_to(3) as usize];
            Fate::Refused(status, code)
        } else if self.chance(faults.read) {
            Fate::Unreadable(ReadFault::Io)
        } else {
            Fate::Arrives
        }
    }

    pub(super) fn put_arrives(&mut self, page: u32, transfer: &Transfer) {
        let is_dropped = page != self.page || self.dropped.contains(&(page, transfer.attempt));
        // Aborted, or its page is gone: the last bytes may be through all the same.
        if is_dropped && self.up_to(2) > 0 {
            return;
        }
        let mut fate = transfer.fate;
        if self.is_cut_off() {
            fate = if self.up_to(1) == 0 {
                Fate::Cut { after_storing: false }
            } else {
                Fate::Silent { after_storing: false }
            };
        }
        let Transfer { id, part, attempt, .. } = *transfer;
        let stores =
            matches!(fate, Fate::Arrives | Fate::Cut { after_storing: true } | Fate::Silent { after_storing: true });
        let answer = if stores {
            self.bucket.put(transfer.began, &transfer.permit, transfer.bytes, transfer.len)
        } else {
            Err(PutFault::Network)
        };
        let answer = match fate {
            Fate::Silent { .. } => return,
            Fate::Cut { .. } => Err(PutFault::Network),
            Fate::Refused(status, code) => {
                Err(PutFault::Http { status, code: (!code.is_empty()).then(|| code.into()) })
            }
            Fate::Unreadable(fault) => Err(PutFault::Read(fault)),
            Fate::Arrives => answer,
        };
        let hidden = self.schedule.faults.hidden_etag;
        let input = match answer {
            Ok(md5) => {
                let etag = (!hidden).then(|| format!("\"{}\"", md5.hex()));
                Input::Stored { id, part, attempt, etag }
            }
            Err(fault) => Input::PutFailed { id, part, attempt, fault },
        };
        self.answer(page, input);
    }

    /// An answer on its way to the page; sometimes twice.
    fn answer(&mut self, page: u32, input: Input) {
        if self.chance(self.schedule.faults.repeat) {
            let wait = self.up_to(100_000);
            self.later(wait, Event::Input(page, input.clone()));
        }
        let wait = self.delay();
        self.later(wait, Event::Input(page, input));
    }

    pub(super) fn call(&mut self, effect: Effect) {
        self.check_saved(&effect);
        if let Effect::FetchStatus { attempt, .. } = &effect {
            self.oracle.calls.insert(*attempt, "status");
        }
        if let Effect::Initiate { uploads, .. } = &effect {
            uploads.iter().for_each(|entry| self.oracle.began_again(entry.id));
        }
        let wait = self.delay();
        self.later(wait, Event::Call(self.page, effect));
    }

    pub(super) fn call_arrives(&mut self, page: u32, effect: &Effect) {
        let faults = self.schedule.faults;
        let is_lost = self.is_cut_off() || self.chance(faults.lose);
        let is_executed = !is_lost || (!self.is_cut_off() && self.up_to(1) == 0);
        let is_refused = self.chance(faults.refuse);
        let answer = if is_executed && !is_refused { Some(self.execute(effect)) } else { None };
        let fault = if is_refused { self.refusal() } else { CallFault::Network };
        if is_lost && self.up_to(3) == 0 {
            return; // Neither answer nor error: only the machine's own watchdog ends it.
        }
        let input = match answer {
            Some(input) if !is_lost => input,
            _ => failed(effect, fault),
        };
        self.answer(page, input);
    }

    fn refusal(&mut self) -> CallFault {
        let codes = [ErrorCode::Internal, ErrorCode::Unavailable, ErrorCode::RateLimited];
        let code = codes[self.up_to(2) as usize];
        let retry_after = (code == ErrorCode::RateLimited).then_some(2);
        CallFault::Api { status: code.status(), code, retry_after, parts: vec![] }
    }

    fn execute(&mut self, effect: &Effect) -> Input {
        let now = self.now;
        match effect {
            Effect::Initiate { batch, attempt, key, uploads, .. } => {
                let answer = self.functions.initiate(&mut self.bucket, now, key, uploads);
                Input::Initiated { batch: *batch, attempt: *attempt, answer }
            }
            Effect::Sign { id, attempt, upload, parts, .. } => {
                let answer = self.functions.sign(now, *upload, parts);
                Input::Signed { id: *id, attempt: *attempt, answer }
            }
            Effect::FetchStatus { id, attempt, upload, .. } => {
                let answer = self.functions.status(&self.bucket, *upload).map(Box::new);
                Input::Status { id: *id, attempt: *attempt, answer }
            }
            Effect::Complete { batch, attempt, uploads, .. } => {
                let slow = if self.schedule.faults.slow_complete { 1 + self.up_to(20_000) } else { 0 };
                let complete =
                    |(_, upload): &(LocalId, _)| self.functions.complete(&mut self.bucket, now, *upload, slow);
                let answer = Ok(uploads.iter().map(complete).collect());
                Input::Completed { batch: *batch, attempt: *attempt, answer }
            }
            Effect::Adopt { id, attempt, upload, proofs, .. } => {
                let answer = self.functions.adopt(&self.bucket, *id, *upload, proofs);
                Input::Adopted { id: *id, attempt: *attempt, answer }
            }
            Effect::AbortUpload { id, attempt, upload, .. } => {
                let answer = self.functions.abort(&mut self.bucket, *upload);
                Input::Aborted { id: *id, attempt: *attempt, answer }
            }
            other => unreachable!("{other:?} is no call"),
        }
    }
}

fn failed(effect: &Effect, fault: CallFault) -> Input {
    match effect {
        Effect::Initiate { batch, attempt, .. } => {
            Input::Initiated { batch: *batch, attempt: *attempt, answer: Err(fault) }
        }
        Effect::Sign { id, attempt, .. } => Input::Signed { id: *id, attempt: *attempt, answer: Err(fault) },
        Effect::FetchStatus { id, attempt, .. } => Input::Status { id: *id, attempt: *attempt, answer: Err(fault) },
        Effect::Complete { batch, attempt, .. } => {
            Input::Completed { batch: *batch, attempt: *attempt, answer: Err(fault) }
        }
        Effect::AbortUpload { id, attempt, .. } => Input::Aborted { id: *id, attempt: *attempt, answer: Err(fault) },
        Effect::Adopt { id, attempt, .. } => Input::Adopted { id: *id, attempt: *attempt, answer: Err(fault) },
        _ => Input::Initiated { batch: 0, attempt: Attempt(0), answer: Err(refuse(ErrorCode::Internal)) },
    }
}
