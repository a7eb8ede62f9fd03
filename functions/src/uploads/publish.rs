//! The transaction that lists verified objects as files of the room.

use slipway_protocol::wire::id::RoomId;
use slipway_protocol::wire::{Event, FileInfo, UploadState};

use super::closed;
use crate::app::App;
use crate::edge::error::ApiFailure;
use crate::faults::Point;
use crate::records::file;
use crate::records::file_plan;
use crate::records::plan::Promises;
use crate::records::quota::{self, Amount};
use crate::records::upload::{self, UploadRecord};
use crate::rooms::journal::{self, Journal};
use crate::table::{TableError, Write};

/// Lists the file, completes the upload, frees its open slot, and appends the events.
pub(super) async fn publish(
    app: &App,
    upload: &UploadRecord,
    promises: &Promises,
    etag: &str,
) -> Result<FileInfo, ApiFailure> {
    let mut change = Change::new(app.clock.now_ms());
    let file = change.file(upload, etag, UploadRecord::completed)?;
    change.writes.extend(file_plan::create(file.file_id, &file.plan, promises));
    match change.commit(app, upload.room_id).await {
        Ok(()) => Ok(file),
        // Another call took the lease after ours had ended. If it completed the upload, its file is our answer.
        Err(error) if error.refused(upload::STATE) => done_by_another(app, upload).await,
        Err(error) => Err(error.into()),
    }
}

/// The same for up to 20 uploads of one part each, without leases: all or none.
pub(super) async fn publish_open(
    app: &App,
    room: RoomId,
    verified: &[(UploadRecord, String)],
) -> Result<Vec<FileInfo>, ApiFailure> {
    let mut change = Change::new(app.clock.now_ms());
    let files = verified.iter().map(|(upload, etag)| change.file(upload, etag, UploadRecord::completed_open));
    let files = files.collect::<Result<_, _>>()?;
    change.commit(app, room).await?;
    Ok(files)
}

/// The transaction: four writes for each file, one for the quota, and one for each 1,000 parts of a file of several.
struct Change {
    now: u64,
    writes: Vec<Write>,
    journal: Journal,
    ended: Amount,
}

impl Change {
    fn new(now: u64) -> Self {
        Self { now, writes: Vec::new(), journal: Journal::new(), ended: Amount::default() }
    }

    fn file(
        &mut self,
        upload: &UploadRecord,
        etag: &str,
        end: fn(&UploadRecord, &str, u64) -> [Write; 2],
    ) -> Result<FileInfo, ApiFailure> {
        let done = UploadRecord { etag: Some(etag.to_owned()), ended_at: Some(self.now), ..upload.clone() };
        let file = done.file().ok_or_else(|| ApiFailure::internal("a file without an end"))?;
        self.writes.extend(end(upload, etag, self.now));
        self.writes.extend(file::list(upload.room_id, &file));
        // Only the open slot: bytes and count stay reserved, now for the file.
        self.ended.open += 1;
        self.journal = std::mem::take(&mut self.journal)
            .event(Event::FileUploadCompleted { upload: upload.event_fields(upload.plan.size) })
            .event(Event::FileAdded { file: file.clone() })
            .audit(Some(upload.member_id), "file-added", upload.file_id);
        Ok(file)
    }

    async fn commit(mut self, app: &App, room: RoomId) -> Result<(), TableError> {
        self.writes.push(quota::release(room, self.ended));
        journal::commit(app, room, &self.writes, &self.journal).await?;
        app.faults.at(Point::CompleteRecorded).await;
        Ok(())
    }
}

/// For a lost lease: the file, if another holder completed it.
async fn done_by_another(app: &App, upload: &UploadRecord) -> Result<FileInfo, ApiFailure> {
    let now = upload::get(&app.tables, upload.upload_id).await?.ok_or_else(ApiFailure::not_found)?;
    match now.file() {
        Some(file) if now.state == UploadState::Completed => Ok(file),
        _ => Err(closed(&now)),
    }
}
