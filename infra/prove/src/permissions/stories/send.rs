//! Uploads are begun, and their parts signed.

use anyhow::{Context, Result, bail, ensure};
use lab::api::Role;
use slipway_protocol::wire::id::PartNumber;

use super::super::ground::{Begun, Fault, Ground, ONE, SEVERAL, content, initiate, put, to_sign};

/// CreateMultipartUpload of one caller waits.
const HELD: Fault = Fault { method: "POST", query: &["uploads"], status: None, times: 1 };
/// It fails for all attempts of one caller.
const FAILS: Fault = Fault { status: Some(503), times: 3, ..HELD };
/// Longer than a use of a token is not noted.
const LONG_SECONDS: u64 = 3600;

pub(super) async fn begun(ground: &Ground) -> Result<()> {
    let sender = ground.member(Role::Contribute).await?;
    let bytes = content(ONE);
    let started = sender.initiate("first.bin", ONE, vec![to_sign(PartNumber::FIRST, &bytes)]).await?;
    let request = started.requests.first().context("the first part is not signed")?;
    put(&sender, request, bytes).await?;
    ground.begin(SEVERAL).await.map(drop)
}

/// The second call opens the upload while the first is at S3, which then takes its own multipart upload back.
pub(super) async fn begun_twice(ground: &Ground) -> Result<()> {
    let sender = ground.member(Role::Contribute).await?;
    let call = initiate(&sender, "the-same", SEVERAL, None);
    let (mut first, second) = ground.overlap(HELD, sender.call(&call), sender.call(&call)).await?;
    let started = first.uploads.pop().context("nothing begun")?;
    ensure!(second.uploads.iter().all(|other| other.upload_id == started.upload_id), "two uploads are begun");
    one_is_open(ground, &Begun { sender, started }).await
}

pub(super) async fn signed(ground: &Ground) -> Result<()> {
    ground.send(SEVERAL).await.map(drop)
}

pub(super) async fn signed_late(ground: &Ground) -> Result<()> {
    let begun = ground.begin(ONE).await?;
    ground.age_token(&begun.sender, LONG_SECONDS).await?;
    begun.send_all().await
}

/// As above, by presign: S3 did not answer when the upload was begun.
pub(super) async fn opened_twice(ground: &Ground) -> Result<()> {
    let sender = ground.member(Role::Contribute).await?;
    ground.set_faults(&[FAILS]).await?;
    let call = initiate(&sender, "pending", SEVERAL, None);
    if sender.call(&call).await.is_ok() {
        bail!("an upload is begun, and S3 does not answer");
    }
    let id = sender.view().await?.uploads.first().context("the upload is not listed")?.upload_id;
    let part = to_sign(PartNumber::FIRST, b"promised");
    let sign = || sender.presign(id, vec![part]);
    ground.overlap(HELD, sign(), sign()).await?;
    // Repeated, the call that failed names what it began.
    let started = sender.call(&call).await?.uploads.pop().context("nothing begun")?;
    one_is_open(ground, &Begun { sender: sender.clone(), started }).await
}

async fn one_is_open(ground: &Ground, begun: &Begun) -> Result<()> {
    let open = ground.open_in_storage(begun).await?.len();
    ensure!(open == 1, "{open} multipart uploads are open in S3");
    Ok(())
}
