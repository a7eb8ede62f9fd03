//! More parts than `complete` handles itself: it invokes `finish` and answers at once.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use futures::{StreamExt as _, TryStreamExt as _};
use lab::api::{Member, NewRoom, Role};
use slipway_protocol::calls;
use slipway_protocol::wire::digest::{Digest, Md5};
use slipway_protocol::wire::id::PartNumber;
use slipway_protocol::wire::{Completion, FileInfo, FileMeta, Initiate, Meta, NewUpload, PartToSign, StartedUpload};

use crate::MIB;
use crate::run::Run;

const PARTS: usize = 101;
/// The smallest part size, planned for slow links.
const PART_BYTES: u64 = 8 * MIB;
const SLOW_LINK: u64 = 100_000;
/// Parts per presign call.
const AT_ONCE: usize = 100;
/// Concurrent PUTs.
const LANES: usize = 4;
const LIMIT: Duration = Duration::from_secs(60);
const POLL: Duration = Duration::from_millis(250);

pub(super) async fn prove(run: &mut Run) -> Result<()> {
    let stack = run.main().await?;
    let api = run.api(&stack)?;
    let room = NewRoom::create(api.clone(), "Many parts").await?;
    let sender = Member::join(api, room.link(Role::Contribute), "Ada").await?;
    let started = begin(&sender).await?;
    ensure!(started.plan.parts().count() == PARTS, "planned are {} parts", started.plan.parts().count());
    send(&sender, &started).await?;
    run.report.note(&format!("{PARTS} parts of {} MiB are sent", PART_BYTES / MIB));
    let answer = sender.call(&calls::Complete { upload: started.upload_id }).await?;
    ensure!(matches!(answer, Completion::Completing { .. }), "complete did not leave it to finish");
    let file = completed(&sender, &started).await?;
    ensure!(file.size == PARTS as u64 * PART_BYTES, "a file of {} bytes", file.size);
    run.report.proved(&format!("{PARTS} parts are completed by `finish`"));
    // The emulator holds all of it in memory.
    let memory = run.memory_mib();
    let manager = Member::join(run.api(&stack)?, room.link(Role::Manage), "Grace").await?;
    manager.call(&calls::RemoveFile { file: file.file_id }).await?;
    run.report
        .note(&format!("the file is removed: the emulator held {memory} MiB, and holds {} MiB", run.memory_mib()));
    Ok(())
}

async fn begin(sender: &Member) -> Result<StartedUpload> {
    let meta =
        FileMeta { v: 1, name: "many.bin".into(), path: String::new(), media_type: String::new(), last_modified: None };
    let upload = NewUpload {
        meta: Meta::Plain(meta),
        seal: None,
        size: PARTS as u64 * PART_BYTES,
        rate_hint: Some(SLOW_LINK),
        first_parts: Vec::new(),
    };
    let body = Initiate { uploads: vec![upload] };
    let mut begun = sender.call(&calls::Initiate { room: sender.room, key: None, body }).await?;
    begun.uploads.pop().context("nothing begun")
}

/// All parts have the same bytes: their number is what matters here.
async fn send(sender: &Member, started: &StartedUpload) -> Result<()> {
    let bytes = vec![0x5a; usize::try_from(PART_BYTES)?];
    let digest = Digest(Md5::of(&bytes));
    let parts: Vec<PartNumber> = started.plan.parts().collect();
    for batch in parts.chunks(AT_ONCE) {
        let to_sign = batch.iter().map(|part| PartToSign { part_number: *part, digest, host: 0 }).collect();
        let requests = sender.presign(started.upload_id, to_sign).await?;
        let puts = futures::stream::iter(requests.into_iter().map(|request| {
            let bytes = bytes.clone();
            async move {
                let (status, body) = sender.put(&request, bytes).await?;
                ensure!(status.is_success(), "part {}: {status} {body}", request.part_number);
                Ok(())
            }
        }));
        puts.buffer_unordered(LANES).try_collect::<Vec<()>>().await?;
    }
    Ok(())
}

async fn completed(sender: &Member, started: &StartedUpload) -> Result<FileInfo> {
    let start = Instant::now();
    loop {
        let status = sender.status(started.upload_id).await?;
        if let Some(file) = status.file {
            return Ok(file);
        }
        if start.elapsed() > LIMIT {
            bail!("`finish` has not ended after {LIMIT:?}: {:?} {:?}", status.state, status.reason);
        }
        tokio::time::sleep(POLL).await;
    }
}
