//! The functions: idempotent initiate, digests written once, complete that verifies, expiry and abort.

use std::collections::BTreeMap;

use slipway_protocol::machine::digest::PartDigest;
use slipway_protocol::machine::{CallFault, CompleteOutcome, LocalId, Standing, Stored, ToInitiate, ToSign};
use slipway_protocol::wire::digest::Md5;
use slipway_protocol::wire::error::ErrorCode;
use slipway_protocol::wire::id::{FileId, PartNumber, UploadId};
use slipway_protocol::wire::plan::{Plan, Planner};
use slipway_protocol::wire::{Adoption, Proof, SignedRequest, StartedUpload, UploadState};

use super::bucket::{Bucket, Permit};
use super::files::as_kind;

pub(crate) const URL_SECONDS: u64 = 900;

/// One upload as the functions record it.
#[derive(Clone, Debug)]
pub(crate) struct Known {
    pub(crate) id: LocalId,
    pub(crate) upload: UploadId,
    pub(crate) file: FileId,
    pub(crate) plan: Plan,
    pub(crate) state: UploadState,
    pub(crate) promised: BTreeMap<PartNumber, PartDigest>,
    /// When a slow complete ends.
    pub(crate) done_at: u64,
    pub(crate) owner: Owner,
    pub(crate) is_begun_here: bool,
    /// The row here that proved it.
    pub(crate) adopted_by: Option<LocalId>,
    /// A row here gave it up.
    pub(crate) is_aborted_here: bool,
    /// Another device began it with other bytes than the file here has.
    pub(crate) differs: bool,
    /// The next proof comes later than another member's.
    pub(crate) is_overtaken: bool,
    /// The parts to prove: kept, and growing.
    challenge: Option<Vec<PartNumber>>,
}

/// Whose upload it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Owner {
    /// The member of this page.
    Us,
    Other,
}

impl Known {
    pub(crate) fn of_plan(id: LocalId, upload: UploadId, file: FileId, plan: Plan) -> Self {
        Self {
            id,
            upload,
            file,
            plan,
            state: UploadState::Uploading,
            promised: BTreeMap::new(),
            done_at: 0,
            owner: Owner::Us,
            is_begun_here: true,
            adopted_by: None,
            is_aborted_here: false,
            differs: false,
            is_overtaken: false,
            challenge: None,
        }
    }
}

#[derive(Debug)]
pub(crate) struct Functions {
    planner: Planner,
    pub(crate) uploads: BTreeMap<UploadId, Known>,
    answers: BTreeMap<String, (String, Vec<UploadId>)>,
    made: u64,
}

impl Functions {
    pub(crate) fn of(planner: Planner) -> Self {
        Self { planner, uploads: BTreeMap::new(), answers: BTreeMap::new(), made: 0 }
    }
}

pub(crate) fn refuse(code: ErrorCode) -> CallFault {
    CallFault::Api { status: code.status(), code, retry_after: None, parts: vec![] }
}

impl Functions {
    pub(crate) fn initiate(
        &mut self,
        bucket: &mut Bucket,
        now: u64,
        key: &str,
        body: &[ToInitiate],
    ) -> Result<Vec<StartedUpload>, CallFault> {
        let print = fingerprint(body);
        let known = match self.answers.get(key) {
            Some((before, _)) if *before != print => return Err(refuse(ErrorCode::IdempotencyMismatch)),
            Some((_, uploads)) => uploads.clone(),
            None => {
                let uploads: Vec<UploadId> = body.iter().map(|entry| self.make(bucket, entry)).collect();
                self.answers.insert(key.to_owned(), (print, uploads.clone()));
                uploads
            }
        };
        Ok(known.iter().zip(body).map(|(upload, entry)| self.start(now, *upload, entry)).collect())
    }

    pub(crate) fn knows_key(&self, key: &str) -> bool {
        self.answers.contains_key(key)
    }

    fn make(&mut self, bucket: &mut Bucket, entry: &ToInitiate) -> UploadId {
        self.made += 1;
        let mut bytes = [0; 16];
        bytes[..8].copy_from_slice(&self.made.to_be_bytes());
        let upload = UploadId::from_bytes(bytes);
        let plan = self.planner.plan(entry.source.size, entry.rate_hint).unwrap();
        let promised = entry.first_parts.iter().map(|sign| (sign.part, sign.digest)).collect();
        let file = FileId::from_bytes(bytes);
        self.uploads.insert(upload, Known { promised, ..Known::of_plan(entry.id, upload, file, plan) });
        bucket.begin(upload, plan.is_single());
        upload
    }

    fn start(&self, now: u64, upload: UploadId, entry: &ToInitiate) -> StartedUpload {
        let known = &self.uploads[&upload];
        StartedUpload {
            upload_id: upload,
            file_id: known.file,
            plan: known.plan,
            expires_in_seconds: 1_000_000,
            requests: entry.first_parts.iter().map(|sign| permit(now, known, sign)).collect(),
        }
    }

