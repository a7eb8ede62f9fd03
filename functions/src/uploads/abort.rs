//! Cancels an upload: by the member who began it, or by a manager. A member who adopted it may only finish it.

use slipway_protocol::wire::UploadState;
use slipway_protocol::wire::error::ErrorCode;
use slipway_protocol::wire::id::{MemberId, UploadId};

use super::{closed, in_room, remove};
use crate::app::App;
use crate::edge::error::ApiFailure;
use crate::edge::extract::Member;
use crate::edge::limits;
use crate::faults::Point;
use crate::records::due::Due;
use crate::records::upload::{Reason, UploadRecord};
use crate::table::TableError;

/// Delay before the sweep resumes what a killed function left, in milliseconds.
const TAKE_OVER_MS: u64 = 60_000;
/// Attempts while other calls keep changing the upload, before the caller has to retry.
const MAX_READS: u32 = 5;

/// Cancels the upload and removes it from storage. Idempotent.
pub async fn abort(app: &App, member: &Member, id: UploadId) -> Result<(), ApiFailure> {
    limits::charge_member(app, member.id).await?;
    for _ in 0..MAX_READS {
        let upload = in_room(app, member, id).await?;
        let reason = match (upload.beginner() == member.id, member.role.may_manage()) {
            (true, _) => Reason::Cancelled,
            (false, true) => Reason::Removed,
            (false, false) if upload.member_id == member.id => return Err(begun_by_another()),
            // Not a 403, which would tell a drop member that the upload exists.
            (false, false) => return Err(ApiFailure::not_found()),
        };
        match upload.state {
            // Nothing is left to cancel, and a call whose answer was lost has to succeed when repeated.
            UploadState::Aborted | UploadState::Expired | UploadState::Failed => return Ok(()),
            // Another call is removing it, or was killed in the middle. Each step can be repeated.
            UploadState::Aborting => return remove::remove(app, &upload).await,
            UploadState::Completed => return Err(closed(&upload)),
            UploadState::Completing if upload.has_live_lease(app.clock.now_ms()) => return Err(closed(&upload)),
            UploadState::Pending | UploadState::Uploading | UploadState::Completing => {
                if let Some(marked) = mark(app, &upload, reason, Some(member.id)).await? {
                    return remove::remove(app, &marked).await;
                }
            }
        }
    }
    Err(ApiFailure::unavailable("an upload changed each time it was read"))
}

fn begun_by_another() -> ApiFailure {
    let message =
        "Another member began this upload. You may finish it; only they, or whoever manages the room, can cancel it.";
    ApiFailure::new(ErrorCode::RoleTooLow, message)
}

/// Moves an upload to `aborting`. None: another call changed it first.
pub(crate) async fn mark(
    app: &App,
    upload: &UploadRecord,
    reason: Reason,
    by: Option<MemberId>,
) -> Result<Option<UploadRecord>, ApiFailure> {
    let now = app.clock.now_ms();
    // Before the change: the visit finishes what a function killed after it leaves (decision 6).
    Due::upload(upload.upload_id, now + TAKE_OVER_MS).note(&app.tables).await?;
    app.faults.at(Point::AbortNoted).await;
    match app.tables.update_returning(&upload.aborting(reason, by, now)).await {
        Ok(marked) => {
            app.faults.at(Point::AbortMarked).await;
            Ok(Some(marked))
        }
        Err(TableError::Refused(_)) => Ok(None),
        Err(error) => Err(error.into()),
    }
}
