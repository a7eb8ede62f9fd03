//! What follows the answers of batches: initiate and complete.

use super::batch::{Batch, Kind};
use super::context::{Call, Context};
use super::engine::Engine;
use super::timers::{Gate, Timer};
use super::upload::Upload;
use super::{Attempt, CallFault, CompleteOutcome, LocalId, Reason};
use crate::machine::network::fault::{self, Operation, Recovery};
use crate::prelude::*;
use crate::wire::StartedUpload;

impl Engine {
    /// Takes the call off a batch, if this is its answer.
    fn take_call(&mut self, number: u32, attempt: Attempt) -> Option<Call> {
        // A late answer to a call that was given up must not end the one that is running now.
        let call = self.batches.get(&number)?.call().filter(|call| call.attempt == attempt)?;
        self.drop_batch_call(number);
        Some(call)
    }

    pub(super) fn drop_batch_call(&mut self, number: u32) {
        let Some(batch) = self.batches.get_mut(&number) else { return };
        if batch.take_call().is_some() {
            self.cx.call_over();
            self.cx.timers.clear(Timer::Batch(number));
        }
    }

    /// No answer in time.
    pub(super) fn batch_stalled(&mut self, number: u32) {
        let Some(batch) = self.batches.get(&number) else { return };
        let Some(call) = batch.call() else { return };
        match batch.kind() {
            Kind::Initiate => self.initiated(number, call.attempt, Err(CallFault::Network)),
            Kind::Complete => self.completed(number, call.attempt, Err(CallFault::Network)),
        }
    }

    fn members_of(&self, number: u32) -> Vec<LocalId> {
        self.batches.get(&number).map(|batch| batch.members().to_vec()).unwrap_or_default()
    }

    pub(super) fn initiated(&mut self, number: u32, attempt: Attempt, answer: Result<Vec<StartedUpload>, CallFault>) {
        let Some(call) = self.take_call(number, attempt) else { return };
        let members = self.members_of(number);
        match answer {
            Ok(started) if started.len() == members.len() => {
                self.cx.api_answered();
                // What is signed in a repeated answer may be old.
                let is_repeated = self.batches.get(&number).is_some_and(Batch::is_repeated);
                for (id, mut started) in members.into_iter().zip(started) {
                    if is_repeated {
                        started.requests.clear();
                    }
                    self.with(id, |upload, cx| upload.initiated(cx, call.started, started));
                }
                if let Some(batch) = self.batches.get_mut(&number) {
                    batch.set_answered();
                }
            }
            // Answers are matched by position: one of another length could give an upload another file's URLs.
            Ok(_) => self.refuse(number, &members, Reason::ServerError),
            Err(fault) => self.initiate_failed(number, call, &members, &fault),
        }
    }

    fn initiate_failed(&mut self, number: u32, call: Call, members: &[LocalId], fault: &CallFault) {
        let recovery = fault::after_call(Operation::Initiate, fault);
        if recovery == Recovery::Retry {
            self.batch_failed(number, call, members, fault);
            return;
        }
        // A refusal is an answer, too: the functions are healthy, and other calls need not wait.
        self.cx.api_answered();
        match recovery {
            Recovery::NewKey => self.split(number, members),
            // All begin, or none: one at a time, the others are not held up by the one that is refused.
            _ if members.len() > 1 => self.split(number, members),
            Recovery::Stop(reason) => self.refuse(number, members, reason),
            _ => self.refuse(number, members, Reason::ServerError),
        }
    }

    fn batch_failed(&mut self, number: u32, call: Call, members: &[LocalId], fault: &CallFault) {
        let retry_after = fault::retry_after(fault);
        self.cx.api_failed(call, retry_after);
        if let Some(batch) = self.batches.get_mut(&number) {
            batch.back_off(&mut self.cx, number, call, retry_after);
        }
        // Each member counts the failure: its row shows the wait, and its circuit opens after minutes of them.
        for id in members {
            self.with(*id, |upload, cx| upload.back_off_calls(cx, call, retry_after));
        }
    }

    fn split(&mut self, number: u32, members: &[LocalId]) {
        let room = self.batches.remove(&number).map(|batch| batch.room());
        for id in members {
            if self.is_known(*id) {
                // Known from a record of an earlier page. Begun again, it would be a second upload of the same file.
                self.with(*id, |upload, _| upload.release());
                continue;
            }
            self.with(*id, Upload::reset_initiate);
            let can_initiate = self.uploads.get(id).is_some_and(|upload| !upload.is_over());
            if let (Some(room), true) = (room, can_initiate) {
                self.initiate(room, vec![*id], true);
            }
        }
    }

    fn refuse(&mut self, number: u32, members: &[LocalId], reason: Reason) {
        self.batches.remove(&number);
        for id in members {
            if self.is_known(*id) {
                self.with(*id, |upload, _| upload.release());
                continue;
            }
            self.with(*id, |upload, cx| {
                upload.reset_initiate(cx);
                upload.stop(cx, reason);
            });
        }
    }

    fn is_known(&self, id: LocalId) -> bool {
        self.uploads.get(&id).is_some_and(Upload::is_known)
    }

    pub(super) fn completed(&mut self, number: u32, attempt: Attempt, answer: Result<Vec<CompleteOutcome>, CallFault>) {
        let Some(call) = self.take_call(number, attempt) else { return };
        let members = self.members_of(number);
        match answer {
            Err(fault) if fault::after_call(Operation::Complete, &fault) == Recovery::Retry => {
                self.batch_failed(number, call, &members, &fault);
            }
            Err(fault) => self.each_completed(number, call, &members, |_| CompleteOutcome::Refused(fault.clone())),
            Ok(outcomes) => {
                self.cx.api_answered();
                // An answer that is too short is a lost one for the rest, so their status is fetched.
                let lost = || CompleteOutcome::Refused(CallFault::Network);
                self.each_completed(number, call, &members, |index| outcomes.get(index).cloned().unwrap_or_else(lost));
            }
        }
    }

    fn each_completed(
        &mut self,
        number: u32,
        call: Call,
        members: &[LocalId],
        outcome: impl Fn(usize) -> CompleteOutcome,
    ) {
        self.batches.remove(&number);
        self.cx.timers.clear(Timer::Gate(Gate::Batch(number)));
        for (index, id) in members.iter().enumerate() {
            self.with(*id, |upload: &mut Upload, cx: &mut Context| {
                // A member that left the batch meanwhile has its status fetched instead.
                if upload.is_completing_with(number) {
                    upload.completed(cx, call, outcome(index));
                }
            });
        }
    }
}
