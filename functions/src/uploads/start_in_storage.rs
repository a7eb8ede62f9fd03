//! Creates a pending upload in storage: with the initiate, or with the first call that needs it.

use super::closed;
use crate::app::App;
use crate::edge::error::ApiFailure;
use crate::faults::Point;
use crate::records::upload::{self, UploadRecord};
use crate::table::TableError;
use slipway_protocol::wire::UploadState;

/// The upload, open for parts.
pub(super) async fn start(app: &App, upload: UploadRecord) -> Result<UploadRecord, ApiFailure> {
    if upload.state != UploadState::Pending {
        return Ok(upload);
    }
    let key = upload.object_key();
    // A function killed after this leaves an upload without parts and without a record. The rule of the bucket removes
    // it.
    let s3_upload_id = app.storage.create_multipart(&key).await?;
    app.faults.at(Point::InitiateInStorage).await;
    let now = app.clock.now_ms();
    let (idle, life) = (app.config.upload_idle_seconds * 1000, app.config.upload_life_seconds * 1000);
    // Its idle time begins here: pending, it had one day at most.
    let opened = upload.opened(&s3_upload_id, upload.due_after(now, idle, life));
    match app.tables.update_returning(&opened).await {
        Ok(upload) => Ok(upload),
        Err(TableError::Refused(_)) => {
            // Another call opened or cancelled the upload first. Our multipart upload has no parts, and its id is on no
            // record.
            app.storage.abort(&key, &s3_upload_id).await?;
            reload(app, &upload).await
        }
        Err(error) => Err(error.into()),
    }
}

async fn reload(app: &App, upload: &UploadRecord) -> Result<UploadRecord, ApiFailure> {
    let now = upload::get(&app.tables, upload.upload_id).await?.ok_or_else(ApiFailure::not_found)?;
    if now.state.is_open() { Ok(now) } else { Err(closed(&now)) }
}
