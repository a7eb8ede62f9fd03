//! What the schedule does, invoked by hand.

use anyhow::{Result, ensure};
use slipway_protocol::wire::id::PartNumber;

use super::super::ground::{Ground, SEVERAL};
use super::complete::many;

pub(super) async fn expired(ground: &Ground) -> Result<()> {
    let begun = ground.begin(SEVERAL).await?;
    begun.send(PartNumber::FIRST).await?;
    ground.sweep().await?;
    ground.ensure_state(&begun, "expired").await?;
    ground.ensure_nothing_in_storage(&begun).await
}

pub(super) async fn resumed(ground: &Ground) -> Result<()> {
    let begun = ground.send(SEVERAL).await?;
    ground.abandon(&begun).await?;
    ground.sweep().await?;
    ground.ensure_state(&begun, "completed").await
}

pub(super) async fn lost(ground: &Ground) -> Result<()> {
    let begun = ground.send(SEVERAL).await?;
    ground.lose(&begun).await?;
    ground.abandon(&begun).await?;
    ground.sweep().await?;
    ground.ensure_state(&begun, "failed").await
}

pub(super) async fn handed_over(ground: &Ground) -> Result<()> {
    ground.abandon(&many(ground).await?).await?;
    let report = ground.sweep().await?;
    ensure!(report["failed"] == 0 && report["resumed"].as_u64() > Some(0), "the sweep reports {report}");
    Ok(())
}
