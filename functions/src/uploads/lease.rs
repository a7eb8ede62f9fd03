//! The lease under which an upload is completed: one holder at a time, told apart by a fence number.

use crate::app::App;
use crate::edge::error::ApiFailure;
use crate::faults::Point;
use crate::records::due::Due;
use crate::records::upload::UploadRecord;
use crate::table::TableError;

/// How long a lease lasts without renewal, in milliseconds. Longer than a call of the HTTP API (30 s), so that a
/// call that is still at work is never taken over.
pub(crate) const LEASE_MS: u64 = 40_000;

/// Takes the lease on an upload as it was read. None: another call was quicker.
///
/// The visit of the sweep is noted first, so that it takes over if the holder dies.
pub(crate) async fn take(app: &App, upload: &UploadRecord) -> Result<Option<UploadRecord>, ApiFailure> {
    let now = app.clock.now_ms();
    let until = now + LEASE_MS;
    Due::upload(upload.upload_id, until).note(&app.tables).await?;
    app.faults.at(Point::CompleteNoted).await;
    match app.tables.update_returning(&upload.lease(now, until)).await {
        Ok(leased) => {
            app.faults.at(Point::CompleteLeased).await;
            Ok(Some(leased))
        }
        Err(TableError::Refused(_)) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// Keeps the lease. False: it is lost.
pub(super) async fn renew(app: &App, upload: &UploadRecord) -> Result<bool, TableError> {
    match app.tables.write(&upload.renewed(app.clock.now_ms() + LEASE_MS)).await {
        Ok(()) => Ok(true),
        Err(TableError::Refused(_)) => Ok(false),
        Err(error) => Err(error),
    }
}

/// Gives the lease back: the upload is open again. One that is lost already is no error.
pub(super) async fn release(app: &App, upload: &UploadRecord) -> Result<(), TableError> {
    match app.tables.write(&upload.released()).await {
        Err(TableError::Refused(_)) => Ok(()),
        result => result,
    }
}
