//! `Prepare` and `DropPrepare`: digests of parts, computed by the pool of workers.

use slipway_protocol::machine::{Attempt, Input, LocalId, ReadFault};
use slipway_protocol::wire::id::PartNumber;
use slipway_protocol::wire::plan::PartRange;

use crate::hash::{HashEvent, JobKey};
use crate::shell::driver::Driver;
use crate::shell::notices::Notice;

impl Driver {
    pub(in crate::shell) fn prepare(&self, id: LocalId, part: PartNumber, attempt: Attempt, range: PartRange) {
        match self.file(id) {
            Some(file) => self.0.pool.prepare(job_key(id, part, attempt), &file, range.start, range.len),
            None => self.feed(Input::PrepareFailed { id, part, attempt, fault: ReadFault::Gone }),
        }
    }

    pub(in crate::shell) fn hash_event(&self, event: HashEvent) {
        let Some(event) = self.take_proof(event) else { return };
        match event {
            HashEvent::Progress { key, bytes } => {
                let (id, part, attempt) = parts_of(key);
                self.feed(Input::Preparing { id, part, attempt, bytes });
            }
            HashEvent::Done { key, digest } => {
                let (id, part, attempt) = parts_of(key);
                self.feed(Input::Prepared { id, part, attempt, digest });
            }
            HashEvent::Failed { key, fault } => {
                let (id, part, attempt) = parts_of(key);
                self.feed(Input::PrepareFailed { id, part, attempt, fault });
            }
            HashEvent::WorkerLost => self.show_notice(Notice::NoWorker),
        }
    }
}

pub(in crate::shell) fn job_key(id: LocalId, part: PartNumber, attempt: Attempt) -> JobKey {
    JobKey { id: id.0, part: part.get(), attempt: attempt.0 }
}

fn parts_of(key: JobKey) -> (LocalId, PartNumber, Attempt) {
    let part = PartNumber::new(key.part).expect("the pool gives back the keys it was given");
    (LocalId(key.id), part, Attempt(key.attempt))
}
