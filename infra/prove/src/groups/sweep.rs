//! The sweep, started by its schedule, removes an abandoned upload.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use lab::api::{Member, NewRoom, Role};
use slipway_protocol::wire::UploadState;
use slipway_protocol::wire::id::PartNumber;

use crate::MIB;
use crate::run::{Left, Run};
use crate::stack::Parameters;

/// Time after its last part at which an upload expires.
const IDLE_SECONDS: u64 = 3;
/// Two runs of the schedule, with a margin.
const LIMIT: Duration = Duration::from_secs(150);
const POLL: Duration = Duration::from_millis(500);

/// Deploys a stack in which uploads expire soon, and abandons one there beside a complete file.
pub(super) async fn prepare(run: &mut Run) -> Result<()> {
    let parameters = Parameters::from([("UploadIdleSeconds", IDLE_SECONDS.to_string())]);
    let stack = run.deploy("swept", parameters).await?;
    let api = run.api(&stack)?;
    let room = NewRoom::create(api.clone(), "Left").await?;
    let sender = Member::join(api, room.link(Role::Contribute), "Ada").await?;
    let kept = run.file("kept.bin", MIB)?;
    sender.upload(&kept).await?;
    let left = run.file("left.bin", 20 * MIB)?;
    let started = sender.initiate(left.name(), left.size, Vec::new()).await?;
    sender.upload_part(&started, PartNumber::FIRST, &left).await?;
    let (_, open) = run.cloud.content(stack.output("FileBucketName")?).await?;
    ensure!(open.len() == 1, "{} uploads are open in the bucket", open.len());
    run.report.note("an upload is left in the middle");
    run.left = Some(Left { stack, sender, upload: started.upload_id, kept });
    Ok(())
}

pub(super) async fn prove(run: &mut Run) -> Result<()> {
    let Left { stack, sender, upload, kept } = run.left.take().context("nothing was left to sweep")?;
    let bucket = stack.output("FileBucketName")?;
    let start = Instant::now();
    while !run.cloud.content(bucket).await?.1.is_empty() {
        ensure!(start.elapsed() < LIMIT, "after {LIMIT:?} the upload is still in the bucket");
        tokio::time::sleep(POLL).await;
    }
    run.report.proved("the schedule runs sweep, and the upload is gone from the bucket");
    let state = sender.status(upload).await?.state;
    ensure!(state == UploadState::Expired, "the upload is {state:?}");
    let open = sender.view().await?.quota.map(|quota| quota.open_uploads);
    ensure!(open == Some(0), "the room counts {open:?} open uploads");
    run.report.proved("it has expired, and the room counts it no more");
    sender.assert_holds(&kept).await?;
    run.report.proved("the whole file beside it stays");
    Ok(())
}
