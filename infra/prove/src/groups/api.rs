//! The API through the CDN: rooms, uploads, what storage has to refuse, downloads.

use anyhow::{Context, Result, ensure};
use lab::api::{Member, NewRoom, Role, refusal};
use lab::files::TestFile;
use slipway_protocol::calls;
use slipway_protocol::wire::digest::{Digest, Md5};
use slipway_protocol::wire::error::ErrorCode;
use slipway_protocol::wire::id::PartNumber;
use slipway_protocol::wire::{FileInfo, PartToSign, SignedRequest, StartedUpload};

use crate::run::Run;
use crate::{MIB, REGION};

pub(super) async fn prove(run: &mut Run) -> Result<()> {
    let stack = run.main().await?;
    let api = run.api(&stack)?;
    api.call(&calls::GetHealth {}, None).await?;
    run.report.proved("the API is healthy");
    let room = NewRoom::create(api.clone(), "Proof").await?;
    let mut joined = Vec::new();
    for role in Role::ALL {
        joined.push(Member::join(api.clone(), room.link(role), "Ada").await?);
    }
    run.report.proved("a room is made, and joined by the link of each role");
    let by_role = |role: Role| Role::ALL.iter().position(|other| *other == role).map(|at| &joined[at]);
    let manager = by_role(Role::Manage).context("nobody manages")?;
    let sender = by_role(Role::Contribute).context("nobody sends")?;
    let viewer = by_role(Role::View).context("nobody views")?;

    let small = single(run, sender, viewer).await?;
    let large = in_parts(run, sender, viewer).await?;
    aborted(run, sender).await?;

    let denied = viewer.initiate("no.bin", 1, Vec::new()).await.err().context("who may only view uploads")?;
    ensure!(refusal(&denied) == Some(ErrorCode::RoleTooLow), "{denied:#}");
    run.report.proved("who may only view can't upload");
    let events = viewer.call(&calls::ListEvents { room: viewer.room, after: 0 }).await?.events;
    ensure!(events.len() >= 4 && events.iter().all(|event| event.seq.is_some()), "{} events", events.len());
    run.report.proved(&format!("the room lists {} events", events.len()));
    manager.call(&calls::RemoveFile { file: small.file_id }).await?;
    let left: Vec<_> = viewer.files().await?.iter().map(|file| file.file_id).collect();
    ensure!(left == [large.file_id], "other files are left than the large one");
    run.report.proved("a file is removed, and the other one stays");
    each_host(run, sender, stack.output("FileBucketName")?).await
}

/// One PUT. Other bytes than promised are refused.
async fn single(run: &mut Run, sender: &Member, viewer: &Member) -> Result<FileInfo> {
    let file = run.file("one.bin", MIB)?;
    let started = sender.initiate(file.name(), file.size, Vec::new()).await?;
    ensure!(started.plan.parts().count() == 1, "1 MiB is to be one PUT");
    let (request, bytes) = sign(sender, &started, (PartNumber::FIRST, 0), &file).await?;
    let mut wrong = bytes.clone();
    wrong[0] ^= 1;
    let (status, body) = sender.put(&request, wrong).await?;
    ensure!(status == 400 && body.contains("BadDigest"), "wrong bytes: {status} {body}");
    run.report.proved("wrong bytes are refused: BadDigest");
    let (status, body) = sender.put(&request, bytes[1..].to_vec()).await?;
    ensure!([400, 403].contains(&status.as_u16()), "too few bytes: {status} {body}");
    run.report.proved(&format!("too few bytes are refused: {status}"));
    let (status, body) = sender.put(&request, bytes).await?;
    ensure!(status.is_success(), "the right bytes: {status} {body}");
    let info = sender.complete(started.upload_id).await?;
    viewer.assert_holds(&file).await?;
    run.report.proved("one PUT is completed, and the download is identical");
    Ok(info)
}

