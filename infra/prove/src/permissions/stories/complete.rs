//! Uploads are completed within a call.

use anyhow::{Context, Result, ensure};
use lab::api::{Role, refusal};
use slipway_protocol::calls;
use slipway_protocol::wire::Completion;
use slipway_protocol::wire::error::ErrorCode;

use super::super::ground::{Begun, Ground, MANY, ONE, SEVERAL, SLOW_LINK, initiate};

pub(super) async fn both(ground: &Ground) -> Result<()> {
    for size in [ONE, SEVERAL] {
        let begun = ground.send(size).await?;
        let answer = begun.sender.call(&calls::Complete { upload: begun.id() }).await?;
        ensure!(matches!(answer, Completion::Completed { .. }), "it is not completed in the call");
    }
    Ok(())
}

/// S3 says that there is no such object: that is another thing than a refusal.
pub(super) async fn nothing_there(ground: &Ground) -> Result<()> {
    refused(&ground.begin(ONE).await?, ErrorCode::PartsIncomplete).await
}

/// Both the object and the parts go.
pub(super) async fn another_object(ground: &Ground) -> Result<()> {
    let begun = ground.send(SEVERAL).await?;
    ground.put_another(&begun).await?;
    refused(&begun, ErrorCode::ObjectMismatch).await?;
    ground.ensure_state(&begun, "failed").await?;
    ground.ensure_nothing_in_storage(&begun).await
}

pub(super) async fn handed_over(ground: &Ground) -> Result<()> {
    let begun = many(ground).await?;
    let answer = begun.sender.call(&calls::Complete { upload: begun.id() }).await?;
    ensure!(matches!(answer, Completion::Completing { .. }), "complete did not leave it to finish");
    Ok(())
}

/// An upload of more parts than a call completes, none of which was sent.
pub(super) async fn many(ground: &Ground) -> Result<Begun> {
    let sender = ground.member(Role::Contribute).await?;
    let mut begun = sender.call(&initiate(&sender, "many", MANY, Some(SLOW_LINK))).await?;
    let started = begun.uploads.pop().context("nothing begun")?;
    ensure!(started.plan.part_count > 100, "only {} parts are planned", started.plan.part_count);
    Ok(Begun { sender, started })
}

async fn refused(begun: &Begun, with: ErrorCode) -> Result<()> {
    let refused = begun.sender.call(&calls::Complete { upload: begun.id() }).await.err().context("it is completed")?;
    ensure!(refusal(&refused) == Some(with), "{refused:#}");
    Ok(())
}
