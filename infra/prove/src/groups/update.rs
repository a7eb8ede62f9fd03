//! An update of the stack in the middle of an upload.

use anyhow::{Context, Result, ensure};
use lab::api::{Member, NewRoom, Role};
use slipway_protocol::wire::id::PartNumber;

use super::api::sign;
use super::own_origin::by_page;
use crate::MIB;
use crate::run::Run;

pub(super) async fn prove(run: &mut Run) -> Result<()> {
    let stack = run.main().await?;
    let api = run.api(&stack)?;
    let room = NewRoom::create(api.clone(), "Update").await?;
    let sender = Member::join(api, room.link(Role::Contribute), "Ada").await?;
    let file = run.file("through.bin", 35 * MIB)?;
    let started = sender.initiate(file.name(), file.size, Vec::new()).await?;
    let parts: Vec<PartNumber> = started.plan.parts().collect();
    sender.upload_part(&started, parts[0], &file).await?;
    let (before, bytes) = sign(&sender, &started, parts[1], &file).await?;
    ensure!(before.url.starts_with("https://"), "parts go by the page's own origin before the update");
    run.report.note("an upload has sent one part of three");

    run.update_main(by_page()).await?;
    run.report.proved("the stack takes another parameter: UPDATE_COMPLETE");
    let (status, body) = sender.put(&before, bytes).await?;
    ensure!(status.is_success(), "a part that was signed before the update: {status} {body}");
    let (after, bytes) = sign(&sender, &started, parts[2], &file).await?;
    ensure!(after.url.starts_with('/'), "the update has changed nothing");
    let (status, body) = sender.put(&after, bytes).await?;
    ensure!(status.is_success(), "a part that was signed after the update: {status} {body}");
    sender.complete(started.upload_id).await.context("completing what was begun before the update")?;
    sender.assert_holds(&file).await?;
    run.report.proved("the upload goes on, with URLs from before and after, and nothing is lost");
    Ok(())
}
