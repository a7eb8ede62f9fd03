//! `Prepare` and `DropPrepare`: has the workers compute digests of parts, and keeps the bodies to be sent.

use slipway_protocol::machine::{Attempt, Input, LocalId, Purpose, ReadFault};
use slipway_protocol::wire::id::PartNumber;
use slipway_protocol::wire::plan::{DigestAlgorithm, PartRange};
use web_sys::File;

use crate::hash::{HashEvent, JobKey};
use crate::shell::driver::Driver;
use crate::shell::notices::Notice;

/// A prepared part. Its slice is made when it is sent, and read from disk by the browser, so no part is held in memory.
#[derive(Debug)]
pub(in crate::shell) struct Body {
    attempt: Attempt,
    pub(in crate::shell) file: File,
    pub(in crate::shell) range: PartRange,
}

impl Driver {
    pub(in crate::shell) fn prepare(
        &self,
        (id, part, attempt): (LocalId, PartNumber, Attempt),
        range: PartRange,
        digest: DigestAlgorithm,
        purpose: Purpose,
    ) {
        let Some(file) = self.file(id) else {
            return self.feed(Input::PrepareFailed { id, part, attempt, fault: ReadFault::Gone });
        };
        if digest != DigestAlgorithm::Md5 {
            // The workers compute MD5 only. Nothing was kept, so no `DropPrepare` is owed.
            return self.feed(Input::PrepareFailed { id, part, attempt, fault: ReadFault::Unsupported });
        }
        self.0.preparing.borrow_mut().insert(job_key(id, part, attempt), range.len);
        if purpose == Purpose::Send {
            self.0.bodies.borrow_mut().insert((id, part), Body { attempt, file: file.clone(), range });
        }
        self.0.pool.prepare(job_key(id, part, attempt), &file, range.start, range.len);
    }

    pub(in crate::shell) fn drop_prepare(&self, id: LocalId, part: PartNumber, attempt: Attempt) {
        self.0.preparing.borrow_mut().remove(&job_key(id, part, attempt));
        self.0.pool.drop_job(job_key(id, part, attempt));
        let mut bodies = self.0.bodies.borrow_mut();
        if bodies.get(&(id, part)).is_some_and(|body| body.attempt == attempt) {
            bodies.remove(&(id, part));
        }
    }

    pub(in crate::shell) fn hash_event(&self, event: HashEvent) {
        match event {
            HashEvent::Progress { key, bytes } => {
                let (id, part, attempt) = parts_of(key);
                self.feed(Input::Preparing { id, part, attempt, bytes });
            }
            HashEvent::Done { key, digest } => {
                let (id, part, attempt) = parts_of(key);
                let len = self.0.preparing.borrow_mut().remove(&key).unwrap_or(0);
                self.feed(Input::Prepared { id, part, attempt, digest: digest.into(), len });
            }
            HashEvent::Failed { key, fault } => {
                let (id, part, attempt) = parts_of(key);
                self.0.preparing.borrow_mut().remove(&key);
                self.drop_prepare(id, part, attempt);
                self.feed(Input::PrepareFailed { id, part, attempt, fault });
            }
            HashEvent::WorkerLost => self.show_notice(Notice::NoWorker),
        }
    }
}

fn job_key(id: LocalId, part: PartNumber, attempt: Attempt) -> JobKey {
    JobKey { id: id.0, part: part.get(), attempt: attempt.0 }
}

fn parts_of(key: JobKey) -> (LocalId, PartNumber, Attempt) {
    let part = PartNumber::new(key.part).expect("the pool returns the keys of its jobs");
    (LocalId(key.id), part, Attempt(key.attempt))
}