/// Three parts, with status and an early complete in between.
async fn in_parts(run: &mut Run, sender: &Member, viewer: &Member) -> Result<FileInfo> {
    let file = run.file("three.bin", 35 * MIB + 5)?;
    let started = sender.initiate(file.name(), file.size, Vec::new()).await?;
    let parts: Vec<PartNumber> = started.plan.parts().collect();
    ensure!(parts.len() == 3, "35 MiB are to be three parts, not {}", parts.len());
    for part in &parts[..2] {
        sender.upload_part(&started, *part, &file).await?;
    }
    let status = sender.status(started.upload_id).await?;
    let stored: Vec<PartNumber> = status.parts.iter().map(|part| part.part_number).collect();
    ensure!(stored == parts[..2], "the status lists {stored:?}");
    let progress = sender.call(&calls::GetProgress { upload: started.upload_id }).await?;
    ensure!(progress.bytes_uploaded == 32 * MIB, "{} bytes as progress", progress.bytes_uploaded);
    run.report.proved("status and progress report two parts of three");
    let early = sender.complete(started.upload_id).await.err().context("completed without its last part")?;
    ensure!(refusal(&early) == Some(ErrorCode::PartsIncomplete), "{early:#}");
    run.report.proved("complete is refused while a part is missing");
    sender.upload_part(&started, parts[2], &file).await?;
    let info = sender.complete(started.upload_id).await?;
    viewer.assert_holds(&file).await?;
    run.report.proved("three parts are completed, and the download is identical");
    Ok(info)
}

/// A part that arrives after an abort is refused.
async fn aborted(run: &mut Run, sender: &Member) -> Result<()> {
    let file = run.file("gone.bin", 20 * MIB)?;
    let started = sender.initiate(file.name(), file.size, Vec::new()).await?;
    let (request, bytes) = sign(sender, &started, (PartNumber::FIRST, 0), &file).await?;
    let (status, body) = sender.put(&request, bytes.clone()).await?;
    ensure!(status.is_success(), "before the abort: {status} {body}");
    sender.abort(started.upload_id).await?;
    let (status, body) = sender.put(&request, bytes).await?;
    ensure!(status == 404 && body.contains("NoSuchUpload"), "after the abort: {status} {body}");
    run.report.proved("after an abort a late part is refused: NoSuchUpload");
    Ok(())
}

/// Each name of the bucket takes one part of an upload.
async fn each_host(run: &mut Run, sender: &Member, bucket: &str) -> Result<()> {
    let file = run.file("by-all-hosts.bin", 33 * MIB)?;
    let started = sender.initiate(file.name(), file.size, Vec::new()).await?;
    let mut taken = Vec::new();
    for (host, part) in (0..).zip(started.plan.parts()) {
        let (request, bytes) = sign(sender, &started, (part, host), &file).await?;
        let (status, body) = sender.put(&request, bytes).await?;
        ensure!(status.is_success(), "host {host}: {status} {body}");
        taken.push(host_of(&request.url, bucket)?);
    }
    ensure!(taken == upload_hosts(bucket), "the parts went to {}", taken.join(", "));
    sender.complete(started.upload_id).await?;
    sender.assert_holds(&file).await?;
    run.report.proved(&format!("each host takes a part of one file: {}", taken.join(", ")));
    Ok(())
}

/// The names of the bucket that parts are signed for, in their order; the last with its path.
pub(super) fn upload_hosts(bucket: &str) -> [String; 3] {
    let host = |name: &str| format!("{name}.{REGION}.amazonaws.com");
    [host(&format!("{bucket}.s3")), host(&format!("{bucket}.s3.dualstack")), host("s3") + "/" + bucket]
}

/// Which of them a URL leads to.
pub(super) fn host_of(url: &str, bucket: &str) -> Result<String> {
    let rest = url.strip_prefix("https://").with_context(|| format!("no URL of a host: {}", url.len()))?;
    let (host, path) = rest.split_once('/').context("a URL without a path")?;
    let in_path = path.strip_prefix(bucket).is_some_and(|rest| rest.starts_with('/'));
    Ok(if in_path { format!("{host}/{bucket}") } else { host.to_owned() })
}

/// The request for a part by a host, and its bytes.
pub(super) async fn sign(
    sender: &Member,
    started: &StartedUpload,
    (part, host): (PartNumber, u8),
    file: &TestFile,
) -> Result<(SignedRequest, Vec<u8>)> {
    let range = started.plan.range(part).context("a part outside of the plan")?;
    let bytes = file.read(range.start, range.len)?;
    let to_sign = PartToSign { part_number: part, digest: Digest(Md5::of(&bytes)), host };
    let request = sender.presign(started.upload_id, vec![to_sign]).await?.remove(0);
    Ok((request, bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_host_of_a_url_is_recognized() {
        let hosts = upload_hosts("files");
        for host in &hosts {
            assert_eq!(host_of(&format!("https://{host}/rooms/a/b?X-Amz-Signature=1"), "files").unwrap(), *host);
        }
        assert!(host_of("/storage/rooms/a/b", "files").is_err());
    }
}