    pub(crate) fn sign(
        &mut self,
        now: u64,
        upload: UploadId,
        parts: &[ToSign],
    ) -> Result<Vec<SignedRequest>, CallFault> {
        let known = self.owned(upload).ok_or_else(|| refuse(ErrorCode::NotFound))?;
        if let Some(code) = closed(known.state) {
            return Err(refuse(code));
        }
        for sign in parts {
            if *known.promised.entry(sign.part).or_insert(sign.digest) != sign.digest {
                return Err(refuse(ErrorCode::FileChanged));
            }
        }
        Ok(parts.iter().map(|sign| permit(now, known, sign)).collect())
    }

    pub(crate) fn status(&self, bucket: &Bucket, upload: UploadId) -> Result<Standing, CallFault> {
        let known = self.uploads.get(&upload).ok_or_else(|| refuse(ErrorCode::NotFound))?;
        let stored = |(part, (digest, size)): (&PartNumber, &(Md5, u64))| Stored {
            part: *part,
            size: *size,
            digest: as_kind(*digest, known.plan.transport.digest),
        };
        let parts = if known.state.is_open() && known.owner == Owner::Us {
            bucket.uploads[&upload].parts.iter().map(stored).collect()
        } else {
            vec![]
        };
        Ok(Standing { upload, file: known.file, state: known.state, plan: known.plan, parts })
    }

    /// `slow_ms` above 0: answered with 202, and done that much later.
    pub(crate) fn complete(
        &mut self,
        bucket: &mut Bucket,
        now: u64,
        upload: UploadId,
        slow_ms: u64,
    ) -> CompleteOutcome {
        let Some(known) = self.owned(upload) else {
            return CompleteOutcome::Refused(refuse(ErrorCode::NotFound));
        };
        match known.state {
            UploadState::Completed => return CompleteOutcome::Done { file: known.file },
            UploadState::Completing => return CompleteOutcome::Working { retry_after_seconds: 2 },
            state => {
                if let Some(code) = closed(state) {
                    return CompleteOutcome::Refused(refuse(code));
                }
            }
        }
        let held = &bucket.uploads[&upload];
        let is_right = |part: &PartNumber| {
            let stored = held.parts.get(part);
            stored.is_some_and(|(digest, len)| {
                let digest = as_kind(*digest, known.plan.transport.digest);
                known.promised.get(part) == Some(&digest) && known.plan.wire_len(*part) == Some(*len)
            })
        };
        let missing: Vec<PartNumber> = known.plan.parts().filter(|part| !is_right(part)).collect();
        if !missing.is_empty() {
            let code = ErrorCode::PartsIncomplete;
            return CompleteOutcome::Refused(CallFault::Api { status: 409, code, retry_after: None, parts: missing });
        }
        if slow_ms > 0 {
            known.state = UploadState::Completing;
            known.done_at = now + slow_ms;
            return CompleteOutcome::Working { retry_after_seconds: 1 };
        }
        finish(known, bucket);
        CompleteOutcome::Done { file: known.file }
    }

    fn owned(&mut self, upload: UploadId) -> Option<&mut Known> {
        self.uploads.get_mut(&upload).filter(|known| known.owner == Owner::Us)
    }

    /// Without proofs the challenge, which is the same for all who ask.
    pub(crate) fn adopt(
        &mut self,
        bucket: &Bucket,
        id: LocalId,
        upload: UploadId,
        proofs: &[Proof],
    ) -> Result<Adoption, CallFault> {
        let known = self.uploads.get_mut(&upload).ok_or_else(|| refuse(ErrorCode::NotFound))?;
        if let Some(code) = closed(known.state) {
            return Err(refuse(code));
        }
        if known.owner == Owner::Us {
            return Ok(Adoption::Adopted { upload_id: upload });
        }
        let digests: BTreeMap<PartNumber, Md5> = if known.plan.is_single() {
            known.promised.iter().filter_map(|(part, digest)| Some((*part, digest.md5()?))).collect()
        } else {
            bucket.uploads[&upload].parts.iter().map(|(part, (digest, _))| (*part, *digest)).collect()
        };
        if digests.is_empty() {
            return Err(refuse(ErrorCode::NotFound));
        }
        // Every second one, up to three. Which parts are challenged is the functions' choice.
        // One fewer at first, as if less had been stored: the challenge grows, and keeps what was asked for.
        let wanted: Vec<PartNumber> = digests.keys().copied().step_by(2).take(3).collect();
        let asked = known.challenge.get_or_insert_with(|| wanted[..wanted.len().div_ceil(2)].to_vec());
        if proofs.is_empty() {
            return Ok(Adoption::Challenge { plan: known.plan, parts: asked.clone() });
        }
        let is_right = |proof: &Proof| digests.get(&proof.part_number) == Some(&proof.digest.0);
        let proves = |part: &PartNumber| proofs.iter().any(|proof| proof.part_number == *part && is_right(proof));
        for part in wanted {
            if asked.len() < 3 && !asked.contains(&part) {
                asked.push(part);
            }
        }
        let are_asked = proofs.iter().all(|proof| asked.contains(&proof.part_number) && is_right(proof));
        if are_asked && proofs.len() < asked.len() {
            return Ok(Adoption::Challenge { plan: known.plan, parts: asked.clone() });
        }
        if proofs.len() != asked.len() || !asked.iter().all(proves) {
            return Err(refuse(ErrorCode::ProofMismatch));
        }
        if std::mem::take(&mut known.is_overtaken) {
            return Err(refuse(ErrorCode::NotFound));
        }
        known.owner = Owner::Us;
        known.adopted_by = Some(id);
        Ok(Adoption::Adopted { upload_id: upload })
    }

