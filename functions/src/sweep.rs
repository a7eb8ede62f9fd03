//! What nobody else ends: gives up what is overdue, goes on with what a killed function left, deletes what landed late.
//!
//! It runs on a schedule, and may run twice at once: every step is conditional, as everywhere.

use futures::StreamExt as _;
use serde::Serialize;
use slipway_protocol::wire::id::UploadId;
use slipway_protocol::wire::{MAX_PARTS_IN_CALL, UploadState};
use tokio::time::Instant;

use crate::app::App;
use crate::edge::error::ApiFailure;
use crate::records::due::{self, Cursor, Due, SHARDS, Subject};
use crate::records::file;
use crate::records::upload::{self, Reason, UploadRecord};
use crate::storage::StorageError;
use crate::table::TableError;
use crate::uploads::{abort, complete, finish, remove, take_lease};

/// Without a cursor, so many hours are looked at: uploads live 30 days, and records a day longer.
const FIRST_HOURS: u64 = 32 * 24;
/// Clocks differ, and an item can be noted for the hour that just ends.
const HOURS_AGAIN: u64 = 1;
/// Looks at a time.
const LANES: usize = 8;
/// What could not be ended is looked at again after so long, in milliseconds.
const RETRY_MS: u64 = 60_000;

/// What a sweep did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SweepReport {
    /// Items that were due.
    pub looked: u64,
    /// Uploads given up or removed.
    pub removed: u64,
    /// Uploads that a killed function left, and that are taken further.
    pub resumed: u64,
    /// Objects deleted that landed late or were left behind.
    pub deleted: u64,
    /// Looks that failed; they are repeated.
    pub failed: u64,
}

/// What one look did, and when the next one is due.
struct Look {
    did: Did,
    next: Option<u64>,
}

enum Did {
    Nothing,
    Removed,
    Resumed,
    Deleted,
}

/// For a table that was made just now: nothing is noted in it yet, so the first sweep need not look back.
pub async fn begin(app: &App) -> Result<(), TableError> {
    let hour = due::hour(app.clock.now_ms()).saturating_sub(HOURS_AGAIN);
    due::set_cursor(&app.table, Cursor { hour }).await
}

/// Looks at all that is due.
pub async fn sweep(app: &App) -> Result<SweepReport, ApiFailure> {
    let now = app.clock.now_ms();
    let this_hour = due::hour(now);
    let first = due::cursor(&app.table).await?.map_or(this_hour.saturating_sub(FIRST_HOURS), |cursor| cursor.hour);
    let mut report = SweepReport::default();
    let mut first_left = None;
    // In order, so that the cursor never passes an hour with something left in it.
    let mut hours = futures::stream::iter(first..=this_hour).map(|hour| list(app, hour, now)).buffered(LANES);
    while let Some(listed) = hours.next().await {
        let Listed { hour, due, more } = listed?;
        let failed_before = report.failed;
        let mut looks = futures::stream::iter(due).map(|due| visit(app, due)).buffer_unordered(LANES);
        while let Some(did) = looks.next().await {
            report.count(did.as_ref());
        }
        if more || report.failed > failed_before {
            first_left.get_or_insert(hour);
        }
    }
    let next = first_left.unwrap_or(u64::MAX).min(this_hour.saturating_sub(HOURS_AGAIN));
    if next > first {
        due::set_cursor(&app.table, Cursor { hour: next }).await?;
    }
    Ok(report)
}

/// What is due in an hour.
struct Listed {
    hour: u64,
    due: Vec<Due>,
    more: bool,
}

async fn list(app: &App, hour: u64, now: u64) -> Result<Listed, TableError> {
    let mut listed = Listed { hour, due: Vec::new(), more: false };
    for shard in 0..SHARDS {
        let (due, more) = due::list(&app.table, hour, shard, now).await?;
        listed.due.extend(due);
        listed.more |= more;
    }
    Ok(listed)
}

