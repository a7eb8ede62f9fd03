//! Scheduled clean-up: expires overdue uploads, resumes work of killed functions, deletes objects that arrived late.
//!
//! One pass runs at a time, by a lease that it renews, since two would do each other's work. A pass that could not renew
//! it may overlap with the next one: every step is a conditional write.

use std::convert::Infallible;

use futures::StreamExt as _;
use serde::Serialize;
use slipway_protocol::wire::id::UploadId;
use slipway_protocol::wire::{MAX_PARTS_IN_CALL, UploadState};
use tokio::time::Instant;

use crate::app::App;
use crate::edge::error::ApiFailure;
use crate::ids;
use crate::records::cursor::{self, Cursor};
use crate::records::due::{self, Due, Listed, SHARDS, Subject};
use crate::records::file;
use crate::records::sweep_lease::{self, Term};
use crate::records::upload::{self, Reason, UploadRecord};
use crate::storage::StorageError;
use crate::table::TableError;
use crate::uploads::{abort, complete, finish, remove, take_lease};

/// How many hours back a pass starts without a cursor, or beside one of another release: uploads live 30 days, and their records a day longer.
const FIRST_HOURS: u64 = 32 * 24;
/// Hours before the current one that each pass reads again: clocks differ, and an item can be noted for the hour that
/// is just ending.
const HOURS_AGAIN: u64 = 1;
/// Visits in flight at a time.
const LANES: usize = 8;
/// Delay before an upload that could not be ended is visited again, in milliseconds.
const RETRY_MS: u64 = 60_000;

/// Counts of one sweep.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SweepReport {
    /// Items that were due.
    pub looked: u64,
    /// Uploads given up or removed.
    pub removed: u64,
    /// Uploads whose completion was resumed after a function was killed.
    pub resumed: u64,
    /// Objects deleted that landed late or were left behind.
    pub deleted: u64,
    /// Visits that failed; they are repeated.
    pub failed: u64,
    /// Another sweep is running, so nothing was done.
    pub skipped: bool,
}

/// What a visit did, and when the next one is due.
struct Visited {
    outcome: Outcome,
    next: Option<u64>,
}

enum Outcome {
    Nothing,
    Removed,
    Resumed,
    Deleted,
}

/// Starts the cursor of new tables at the current hour, so that the first sweep does not read a month of empty hours.
pub async fn begin(app: &App) -> Result<(), TableError> {
    let hour = due::hour(app.clock.now_ms()).saturating_sub(HOURS_AGAIN);
    cursor::set(&app.tables, Cursor { hour }).await
}

/// Visits all due items, unless another sweep is at it.
pub async fn sweep(app: &App) -> Result<SweepReport, ApiFailure> {
    let holder = hex::encode(ids::random_bytes::<8>());
    if !sweep_lease::take(&app.tables, &holder, term(app)).await? {
        return Ok(SweepReport { skipped: true, ..SweepReport::default() });
    }
    let report = tokio::select! {
        report = pass(app) => report,
        never = keep_lease(app, &holder) => match never {},
    };
    // It ends by itself soon, and what was done is reported in any case.
    if let Err(error) = sweep_lease::release(&app.tables, &holder).await {
        tracing::warn!(%error, "the sweep's lease is not released");
    }
    report
}

fn term(app: &App) -> Term {
    Term { now: app.clock.now_ms(), life: app.config.call.sweep_lease }
}

/// Renews the lease for as long as the pass takes.
async fn keep_lease(app: &App, holder: &str) -> Infallible {
    loop {
        tokio::time::sleep(app.config.call.sweep_lease / 3).await;
        match sweep_lease::renew(&app.tables, holder, term(app)).await {
            Ok(true) => {}
            Ok(false) => tracing::warn!("another sweep has taken the lease"),
            Err(error) => tracing::warn!(%error, "the sweep's lease is not renewed"),
        }
    }
}

/// Visits all due items, whoever else does.
pub async fn pass(app: &App) -> Result<SweepReport, ApiFailure> {
    let now = app.clock.now_ms();
    let this_hour = due::hour(now);
    let first = cursor::get(&app.tables).await?.map_or(this_hour.saturating_sub(FIRST_HOURS), |cursor| cursor.hour);
    let mut report = SweepReport::default();
    let mut first_left = None;
    // In order, so that the cursor never passes an hour with something left in it.
    let mut hours = futures::stream::iter(first..=this_hour).map(|hour| list(app, hour, now)).buffered(LANES);
    while let Some(listed) = hours.next().await {
        let (hour, Listed { due, more }) = listed?;
        let failed_before = report.failed;
        let mut visits = futures::stream::iter(due).map(|due| visit(app, due)).buffer_unordered(LANES);
        while let Some(outcome) = visits.next().await {
            report.count(outcome.as_ref());
        }
        if more || report.failed > failed_before {
            first_left.get_or_insert(hour);
        }
    }
    let next = first_left.unwrap_or(u64::MAX).min(this_hour.saturating_sub(HOURS_AGAIN));
    if next > first {
        cursor::set(&app.tables, Cursor { hour: next }).await?;
    }
    Ok(report)
}

/// The due items of an hour, with that hour.
async fn list(app: &App, hour: u64, now: u64) -> Result<(u64, Listed), TableError> {
    let mut listed = Listed { due: Vec::new(), more: false };
    for shard in 0..SHARDS {
        let Listed { due, more } = due::list(&app.tables, hour, shard, now).await?;
        listed.due.extend(due);
        listed.more |= more;
    }
    Ok((hour, listed))
}