    /// By a manager of the room.
    pub(crate) fn remove(&mut self, bucket: &mut Bucket, upload: UploadId) {
        if let Some(known) = self.uploads.get_mut(&upload).filter(|known| known.state.is_open()) {
            known.state = UploadState::Aborted;
            close(bucket, upload);
        }
    }

    pub(crate) fn abort(&mut self, bucket: &mut Bucket, upload: UploadId) -> Result<(), CallFault> {
        let known = self.uploads.get_mut(&upload).ok_or_else(|| refuse(ErrorCode::NotFound))?;
        if known.owner != Owner::Us {
            return Err(refuse(ErrorCode::RoleTooLow));
        }
        match known.state {
            UploadState::Completed => Err(refuse(ErrorCode::UploadCompleted)),
            UploadState::Completing => Err(refuse(ErrorCode::UploadCompleting)),
            UploadState::Expired => Err(refuse(ErrorCode::UploadExpired)),
            _ => {
                known.is_aborted_here = true;
                known.state = UploadState::Aborted;
                close(bucket, upload);
                Ok(())
            }
        }
    }

    pub(crate) fn expire(&mut self, bucket: &mut Bucket, upload: UploadId) {
        if let Some(known) = self.uploads.get_mut(&upload).filter(|known| known.state.is_open()) {
            known.state = UploadState::Expired;
            close(bucket, upload);
        }
    }

    /// Slow completions end when their time has come.
    pub(crate) fn pass(&mut self, bucket: &mut Bucket, now: u64) {
        for known in self.uploads.values_mut() {
            if known.state == UploadState::Completing && known.done_at <= now {
                finish(known, bucket);
            }
        }
    }

    /// Of this file, whoever began it and under whatever local id.
    pub(crate) fn of_file(&self, id: LocalId) -> impl Iterator<Item = &Known> {
        self.uploads.values().filter(move |known| known.id.0 % 1000 == id.0 % 1000)
    }
}

fn finish(known: &mut Known, bucket: &mut Bucket) {
    known.state = UploadState::Completed;
    if let Some(held) = bucket.uploads.get_mut(&known.upload) {
        held.is_open = false;
    }
}

fn close(bucket: &mut Bucket, upload: UploadId) {
    if let Some(held) = bucket.uploads.get_mut(&upload) {
        held.is_open = false;
        held.parts.clear();
    }
}

fn closed(state: UploadState) -> Option<ErrorCode> {
    match state {
        UploadState::Pending | UploadState::Uploading => None,
        UploadState::Completing => Some(ErrorCode::UploadCompleting),
        UploadState::Completed => Some(ErrorCode::UploadCompleted),
        UploadState::Failed => Some(ErrorCode::UploadFailed),
        UploadState::Aborting | UploadState::Aborted => Some(ErrorCode::UploadAborted),
        UploadState::Expired => Some(ErrorCode::UploadExpired),
    }
}

fn permit(now: u64, known: &Known, sign: &ToSign) -> SignedRequest {
    let permit = Permit {
        upload: known.upload,
        part: sign.part,
        host: sign.host,
        digest: sign.digest,
        len: known.plan.wire_len(sign.part).unwrap(),
        expires_at: now + URL_SECONDS * 1000,
    };
    SignedRequest {
        part_number: sign.part,
        method: "PUT".into(),
        url: permit.url(),
        headers: BTreeMap::new(),
        expires_in_seconds: URL_SECONDS,
    }
}

/// The body as it goes over the wire; whether the shell keeps a handle is no part of it.
fn fingerprint(body: &[ToInitiate]) -> String {
    let sent: Vec<_> = body
        .iter()
        .map(|entry| {
            (&entry.source.name, entry.source.size, entry.source.last_modified, entry.rate_hint, &entry.first_parts)
        })
        .collect();
    format!("{sent:?}")
}
