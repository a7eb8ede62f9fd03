//! The one transaction that makes a verified object a file of the room.

use slipway_protocol::api::{Event, FileInfo, UploadState};

use super::closed;
use super::faults::Point;
use crate::error::ApiFailure;
use crate::journal::{self, Journal};
use crate::quota::{self, Amount};
use crate::records::file;
use crate::records::upload::{self, UploadRecord};
use crate::state::App;

/// Lists the file, ends the upload, frees its place among the open ones, and tells the room.
pub(super) async fn publish(app: &App, upload: &UploadRecord, etag: &str) -> Result<FileInfo, ApiFailure> {
    let now = app.clock.now_ms();
    let done = UploadRecord { etag: Some(etag.to_owned()), ended_at: Some(now), ..upload.clone() };
    let file = done.file().ok_or_else(|| ApiFailure::internal("a file without an end"))?;
    let mut writes = Vec::with_capacity(5);
    writes.extend(upload.completed(etag, now));
    writes.extend(file::list(upload.room_id, &file));
    writes.push(quota::release(upload.room_id, Amount { open: 1, ..Amount::default() }));
    let journal = Journal::new()
        .event(Event::FileUploadCompleted { upload: upload.event_fields(upload.plan.size) })
        .event(Event::FileAdded { file: file.clone() })
        .audit(Some(upload.member_id), "file-added", upload.file_id);
    match journal::commit(app, upload.room_id, &writes, &journal).await {
        Ok(_) => {
            app.faults.at(Point::CompleteRecorded).await;
            Ok(file)
        }
        Err(error) if error.refused(upload::STATE) => done_by_another(app, upload).await,
        Err(error) => Err(error.into()),
    }
}

/// Our lease ran out and somebody else went on.
async fn done_by_another(app: &App, upload: &UploadRecord) -> Result<FileInfo, ApiFailure> {
    let now = upload::get(&app.table, upload.upload_id).await?.ok_or_else(ApiFailure::not_found)?;
    match now.file() {
        Some(file) if now.state == UploadState::Completed => Ok(file),
        _ => Err(closed(&now)),
    }
}
