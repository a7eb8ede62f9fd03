//! Whether the page's memory stays flat, whatever the file's size.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Result, bail, ensure};

use crate::discard::Discard;

const GIB: u64 = 1 << 30;
const LIMIT: Duration = Duration::from_secs(3600);

/// The page's memory around one upload, in bytes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Memory {
    gib: u64,
    before: u64,
    most: u64,
    seconds: f64,
}

/// Sends a file of each size.
pub(crate) async fn measure(page: &Path, sizes_gib: &[u64]) -> Result<Vec<Memory>> {
    let mut rows = Vec::new();
    for gib in sizes_gib {
        rows.push(one(page, *gib).await?);
    }
    Ok(rows)
}

async fn one(page: &Path, gib: u64) -> Result<Memory> {
    let stage = Discard::start(page).await?;
    let file = stage.sparse(&format!("sparse-{gib}.bin"), gib * GIB)?;
    let before = stage.browser.page_memory()?;
    stage.browser.pick("file-input", &[&file]).await?;
    let (mut most, start) = (before, Instant::now());
    loop {
        most = most.max(stage.browser.page_memory()?);
        let state = stage.browser.row(file.name()).await?.map(|row| row.state).unwrap_or_default();
        ensure!(start.elapsed() < LIMIT, "{gib} GiB not sent after {LIMIT:?}: {state}");
        match state.as_str() {
            "completed" => return Ok(Memory { gib, before, most, seconds: start.elapsed().as_secs_f64() }),
            "failed" | "expired" | "cancelled" => bail!("{gib} GiB: {state}"),
            _ => tokio::time::sleep(Duration::from_millis(500)).await,
        }
    }
}

/// The table.
pub(crate) fn section(rows: &[Memory]) -> String {
    let mut text = String::from(
        "## Memory of the page\n\nA sparse file (zeros) into storage that discards what it gets: it answers as S3 does, believes the `Content-MD5`\nof each part and keeps nothing. Proportional set size of all processes that run pages, sampled twice a second.\n\n| file, GiB | before, MiB | most, MiB | seconds |\n| --- | --- | --- | --- |\n",
    );
    for row in rows {
        text += &format!("| {} | {} | {} | {:.0} |\n", row.gib, row.before >> 20, row.most >> 20, row.seconds);
    }
    if let [first, .., last] = rows {
        let ratio = last.most as f64 / first.most as f64;
        text += &format!(
            "\n{} GiB need {ratio:.2} times the memory of {} GiB; the goal is at most 1.10.\n",
            last.gib, first.gib
        );
    }
    text
}
