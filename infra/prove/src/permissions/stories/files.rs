//! Uploads are cancelled, and files downloaded and removed.

use anyhow::{Result, ensure};
use slipway_protocol::calls;
use slipway_protocol::wire::id::PartNumber;

use super::super::ground::{Ground, ONE, SEVERAL};

pub(super) async fn cancelled(ground: &Ground) -> Result<()> {
    for size in [ONE, SEVERAL] {
        let begun = ground.begin(size).await?;
        begun.send(PartNumber::FIRST).await?;
        begun.sender.abort(begun.id()).await?;
        ground.ensure_nothing_in_storage(&begun).await?;
    }
    Ok(())
}

pub(super) async fn downloaded(ground: &Ground) -> Result<()> {
    let begun = ground.send(ONE).await?;
    let file = begun.sender.complete(begun.id()).await?;
    let grant = begun.sender.grant(file.file_id).await?;
    let got = ground.cloud.http.get(&grant.url).send().await?.error_for_status()?.bytes().await?;
    ensure!(got == begun.bytes(PartNumber::FIRST)?, "other bytes are downloaded than were sent");
    begun.sender.call(&calls::RemoveFile { file: file.file_id }).await?;
    ground.ensure_nothing_in_storage(&begun).await
}
