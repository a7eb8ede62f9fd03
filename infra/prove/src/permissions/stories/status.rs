//! Uploads are looked at, and adopted.

use anyhow::{Result, bail, ensure};
use lab::api::{Member, NewRoom, Role};
use slipway_protocol::calls;
use slipway_protocol::wire::digest::{Digest, Md5};
use slipway_protocol::wire::id::PartNumber;
use slipway_protocol::wire::{Adopt, Adoption, Proof};

use super::super::ground::{Begun, Ground, ONE, SEVERAL, content};
use super::finish::left_to_finish;

pub(super) async fn parts(ground: &Ground) -> Result<()> {
    let begun = ground.begin(SEVERAL).await?;
    begun.send(PartNumber::FIRST).await?;
    has_parts(&begun, 1).await
}

/// S3 says that there is no such object: that is another thing than a refusal.
pub(super) async fn single(ground: &Ground) -> Result<()> {
    let begun = ground.begin(ONE).await?;
    has_parts(&begun, 0).await?;
    begun.send_all().await?;
    has_parts(&begun, 1).await
}

/// By its digest, which is known before it has arrived.
pub(super) async fn adopted(ground: &Ground) -> Result<()> {
    let room = NewRoom::create(ground.api.clone(), "Permissions").await?;
    let join = |name: &'static str| Member::join(ground.api.clone(), room.link(Role::Contribute), name);
    let (sender, other) = (join("Ada").await?, join("Grace").await?);
    let started = sender.initiate("adopted.bin", ONE, Vec::new()).await?;
    let begun = Begun { sender, started };
    begun.send_all().await?;
    let adopt = |proofs: Vec<Proof>| calls::Adopt { upload: begun.id(), body: Adopt { proofs } };
    let Adoption::Challenge { parts, .. } = other.call(&adopt(Vec::new())).await? else { bail!("nothing to prove") };
    let digest = Digest(Md5::of(&content(ONE)));
    let proofs = parts.into_iter().map(|part_number| Proof { part_number, digest }).collect();
    let answer = other.call(&adopt(proofs)).await?;
    ensure!(matches!(answer, Adoption::Adopted { .. }), "the proof is not taken");
    Ok(())
}

pub(super) async fn handed_over(ground: &Ground) -> Result<()> {
    left_to_finish(ground, &ground.send(SEVERAL).await?, "completed").await
}

async fn has_parts(begun: &Begun, count: usize) -> Result<()> {
    let stored = begun.sender.status(begun.id()).await?.parts.len();
    ensure!(stored == count, "{stored} parts are stored, not {count}");
    Ok(())
}
