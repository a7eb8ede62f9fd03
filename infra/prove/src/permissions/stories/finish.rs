//! Uploads are completed outside of a call. The status hands over what another function left.

use anyhow::Result;
use aws_sdk_lambda::types::InvocationType;

use super::super::ground::{Begun, Ground, LIMIT, SEVERAL};

pub(super) async fn finished(ground: &Ground) -> Result<()> {
    let begun = ground.send(SEVERAL).await?;
    left_to_finish(ground, &begun, "completed").await
}

pub(super) async fn lost(ground: &Ground) -> Result<()> {
    let begun = ground.send(SEVERAL).await?;
    ground.lose(&begun).await?;
    left_to_finish(ground, &begun, "failed").await
}

/// Both the object and the parts go.
pub(super) async fn another_object(ground: &Ground) -> Result<()> {
    let begun = ground.send(SEVERAL).await?;
    ground.put_another(&begun).await?;
    left_to_finish(ground, &begun, "failed").await?;
    ground.ensure_nothing_in_storage(&begun).await
}

/// Invoked with what it can't read. A failure of the table would do as well.
pub(super) async fn failed(ground: &Ground) -> Result<()> {
    let nonce = ground.member(lab::api::Role::View).await?.room.to_string();
    let invoke = ground.cloud.functions.invoke().function_name(ground.stack.named("Finish")?);
    let payload = format!("{{\"nonsense\":\"{nonce}\"}}");
    invoke.invocation_type(InvocationType::Event).payload(payload.into_bytes().into()).send().await?;
    ground.cloud.message(ground.stack.output("FinishFailuresUrl")?, &nonce, LIMIT).await.map(drop)
}

pub(super) async fn left_to_finish(ground: &Ground, begun: &Begun, end: &str) -> Result<()> {
    ground.abandon(begun).await?;
    begun.sender.status(begun.id()).await?;
    ground.until_state(begun, end).await
}
