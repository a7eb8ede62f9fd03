//! GET /api/rooms/{roomId}/files.

use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use slipway_protocol::wire::FilePage;
use slipway_protocol::wire::id::{FileId, RoomId};
use utoipa_axum::routes;

use crate::app::App;
use crate::edge::error::ApiFailure;
use crate::edge::extract::{Ids, Member, Params};
use crate::edge::openapi::{Failures, Routes};
use crate::records::file;

/// Files per page.
pub(super) const PAGE_FILES: u32 = 200;

/// This file's routes.
pub fn router() -> Routes {
    Routes::new().routes(routes!(list))
}

/// `?after=`: the cursor of the page.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
struct AfterPlace {
    /// The `nextAfter` of the page before, or the room's `nextFiles`.
    after: Option<String>,
}

/// The room's files, the newest first.
#[utoipa::path(get, path = "/api/rooms/{roomId}/files", tag = "rooms",
    params(("roomId" = RoomId, Path), AfterPlace), security(("member" = [])),
    responses((status = 200, body = FilePage), Failures))]
async fn list(
    State(app): State<App>,
    member: Member,
    Ids(room): Ids<RoomId>,
    Params(params): Params<AfterPlace>,
) -> Result<Json<FilePage>, ApiFailure> {
    let member = member.in_room(room)?;
    member.may_view()?;
    // It becomes part of a start key, and DynamoDB refuses one outside of the queried range.
    if params.after.as_deref().is_some_and(|after| !is_place(after)) {
        return Err(ApiFailure::bad("after", "Give the `nextAfter` of an earlier page, as it is."));
    }
    Ok(Json(file::page(&app.tables, room, params.after.as_deref(), PAGE_FILES).await?))
}

/// Thirteen digits of milliseconds, a dot, a file's id: see [`file`].
fn is_place(text: &str) -> bool {
    text.split_once('.').is_some_and(|(time, id)| {
        time.len() == 13 && time.bytes().all(|byte| byte.is_ascii_digit()) && id.parse::<FileId>().is_ok()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_a_page_gave_is_a_place() {
        assert!(is_place("1790000000000.MDEyMzQ1Njc4OWFiY2RlZg"));
        for text in ["", "1790000000000", "179000000000x.MDEyMzQ1Njc4OWFiY2RlZg", "1790000000000.x", "#.#"] {
            assert!(!is_place(text), "{text}");
        }
    }
}
