//! Downloads by grant, and the removal of files.
//!
//! A grant is one permission to download one file. A URL lives for a minute; further URLs under the same grant are neither
//! counted nor charged, so that a long download can continue.

use std::time::Duration;

use slipway_protocol::wire::id::{FileId, GrantId};
use slipway_protocol::wire::{Download, DownloadGrant, Event, FileInfo};

use crate::app::App;
use crate::edge::error::ApiFailure;
use crate::edge::extract::Member;
use crate::edge::limits;
use crate::faults::Point;
use crate::ids;
use crate::records::due::Due;
use crate::records::file;
use crate::records::file_pointer::FILE;
use crate::records::grant::{self, GrantRecord};
use crate::records::quota::{self, Amount};
use crate::rooms::journal::{self, Journal};

/// How long a grant lasts, in seconds: 24 h.
const GRANT_SECONDS: u64 = 24 * 3600;
/// Delay before the sweep deletes the object that a killed removal left behind, in milliseconds.
const TAKE_OVER_MS: u64 = 60_000;

/// A URL to download the file by, under a new grant or an earlier one.
pub async fn download(app: &App, member: &Member, id: FileId, request: &Download) -> Result<DownloadGrant, ApiFailure> {
    member.may_view()?;
    let file = file::get(&app.tables, member.room, id).await?.ok_or_else(ApiFailure::not_found)?;
    let grant_id = match request.grant_id {
        Some(grant) => granted(app, member, id, grant).await?,
        None => new_grant(app, member, id).await?,
    };
    let expires_in = Duration::from_secs(app.config.download_url_seconds);
    // The name of an encrypted file is unknown here: the page saves it under its own.
    let name = file.meta.name().map_or_else(|| id.to_string(), str::to_owned);
    let url = app.storage.presign_get(&file::object_key(member.room, id), &name, expires_in).await?;
    Ok(DownloadGrant {
        grant_id,
        url,
        expires_in_seconds: app.config.download_url_seconds,
        size: file.size,
        etag: file.etag,
    })
}

async fn new_grant(app: &App, member: &Member, file: FileId) -> Result<GrantId, ApiFailure> {
    limits::charge_member(app, member.id).await?;
    let id = ids::grant_id();
    let ttl = app.clock.now_seconds() + GRANT_SECONDS;
    let record = GrantRecord { room_id: member.room, file_id: file, member_id: member.id, ttl };
    let journal = Journal::new().audit(Some(member.id), "download-granted", file);
    journal::commit(app, member.room, &[grant::create(id, &record)], &journal).await?;
    Ok(id)
}

async fn granted(app: &App, member: &Member, file: FileId, id: GrantId) -> Result<GrantId, ApiFailure> {
    let holds = |grant: &GrantRecord| {
        grant.room_id == member.room
            && grant.file_id == file
            && grant.member_id == member.id
            && grant.ttl > app.clock.now_seconds()
    };
    grant::get(&app.tables, id).await?.filter(holds).map(|_| id).ok_or_else(ApiFailure::not_found)
}

/// Removes a file. For managers and the member who added it.
pub async fn remove(app: &App, member: &Member, id: FileId) -> Result<(), ApiFailure> {
    limits::charge_member(app, member.id).await?;
    let file = file::get(&app.tables, member.room, id).await?;
    // For all others a 404: a 403 would tell a drop member that the file exists.
    let knows = |file: &FileInfo| file.added_by == member.id || member.role.may_view();
    let file = file.filter(knows).ok_or_else(ApiFailure::not_found)?;
    if file.added_by != member.id {
        member.may_manage()?;
    }
    // The list first: a file without its object must not be offered. The due item covers a crash before the delete.
    unlist(app, member, &file).await?;
    app.faults.at(Point::FileUnlisted).await;
    Ok(app.storage.delete(&file::object_key(member.room, id)).await?)
}

async fn unlist(app: &App, member: &Member, file: &FileInfo) -> Result<(), ApiFailure> {
    let room = member.room;
    let mut writes = Vec::with_capacity(4);
    writes.extend(file::unlist(room, file));
    writes.push(quota::release(room, Amount { bytes: file.size, files: 1, open: 0 }));
    writes.push(Due::object(room, file.file_id, app.clock.now_ms() + TAKE_OVER_MS).first());
    let journal = Journal::new().event(Event::FileRemoved { file_id: file.file_id, member_id: member.id }).audit(
        Some(member.id),
        "file-removed",
        file.file_id,
    );
    match journal::commit(app, room, &writes, &journal).await {
        Err(error) if error.refused(FILE) => Err(ApiFailure::not_found()),
        result => Ok(result.map(drop)?),
    }
}
