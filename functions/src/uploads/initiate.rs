//! Begins uploads: all uploads of a call or none, in one transaction, once per Idempotency-Key.
//!
//! They are created in storage afterwards. A crash in between leaves uploads in `pending`; the repeated call or a presign
//! opens them, or the sweep expires them.

use futures::future::join_all;
use slipway_protocol::wire::{Event, Initiate, Initiated, StartedUpload, UploadState};

use super::idempotency::IdempotentCall;
use super::validate::{self, Draft};
use super::{presign, start_in_storage};
use crate::app::App;
use crate::edge::error::ApiFailure;
use crate::edge::extract::Member;
use crate::edge::limits;
use crate::edge::source::Source;
use crate::faults::Point;
use crate::ids;
use crate::records::due::Due;
use crate::records::idempotency::IDEMPOTENCY;
use crate::records::plan;
use crate::records::quota::{Amount, QUOTA, reserve};
use crate::records::upload::{self, UploadRecord};
use crate::rooms::journal::{self, Journal};
use crate::rooms::quota;
use crate::table::Write;

/// Time after which an upload that was never created in storage expires, in milliseconds: a day.
const PENDING_MS: u64 = 24 * 3_600_000;

/// Begins the uploads of a call and signs their first parts.
pub async fn initiate(
    app: &App,
    (member, source): (&Member, &Source),
    idempotency_key: Option<&str>,
    request: &Initiate,
) -> Result<Initiated, ApiFailure> {
    member.may_upload()?;
    // Before any charge: what is refused takes nothing of the day that an address shares.
    let drafts = validate::drafts(app, request)?;
    let call = idempotency_key.map(|key| IdempotentCall::new(key, member.id, member.room, request)).transpose()?;
    limits::charge_member(app, member.id).await?;
    let uploads = match begun_before(app, call.as_ref()).await? {
        Some(before) => before,
        None => {
            // Not for a repeated call, whose bytes were counted the first time (decision 9).
            limits::charge_bytes(app, source, drafts.iter().map(|draft| draft.plan.size).sum()).await?;
            begin(app, member, &drafts, call.as_ref()).await?
        }
    };
    app.faults.at(Point::InitiateRecorded).await;
    // Side by side, since each multipart upload costs a call to storage.
    let started = join_all(drafts.iter().zip(uploads).map(|(draft, upload)| start(app, member, draft, upload)));
    Ok(Initiated { uploads: started.await.into_iter().collect::<Result<_, _>>()? })
}

/// Records the uploads. If a concurrent call of the same key was first, returns its uploads.
pub async fn begin(
    app: &App,
    member: &Member,
    drafts: &[Draft],
    call: Option<&IdempotentCall>,
) -> Result<Vec<UploadRecord>, ApiFailure> {
    let uploads: Vec<_> = drafts.iter().map(|draft| new_record(app, member, draft)).collect();
    let amount = amount(&uploads);
    let writes = writes(app, &uploads, drafts, amount, call);
    match journal::commit(app, member.room, &writes, &journal_of(&uploads)).await {
        Ok(_) => Ok(uploads),
        // A concurrent call of the same key was first.
        Err(error) if error.refused(IDEMPOTENCY) => begun_before(app, call).await?.ok_or_else(|| error.into()),
        // One condition covers bytes, files and open uploads, and the refusal does not say which of them failed.
        Err(error) if error.refused(QUOTA) => Err(quota::why_refused(app, member.room, amount).await?),
        Err(error) => Err(error.into()),
    }
}

async fn begun_before(app: &App, call: Option<&IdempotentCall>) -> Result<Option<Vec<UploadRecord>>, ApiFailure> {
    let Some(call) = call else { return Ok(None) };
    let Some(ids) = call.earlier_uploads(app).await? else { return Ok(None) };
    let records: Option<Vec<_>> = upload::get_many(&app.tables, ids).await?.into_iter().collect();
    // None: the records have expired.
    records.ok_or_else(ApiFailure::not_found).map(Some)
}

fn new_record(app: &App, member: &Member, draft: &Draft) -> UploadRecord {
    let now = app.clock.now_ms();
    let single = draft.plan.is_single();
    let idle = app.config.upload_idle_seconds.min(app.config.upload_life_seconds) * 1000;
    UploadRecord {
        upload_id: ids::upload_id(),
        file_id: ids::file_id(),
        room_id: member.room,
        member_id: member.id,
        begun_by: None,
        principal: member.principal.clone(),
        display_name: member.display_name.clone(),
        meta: draft.meta.clone(),
        seal: draft.seal.clone(),
        plan: draft.plan,
        storage: "s3".to_owned(),
        s3_upload_id: None,
        // A single PUT needs no preparation in storage.
        state: if single { UploadState::Uploading } else { UploadState::Pending },
        reason: None,
        removed_by: None,
        fence: 0,
        lease_until: 0,
        started_at: now,
        due_at: now + if single { idle } else { idle.min(PENDING_MS) },
        // The URL of this call is counted in, which saves it a write of its own.
        urls_end_at: if single { presign::urls_end(app, now) } else { 0 },
        ended_at: None,
        etag: None,
    }
}

fn amount(uploads: &[UploadRecord]) -> Amount {
    let count = uploads.len() as u64;
    Amount { bytes: uploads.iter().map(|upload| upload.plan.size).sum(), files: count, open: count }
}

/// At most 4 writes for each of 20 uploads, and 2. DynamoDB takes 100, of which the journal needs 3.
fn writes(
    app: &App,
    uploads: &[UploadRecord],
    drafts: &[Draft],
    amount: Amount,
    call: Option<&IdempotentCall>,
) -> Vec<Write> {
    let room = uploads[0].room_id;
    let mut writes = vec![reserve(&app.config.room, room, amount)];
    writes.extend(call.map(|call| call.record(app, uploads.iter().map(|upload| upload.upload_id).collect())));
    for (upload, draft) in uploads.iter().zip(drafts) {
        writes.extend(upload.create());
        // In the same transaction, so that there is no upload that the sweep never visits.
        writes.push(Due::upload(upload.upload_id, upload.due_at).first());
        let promises = draft.first_parts.iter().map(|part| (part.part_number, part.digest.0)).collect();
        writes.extend(plan::first(upload.upload_id, &promises, presign::promises_ttl(app, upload)));
    }
    writes
}

fn journal_of(uploads: &[UploadRecord]) -> Journal {
    uploads.iter().fold(Journal::new(), |journal, upload| {
        journal.event(Event::FileUploadStarted { upload: upload.event_fields(0) }).audit(
            Some(upload.member_id),
            "upload-started",
            upload.upload_id,
        )
    })
}

/// Creates the upload in storage and signs its first parts. Nothing is signed if a repeated call finds it closed or
/// adopted by another member.
async fn start(app: &App, member: &Member, draft: &Draft, upload: UploadRecord) -> Result<StartedUpload, ApiFailure> {
    let may_sign = |upload: &UploadRecord| upload.state.is_open() && upload.member_id == member.id;
    let upload = if may_sign(&upload) { start_in_storage::start(app, upload).await? } else { upload };
    let requests = if may_sign(&upload) { presign::sign(app, &upload, &draft.first_parts).await? } else { Vec::new() };
    Ok(StartedUpload {
        upload_id: upload.upload_id,
        file_id: upload.file_id,
        plan: upload.plan,
        expires_in_seconds: upload.expires_in_seconds(app.clock.now_ms()),
        requests,
    })
}
