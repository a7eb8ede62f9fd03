//! The lease under which an upload is completed: one holder at a time, distinguished by a fence number.

use crate::app::App;
use crate::edge::error::ApiFailure;
use crate::faults::Point;
use crate::records::due::Due;
use crate::records::upload::UploadRecord;
use crate::table::{TableError, was_written};

/// Lifetime of a lease without renewal, in milliseconds. Longer than a call of the HTTP API (30 s), so that a running call
/// never loses it.
pub(crate) const LEASE_MS: u64 = 40_000;

/// Takes the lease of an upload in the state that was read. None: another call changed it first.
///
/// The sweep's visit is noted before, so that it takes over if the holder is killed.
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

/// Renews the lease. False: it is lost.
pub(super) async fn renew(app: &App, upload: &UploadRecord) -> Result<bool, TableError> {
    was_written(app.tables.write(&upload.renewed(app.clock.now_ms() + LEASE_MS)).await)
}

/// Releases the lease: the upload is open again. Losing it before is no error.
pub(super) async fn release(app: &App, upload: &UploadRecord) -> Result<(), TableError> {
    // Lost already, what is left belongs to the next holder.
    was_written(app.tables.write(&upload.released()).await).map(drop)
}
