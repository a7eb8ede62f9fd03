//! POST /api/rooms and GET /api/rooms/{roomId}.

use std::collections::HashSet;

use axum::Json;
use axum::extract::State;
use http::StatusCode;
use serde::de::DeserializeOwned;
use slipway_protocol::wire::error::ErrorCode;
use slipway_protocol::wire::id::RoomId;
use slipway_protocol::wire::link::Role;
use slipway_protocol::wire::{CreateRoom, FilePage, Label, NewLink, RoomCreated, RoomView, UploadInfo, UploadState};
use utoipa_axum::routes;

use super::files::PAGE_FILES;
use crate::app::App;
use crate::edge::error::ApiFailure;
use crate::edge::extract::{Body, Ids, Member};
use crate::edge::limits;
use crate::edge::openapi::{Failures, Routes};
use crate::edge::source::Source;
use crate::edge::text;
use crate::records::link::{self, LinkRecord};
use crate::records::quota;
use crate::records::room::{self, ROOM, RoomRecord};
use crate::records::sequence::{self, Sequence};
use crate::records::{file, listed_upload, upload};
use crate::rooms::journal::{self, Journal};
use crate::rooms::quota::on_the_wire;
use crate::table::{Item, TableError, Write, read, read_known};

/// The longest room name, in characters.
const MAX_ROOM_NAME: usize = 120;
/// The longest wrapped key, in bytes.
const MAX_WRAPPED_KEY: usize = 4096;

/// This file's routes.
pub fn router() -> Routes {
    Routes::new().routes(routes!(create)).routes(routes!(view))
}

/// Creates a room. Idempotent for the same links.
#[utoipa::path(post, path = "/api/rooms", tag = "rooms", request_body = CreateRoom,
    responses((status = 201, body = RoomCreated), Failures))]
async fn create(
    State(app): State<App>,
    source: Source,
    Body(request): Body<CreateRoom>,
) -> Result<(StatusCode, Json<RoomCreated>), ApiFailure> {
    let name = text::label("name", &request.name, MAX_ROOM_NAME)?;
    check_links(&request.links)?;
    // After the checks: a body that is refused takes nothing of the day that an address shares.
    limits::charge_room(&app, &source).await?;
    let created = (StatusCode::CREATED, Json(RoomCreated { room_id: request.room_id }));
    match app.tables.transact(&new_room(&app, &request, name)).await {
        Ok(()) => Ok(created),
        Err(error) if error.refused(ROOM) => {
            if is_same_room(&app, &request).await? {
                // A repeated call whose answer was lost: the page must not read that its own room is taken.
                Ok(created)
            } else {
                Err(room_exists())
            }
        }
        Err(error) => Err(error.into()),
    }
}

fn check_links(links: &[NewLink]) -> Result<(), ApiFailure> {
    let mut roles = HashSet::new();
    for (index, link) in links.iter().enumerate() {
        check_wrapped_key(&format!("links[{index}].wrappedKey"), link.wrapped_key.as_deref())?;
        if !roles.insert(link.role) {
            return Err(ApiFailure::bad(format!("links[{index}].role"), "There is one link for each role."));
        }
    }
    let message = "A room needs a manage link, or nobody could manage it.";
    roles.contains(&Role::Manage).then_some(()).ok_or_else(|| ApiFailure::bad("links", message))
}

/// Refuses a wrapped key that is too long to be one.
pub(super) fn check_wrapped_key(field: &str, key: Option<&str>) -> Result<(), ApiFailure> {
    if key.is_some_and(|key| key.len() > MAX_WRAPPED_KEY) {
        return Err(ApiFailure::bad(field, "A wrapped key has at most 4 KiB."));
    }
    Ok(())
}

fn new_room(app: &App, request: &CreateRoom, name: Label) -> Vec<Write> {
    let room = request.room_id;
    let record = RoomRecord { name, sealed: request.sealed, created_at: app.clock.now_ms(), closed: false };
    let mut writes = vec![room::create(room, &record), quota::create(room)];
    writes.extend(request.links.iter().map(|new| link::replace(room, new.role, None, &first_link(new))));
    writes.extend(journal::begin(app, room, &Journal::new().audit(None, "room-created", room)));
    writes
}