impl SweepReport {
    fn count(&mut self, outcome: Option<&Outcome>) {
        self.looked += 1;
        match outcome {
            Some(Outcome::Nothing) => {}
            Some(Outcome::Removed) => self.removed += 1,
            Some(Outcome::Resumed) => self.resumed += 1,
            Some(Outcome::Deleted) => self.deleted += 1,
            None => self.failed += 1,
        }
    }
}

/// Visits one item; on success notes the next visit, then deletes this item. None: the visit failed and is repeated by the
/// next sweep.
async fn visit(app: &App, due: Due) -> Option<Outcome> {
    match visit_and_note(app, &due).await {
        Ok(outcome) => Some(outcome),
        Err(failure) => {
            tracing::warn!(code = failure.code().as_str(), cause = failure.cause(), "a visit of the sweep failed");
            None
        }
    }
}

async fn visit_and_note(app: &App, due: &Due) -> Result<Outcome, ApiFailure> {
    let visited = match due.what {
        Subject::Upload { id } => visit_upload(app, id).await?,
        Subject::Object { room, file } => {
            // A due item alone proves nothing: nothing is deleted that a record still lists.
            if !file::is_listed(&app.tables, file).await? {
                app.storage.delete(&file::object_key(room, file)).await?;
            }
            Visited { outcome: Outcome::Deleted, next: None }
        }
    };
    due.replace(&app.tables, visited.next).await?;
    Ok(visited.outcome)
}

async fn visit_upload(app: &App, id: UploadId) -> Result<Visited, ApiFailure> {
    let now = app.clock.now_ms();
    let Some(upload) = upload::get(&app.tables, id).await? else { return Ok(nothing_to_do(None)) };
    match upload.state {
        UploadState::Pending | UploadState::Uploading => expire_if_overdue(app, &upload, now).await,
        // Its holder can still be killed, so it is visited when the lease ends.
        UploadState::Completing if upload.has_live_lease(now) => Ok(nothing_to_do(Some(upload.lease_until))),
        UploadState::Completing => resume(app, &upload, now).await,
        UploadState::Aborting => finish_removal(app, &upload, now).await,
        UploadState::Completed => Ok(nothing_to_do(None)),
        UploadState::Aborted | UploadState::Expired | UploadState::Failed => {
            delete_late_object(app, &upload, now).await
        }
    }
}

fn nothing_to_do(next: Option<u64>) -> Visited {
    Visited { outcome: Outcome::Nothing, next }
}

/// Expires an upload that is overdue. The time of its last part is read from storage, since presign records none.
async fn expire_if_overdue(app: &App, upload: &UploadRecord, now: u64) -> Result<Visited, ApiFailure> {
    if now < upload.due_at {
        return Ok(nothing_to_do(Some(upload.due_at)));
    }
    let due = due_by_storage(app, upload).await?;
    if now < due {
        // Recorded, or each pass would list its parts again.
        return match app.tables.write(&upload.due_moved(due)).await {
            Ok(()) => Ok(nothing_to_do(Some(due))),
            Err(TableError::Refused(_)) => Ok(nothing_to_do(Some(now + RETRY_MS))),
            Err(error) => Err(error.into()),
        };
    }
    match abort::mark(app, upload, Reason::Expired, None).await? {
        Some(marked) => finish_removal(app, &marked, now).await,
        None => Ok(nothing_to_do(Some(now + RETRY_MS))),
    }
}

async fn due_by_storage(app: &App, upload: &UploadRecord) -> Result<u64, ApiFailure> {
    let Some(s3) = &upload.s3_upload_id else { return Ok(upload.due_at) };
    let newest = match app.storage.list_parts(&upload.object_key(), s3).await {
        Ok(page) => page.newest,
        Err(StorageError::NoSuchUpload) => None,
        Err(error) => return Err(error.into()),
    };
    let (idle, life) = (app.config.upload_idle_seconds * 1000, app.config.upload_life_seconds * 1000);
    Ok(newest.map_or(upload.due_at, |newest| upload.due_after(newest, idle, life)))
}

/// Completes an upload whose lease has ended, under a new lease.
async fn resume(app: &App, upload: &UploadRecord, now: u64) -> Result<Visited, ApiFailure> {
    let Some(leased) = take_lease(app, upload).await? else { return Ok(nothing_to_do(Some(now + RETRY_MS))) };
    let lease_until = leased.lease_until;
    if leased.plan.part_count > MAX_PARTS_IN_CALL {
        finish::hand_over(app, &leased).await?;
    } else if let Err(failure) = complete::under_lease(app, leased, Instant::now() + app.config.call.complete).await {
        tracing::info!(code = failure.code().as_str(), "an upload left half complete is not complete");
    }
    // `finish` may be killed as well, so the upload is visited again when this lease ends.
    Ok(Visited { outcome: Outcome::Resumed, next: Some(lease_until) })
}

async fn finish_removal(app: &App, upload: &UploadRecord, now: u64) -> Result<Visited, ApiFailure> {
    remove::remove(app, upload).await?;
    let ended = UploadRecord { ended_at: Some(now), ..upload.clone() };
    Ok(Visited { outcome: Outcome::Removed, next: remove::next_check(&ended, now) })
}

async fn delete_late_object(app: &App, upload: &UploadRecord, now: u64) -> Result<Visited, ApiFailure> {
    remove::delete_late(app, upload).await?;
    Ok(Visited { outcome: Outcome::Deleted, next: remove::next_check(upload, now) })
}
