//! Whether the page's memory stays flat, whatever the file's size.
//!
//! A sparse file: the bytes are zeros that take no room where they come from, and MinIO keeps
//! them for as long as the case lasts.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use e2e::files::TestFile;

use crate::cases::Case;
use crate::stage::Stage;

const GIB: u64 = 1 << 30;
const LIMIT: Duration = Duration::from_secs(3600);

/// The page's memory around one upload, in bytes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Memory {
    pub(crate) gib: u64,
    pub(crate) before: u64,
    pub(crate) most: u64,
}

pub(crate) async fn measure(page: &Path, sizes: &[u64]) -> Result<Vec<Memory>> {
    let mut rows = Vec::new();
    for gib in sizes {
        rows.push(one(page, *gib).await?);
    }
    Ok(rows)
}

async fn one(page: &Path, gib: u64) -> Result<Memory> {
    let case = Case { file_count: 0, ..crate::cases::all().remove(0) };
    let stage = Stage::set(&case, page).await?;
    let file = sparse(&stage, gib)?;
    stage.browser.switch_to(&stage.slipway).await?;
    let before = stage.browser.page_memory()?;
    stage.browser.pick("file-input", &[&file]).await?;
    let mut most = before;
    let start = Instant::now();
    loop {
        most = most.max(stage.browser.page_memory()?);
        let state = stage.browser.row(file.name()).await?.map(|row| row.state).unwrap_or_default();
        ensure!(start.elapsed() < LIMIT, "{gib} GiB not sent after {LIMIT:?}: {state}");
        match state.as_str() {
            "completed" => return Ok(Memory { gib, before, most }),
            "failed" | "expired" | "cancelled" => anyhow::bail!("{gib} GiB: {state}"),
            _ => tokio::time::sleep(Duration::from_millis(500)).await,
        }
    }
}

/// Zeros that take no room on the disk.
fn sparse(stage: &Stage, gib: u64) -> Result<TestFile> {
    let path = stage.path(&format!("sparse-{gib}.bin"));
    std::fs::File::create(&path)?.set_len(gib * GIB)?;
    Ok(TestFile { path, size: gib * GIB })
}