fn first_link(new: &NewLink) -> LinkRecord {
    LinkRecord { verifier: new.verifier.clone(), wrapped_key: new.wrapped_key.clone(), version: 1, revoked: false }
}

/// Whether an earlier attempt of the same request, whose response was lost, has created the room.
async fn is_same_room(app: &App, request: &CreateRoom) -> Result<bool, TableError> {
    let manage = link::get(&app.tables, request.room_id, Role::Manage).await?;
    let wanted = request.links.iter().find(|link| link.role == Role::Manage);
    Ok(manage.zip(wanted).is_some_and(|(there, wanted)| there.version == 1 && there.verifier == wanted.verifier))
}

fn room_exists() -> ApiFailure {
    ApiFailure::new(ErrorCode::RoomExists, "There already is a room of that id. Make another one.")
}

/// The room as the caller may see it.
#[utoipa::path(get, path = "/api/rooms/{roomId}", tag = "rooms", params(("roomId" = RoomId, Path)),
    security(("member" = [])), responses((status = 200, body = RoomView), Failures))]
async fn view(State(app): State<App>, member: Member, Ids(room): Ids<RoomId>) -> Result<Json<RoomView>, ApiFailure> {
    let member = member.in_room(room)?;
    let keys = [room::key(room), quota::key(room), sequence::key(room)];
    let mut items = app.tables.get_many(&keys).await?.into_iter();
    let mut next = || items.next().flatten();
    let (record, used, sequence) = (next(), next(), next());
    let record: RoomRecord = record.map(read).transpose()?.ok_or_else(ApiFailure::not_found)?;
    let used = known_or_default(used)?;
    let sequence: Option<Sequence> = known_or_default(sequence)?;
    let (files, uploads) = futures::try_join!(visible_files(&app, &member), visible_uploads(&app, &member))?;
    Ok(Json(RoomView {
        room_id: room,
        name: record.name,
        sealed: record.sealed,
        role: member.role,
        member_id: member.id,
        display_name: member.display_name.clone(),
        files: files.files,
        next_files: files.next_after,
        uploads,
        last_seq: sequence.map(|sequence| sequence.event),
        quota: used.map(|used| on_the_wire(used, &app.config.room)),
        upload_hosts: app.storage.hosts(),
        upload_same_origin: app.storage.is_same_origin(),
    }))
}

/// None for an item of another release: each upload writes quota and numbers, and a room opens without them.
fn known_or_default<T: Default + DeserializeOwned>(item: Option<Item>) -> Result<Option<T>, TableError> {
    item.map_or_else(|| Ok(Some(T::default())), read_known)
}

async fn visible_files(app: &App, member: &Member) -> Result<FilePage, TableError> {
    if !member.role.may_view() {
        return Ok(FilePage { files: Vec::new(), next_after: None });
    }
    file::page(&app.tables, member.room, None, PAGE_FILES).await
}

async fn visible_uploads(app: &App, member: &Member) -> Result<Vec<UploadInfo>, TableError> {
    let all = listed_upload::list(&app.tables, member.room).await?;
    let seen: Vec<_> = all.into_iter().filter(|upload| upload.is_of(member.id) || member.role.may_view()).collect();
    let ids: Vec<_> = seen.iter().map(|upload| upload.upload_id).collect();
    let states = upload::states(&app.tables, member.room, &ids).await?;
    // Without those that ended since the list was read.
    let open = seen.iter().zip(states).filter_map(|(upload, state)| Some((upload, state.filter(is_listed)?)));
    Ok(open.map(|(upload, state)| upload.to_info(state, member.id)).collect())
}

fn is_listed(state: &UploadState) -> bool {
    state.is_open() || matches!(state, UploadState::Completing | UploadState::Aborting)
}
