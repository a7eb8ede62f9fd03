//! Updates of the stack in the middle of an upload, and from the template before the three tables.

use anyhow::{Context, Result, ensure};
use lab::api::{Member, NewRoom, Role};
use slipway_protocol::wire::id::PartNumber;

use super::api::{host_of, sign, upload_hosts};
use super::own_origin::by_page;
use crate::MIB;
use crate::run::{CODE_BUCKET, Run};
use crate::stack::{Parameters, Stack};
use crate::template;

/// The last template with one table, as it was in version control. Kept as it is.
const BEFORE: &str = include_str!("../../tests/template-of-one-table.yaml");
/// The last of the bucket's names. After both updates there is no such host.
const LAST_HOST: u8 = 2;

pub(super) async fn prove(run: &mut Run) -> Result<()> {
    while_uploading(run).await?;
    from_before(run).await
}

/// Three hosts, then one, then the page's own origin. A page that was loaded before asks for the host that it knows.
async fn while_uploading(run: &mut Run) -> Result<()> {
    let stack = run.main().await?;
    let api = run.api(&stack)?;
    let room = NewRoom::create(api.clone(), "Update").await?;
    let sender = Member::join(api, room.link(Role::Contribute), "Ada").await?;
    let file = run.file("through.bin", 70 * MIB)?;
    let started = sender.initiate(file.name(), file.size, Vec::new()).await?;
    let parts: Vec<PartNumber> = started.plan.parts().collect();
    ensure!(parts.len() == 5, "{} parts are planned", parts.len());
    sender.upload_part(&started, parts[0], &file).await?;
    let (of_three, bytes_of_three) = sign(&sender, &started, (parts[1], LAST_HOST), &file).await?;
    run.report.note("an upload has sent one part of five");

    let one_host = template::with_one_host(run.template())?;
    run.update_main(Some(&one_host), Parameters::new()).await?;
    let hosts = sender.view().await?.upload_hosts;
    ensure!(hosts == 1, "the room reports {hosts} hosts");
    run.report.proved("the stack takes another template, with one host instead of three: UPDATE_COMPLETE");
    put(&sender, (&of_three, bytes_of_three)).await.context("signed for a host that there is no more")?;
    let bucket = stack.output("FileBucketName")?;
    let (of_one, bytes) = sign(&sender, &started, (parts[2], LAST_HOST), &file).await?;
    ensure!(host_of(&of_one.url, bucket)? == upload_hosts(bucket)[0], "a part is signed for a host that is no more");
    put(&sender, (&of_one, bytes)).await?;
    let (of_one, bytes_of_one) = sign(&sender, &started, (parts[3], 0), &file).await?;

    let ours = run.template().to_owned();
    run.update_main(Some(&ours), by_page()).await?;
    run.report.proved("it takes the template and another parameter: UPDATE_COMPLETE");
    put(&sender, (&of_one, bytes_of_one)).await.context("signed before the second update")?;
    let (after, bytes) = sign(&sender, &started, (parts[4], LAST_HOST), &file).await?;
    ensure!(after.url.starts_with('/'), "the update has changed nothing");
    put(&sender, (&after, bytes)).await.context("signed after the second update")?;
    sender.complete(started.upload_id).await.context("completing what was begun before the updates")?;
    sender.assert_holds(&file).await?;
    run.report.proved("the upload goes on through both, with URLs from before and after, and nothing is lost");
    Ok(())
}

async fn put(sender: &Member, (request, bytes): (&slipway_protocol::wire::SignedRequest, Vec<u8>)) -> Result<()> {
    let (status, body) = sender.put(request, bytes).await?;
    ensure!(status.is_success(), "{status} {body}");
    Ok(())
}

/// A stack that was deployed before December 2026.
async fn from_before(run: &mut Run) -> Result<()> {
    let mut stack = run.create("before", &template::localized(BEFORE, CODE_BUCKET)?, Parameters::new()).await?;
    let kept = stack.output("FileBucketName").map(str::to_owned)?;
    let (cloud, template) = (run.cloud.clone(), run.template().to_owned());
    cloud.put(&kept, "rooms/a/b", "application/octet-stream", b"from before".to_vec()).await?;
    // As infra/README.md says, so that the stack goes on with its bucket.
    stack.update(&cloud, Some(&template), Parameters::from([("FileBucketName", kept.clone())])).await?;
    run.report.proved("a stack of the template with one table takes this one: UPDATE_COMPLETE");
    ensure!(stack.output("FileBucketName")? == kept, "the stack has another bucket");
    ensure!(cloud.content(&kept).await?.0 == ["rooms/a/b"], "the files of before are gone");
    run.report.proved("it goes on with its bucket, and the files of before are there");
    works(run, &stack).await?;
    run.report.proved("the updated stack takes an upload, by its page's address, and gives it back");
    Ok(())
}

async fn works(run: &mut Run, stack: &Stack) -> Result<()> {
    run.upload_page(stack).await?;
    run.http.get(stack.url()?).send().await?.error_for_status()?;
    let api = run.api(stack)?;
    let room = NewRoom::create(api.clone(), "After").await?;
    let sender = Member::join(api, room.link(Role::Contribute), "Ada").await?;
    let file = run.file("after.bin", MIB)?;
    sender.upload(&file).await?;
    sender.assert_holds(&file).await
}
