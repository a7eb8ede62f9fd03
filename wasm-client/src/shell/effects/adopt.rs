//! Going on with an upload that was begun in another browser or on another machine.
//!
//! The functions name some parts that storage has; who knows their MD5s has the file. From then on it is an upload
//! like one restored from the checkpoint: what is stored is hashed again and compared, the rest is sent.

use futures::channel::oneshot;
use futures::future::try_join_all;
use slipway_protocol::calls::Fault;
use slipway_protocol::machine::{
    Attempt, CallFault, Checkpoint, Input, LocalId, ReadFault, Record, ServerSide, UploadRecord,
};
use slipway_protocol::wire::digest::{Digest, Md5};
use slipway_protocol::wire::error::ErrorCode;
use slipway_protocol::wire::id::{PartNumber, RoomId, UploadId};
use slipway_protocol::wire::plan::Plan;
use slipway_protocol::wire::{Adoption, Proof};

use crate::ClientError;
use crate::browser::files::Picked;
use crate::browser::store;
use crate::hash::HashEvent;
use crate::shell::driver::Driver;
use crate::shell::effects::job_key;
use crate::shell::rooms::random;

/// No effect of the machine has it: its attempts begin with 1.
const PROOF: Attempt = Attempt(0);

/// Who waits for a digest.
pub(in crate::shell) type Asked = oneshot::Sender<Result<Md5, ReadFault>>;

/// Why an upload is not gone on with.
#[derive(Debug)]
pub(crate) enum AdoptFault {
    /// Its bytes are not those that storage has.
    NotTheFile,
    /// It is not open any more.
    Gone,
    /// The file can't be read, no answer, or no right.
    Failed(ClientError),
}

impl Driver {
    /// Proves that the file is the one, and goes on with the upload.
    pub(crate) async fn adopt(&self, room: RoomId, upload: UploadId, picked: &Picked) -> Result<(), AdoptFault> {
        let id = LocalId(u64::from_le_bytes(random()) >> 11);
        if let Adoption::Challenge { plan, parts } = self.0.rooms.adopt(room, upload, Vec::new()).await? {
            let proofs = try_join_all(parts.iter().map(|part| self.prove(id, *part, &plan, picked))).await?;
            match self.0.rooms.adopt(room, upload, proofs).await? {
                Adoption::Adopted { .. } => {}
                Adoption::Challenge { .. } => return Err(AdoptFault::NotTheFile),
            }
        }
        let status = self.0.rooms.status(room, upload).await?;
        let server = ServerSide { upload, file: status.file_id, plan: status.plan };
        self.go_on(id, room, server, picked);
        Ok(())
    }

    async fn prove(&self, id: LocalId, part: PartNumber, plan: &Plan, picked: &Picked) -> Result<Proof, AdoptFault> {
        let range = plan.range(part).filter(|range| range.end() <= picked.source().size);
        let range = range.ok_or(AdoptFault::NotTheFile)?;
        let (asked, answer) = oneshot::channel();
        self.0.proofs.borrow_mut().insert(job_key(id, part, PROOF), asked);
        self.0.pool.prepare(job_key(id, part, PROOF), &picked.file, range.start, range.len);
        match answer.await {
            Ok(Ok(digest)) => Ok(Proof { part_number: part, digest: Digest(digest) }),
            _ => Err(AdoptFault::Failed(ClientError::Unreadable)),
        }
    }

    /// Takes out what the machine did not ask for.
    pub(in crate::shell) fn take_proof(&self, event: HashEvent) -> Option<HashEvent> {
        let (key, outcome) = match event {
            HashEvent::Progress { key, .. } if key.attempt == PROOF.0 => return None,
            HashEvent::Done { key, digest } if key.attempt == PROOF.0 => (key, Ok(digest)),
            HashEvent::Failed { key, fault } if key.attempt == PROOF.0 => (key, Err(fault)),
            other => return Some(other),
        };
        if let Some(asked) = self.0.proofs.borrow_mut().remove(&key) {
            // Who asked may have given up.
            let _ = asked.send(outcome);
        }
        None
    }

    /// As if an earlier page of this device had begun it.
    fn go_on(&self, id: LocalId, room: RoomId, server: ServerSide, picked: &Picked) {
        store::persist();
        self.start_worker_clock();
        let head = UploadRecord {
            v: 1,
            id,
            number: self.0.engine.borrow_mut().next_number(),
            room,
            source: picked.source(),
            initiate_key: String::new(),
            begin: None,
            digest: None,
            server: Some(server),
            paused: false,
            cancelled: false,
            dismissed: false,
        };
        self.0.store.begin(id);
        self.0.store.save(id, 0, Record::Upload(head.clone()));
        if let Some(handle) = picked.handle.clone() {
            self.0.store.save_handle(id, handle);
        }
        self.0.locks.claim(id);
        self.feed(Input::Restore { uploads: vec![Checkpoint { head, parts: Vec::new() }] });
        self.opened(id, picked.clone());
    }
}

impl From<Fault> for AdoptFault {
    fn from(fault: Fault) -> Self {
        match fault.code() {
            Some(ErrorCode::ProofMismatch) => Self::NotTheFile,
            Some(code) if is_over(code) => Self::Gone,
            _ => Self::Failed(fault.into()),
        }
    }
}

impl From<CallFault> for AdoptFault {
    fn from(fault: CallFault) -> Self {
        match fault {
            CallFault::Api { code, .. } if is_over(code) => Self::Gone,
            _ => Self::Failed(ClientError::Offline),
        }
    }
}

fn is_over(code: ErrorCode) -> bool {
    use ErrorCode::{NotFound, UploadAborted, UploadCompleted, UploadCompleting, UploadExpired, UploadFailed};
    [NotFound, UploadAborted, UploadCompleted, UploadCompleting, UploadExpired, UploadFailed].contains(&code)
}
