//! The page as it is deployed: compiled for size and shrunk.

use anyhow::{Context, Result, ensure};
use lab::browser::Kind;

use crate::room::{MIB, Room};

async fn the_packaged_page_uploads(kind: Kind) -> Result<()> {
    let room = Room::make(kind).await?;
    ensure!(is_shrunk(&room).await?, "this is not the page that is deployed");
    // Many parts and one.
    for (name, size) in [("large.bin", 40 * MIB), ("small.bin", 100_000)] {
        let file = room.pick(name, size).await?;
        room.assert_arrives(&file).await?;
    }
    // Such as that no worker could be had.
    ensure!(!room.browser.is_present("notice").await?, "the page complains");
    Ok(())
}
stories!(the_packaged_page_uploads in chromium, firefox, webkit);

/// Compiled for size, without debug information: the page of development has some ten times as much.
async fn is_shrunk(room: &Room) -> Result<bool> {
    const MODULE: &str = "document.querySelector('link[href$=\"_bg.wasm\"]').href";
    let href = room.browser.script(&format!("return {MODULE}"), Vec::new()).await?;
    let module = reqwest::get(href.as_str().context("no module")?).await?.bytes().await?;
    Ok((module.len() as u64) < 2 * MIB)
}
