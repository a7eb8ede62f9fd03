//! Parts through the page's own origin: the CDN forwards signed PUTs to the bucket, and nothing else.

use anyhow::{Result, ensure};
use lab::api::{Member, NewRoom, Role};
use slipway_protocol::wire::id::PartNumber;

use super::api::sign;
use crate::MIB;
use crate::run::Run;
use crate::stack::Parameters;

/// The parameter that turns it on.
pub(super) fn by_page() -> Parameters {
    Parameters::from([("UploadsByPage", "true".to_owned())])
}

pub(super) async fn prove(run: &mut Run) -> Result<()> {
    let stack = run.main_with(by_page()).await?;
    let api = run.api(&stack)?;
    let room = NewRoom::create(api.clone(), "By page").await?;
    let sender = Member::join(api, room.link(Role::Contribute), "Ada").await?;
    let file = run.file("by-page.bin", 20 * MIB)?;
    let started = sender.initiate(file.name(), file.size, Vec::new()).await?;
    let (request, mut bytes) = sign(&sender, &started, (PartNumber::FIRST, 0), &file).await?;
    ensure!(request.url.starts_with("/storage/"), "parts don't go by the page's own origin");
    bytes[0] ^= 1;
    let (status, body) = sender.put(&request, bytes).await?;
    ensure!(status == 400 && body.contains("BadDigest"), "wrong bytes: {status} {body}");
    run.report.proved("the CDN hands a signed part on, and the bucket refuses wrong bytes: BadDigest");

    let url = format!("{}{}", stack.url()?, request.url);
    let got = run.http.get(&url).send().await?.status();
    ensure!(got == 405, "a GET of what was signed is {got}");
    let (path, _) = url.split_once('?').unwrap_or((&url, ""));
    let unsigned = run.http.put(path).body("x").send().await?.status();
    ensure!(unsigned == 403, "a PUT without a signature is {unsigned}");
    run.report.proved("nothing is read there (405), and nothing unsigned is written (403)");

    for part in started.plan.parts() {
        sender.upload_part(&started, part, &file).await?;
    }
    sender.complete(started.upload_id).await?;
    sender.assert_holds(&file).await?;
    run.report.proved("the parts arrive, and the download is identical");
    Ok(())
}