impl SweepReport {
    fn count(&mut self, did: Option<&Did>) {
        self.looked += 1;
        match did {
            Some(Did::Nothing) => {}
            Some(Did::Removed) => self.removed += 1,
            Some(Did::Resumed) => self.resumed += 1,
            Some(Did::Deleted) => self.deleted += 1,
            None => self.failed += 1,
        }
    }
}

/// Looks at one item; on success notes the next look, then forgets this one. None: it stays for the next sweep.
async fn visit(app: &App, due: Due) -> Option<Did> {
    match visit_and_note(app, &due).await {
        Ok(did) => Some(did),
        Err(failure) => {
            tracing::warn!(code = failure.code().as_str(), cause = failure.cause(), "a look of sweep failed");
            None
        }
    }
}

async fn visit_and_note(app: &App, due: &Due) -> Result<Did, ApiFailure> {
    let look = match due.what {
        Subject::Upload { id } => look_at_upload(app, id).await?,
        Subject::Object { room, file } => {
            if !file::is_listed(&app.table, file).await? {
                app.storage.delete(&file::object_key(room, file)).await?;
            }
            Look { did: Did::Deleted, next: None }
        }
    };
    due.replace(&app.table, look.next).await?;
    Ok(look.did)
}

async fn look_at_upload(app: &App, id: UploadId) -> Result<Look, ApiFailure> {
    let now = app.clock.now_ms();
    let Some(upload) = upload::get(&app.table, id).await? else { return Ok(nothing(None)) };
    match upload.state {
        UploadState::Pending | UploadState::Uploading => open(app, &upload, now).await,
        UploadState::Completing if upload.has_live_lease(now) => Ok(nothing(Some(upload.lease_until))),
        UploadState::Completing => resume(app, &upload, now).await,
        UploadState::Aborting => gone(app, &upload, now).await,
        UploadState::Completed => Ok(nothing(None)),
        UploadState::Aborted | UploadState::Expired | UploadState::Failed => late(app, &upload, now).await,
    }
}

fn nothing(next: Option<u64>) -> Look {
    Look { did: Did::Nothing, next }
}

/// Gives up an upload that is overdue. Storage knows best when its last part arrived.
async fn open(app: &App, upload: &UploadRecord, now: u64) -> Result<Look, ApiFailure> {
    if now < upload.due_at {
        return Ok(nothing(Some(upload.due_at)));
    }
    let due = due_by_storage(app, upload).await?;
    if now < due {
        return match app.table.write(&upload.due_moved(due)).await {
            Ok(()) => Ok(nothing(Some(due))),
            Err(TableError::Refused(_)) => Ok(nothing(Some(now + RETRY_MS))),
            Err(error) => Err(error.into()),
        };
    }
    match abort::mark(app, upload, Reason::Expired, None).await? {
        Some(marked) => gone(app, &marked, now).await,
        None => Ok(nothing(Some(now + RETRY_MS))),
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

/// Whoever completed it is gone: go on under a lease of our own.
async fn resume(app: &App, upload: &UploadRecord, now: u64) -> Result<Look, ApiFailure> {
    let Some(leased) = take_lease(app, upload).await? else { return Ok(nothing(Some(now + RETRY_MS))) };
    let lease_until = leased.lease_until;
    if leased.plan.part_count > MAX_PARTS_IN_CALL {
        finish::hand_over(app, &leased).await?;
    } else if let Err(failure) = complete::under_lease(app, leased, Instant::now() + app.config.call.complete).await {
        tracing::info!(code = failure.code().as_str(), "an upload left half complete is not complete");
    }
    Ok(Look { did: Did::Resumed, next: Some(lease_until) })
}

async fn gone(app: &App, upload: &UploadRecord, now: u64) -> Result<Look, ApiFailure> {
    remove::remove(app, upload).await?;
    let ended = UploadRecord { ended_at: Some(now), ..upload.clone() };
    Ok(Look { did: Did::Removed, next: remove::next_look(&ended, now) })
}

async fn late(app: &App, upload: &UploadRecord, now: u64) -> Result<Look, ApiFailure> {
    remove::delete_late(app, upload).await?;
    Ok(Look { did: Did::Deleted, next: remove::next_look(upload, now) })
}
