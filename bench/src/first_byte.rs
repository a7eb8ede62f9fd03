//! How soon the first byte of a file is on the wire after its pick, at each part size of the plan.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use slipway_protocol::wire::plan::Plan;

use crate::discard::Discard;
use crate::samples::Samples;

const MIB: u64 = 1 << 20;
const GIB: u64 = 1 << 30;
const LIMIT: Duration = Duration::from_secs(60);
/// File sizes, one for each part size of the plan up to a tebibyte, and one that is a single PUT.
const SIZES: [u64; 4] = [16 * MIB, GIB, 8 * GIB, 100 * GIB];

/// One file size.
#[derive(Clone, Debug)]
pub(crate) struct FirstByte {
    size: u64,
    part_bytes: u64,
    ms: Samples,
}

pub(crate) async fn measure(page: &Path, rounds: usize) -> Result<Vec<FirstByte>> {
    let stage = Discard::start(page).await?;
    let mut rows = Vec::new();
    for size in SIZES {
        let plan = Plan::new(size, None).context("no plan for this size")?;
        rows.push(FirstByte { size, part_bytes: plan.part_size.min(size), ms: Samples::default() });
    }
    for round in 0..rounds {
        for row in &mut rows {
            row.ms.push(one(&stage, row, round).await?);
        }
    }
    Ok(rows)
}

/// Each in a new room with the page reloaded: the worker starts cold, as it does for a person.
async fn one(stage: &Discard, row: &FirstByte, round: usize) -> Result<f64> {
    const WATCH: &str = "const input = document.querySelector('[data-testid=file-input]');
        input.addEventListener('change', () => { window.pickedAt = performance.timeOrigin + performance.now(); },
            { capture: true, once: true });";
    let size = row.size;
    let file = stage.sparse_behind(&format!("first-{size}-{round}.bin"), size, 2 * row.part_bytes)?;
    stage.enter().await?;
    // What the page does at its start is over by then.
    tokio::time::sleep(Duration::from_secs(1)).await;
    stage.sink.take_first_byte();
    stage.browser.script(WATCH, Vec::new()).await?;
    stage.browser.pick("file-input", &[&file]).await?;
    let start = Instant::now();
    let arrived = loop {
        if let Some(at) = stage.sink.take_first_byte() {
            break at;
        }
        ensure!(start.elapsed() < LIMIT, "no byte of {size} bytes after {LIMIT:?}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    };
    let picked = stage.browser.script("return window.pickedAt", Vec::new()).await?;
    Ok(arrived - picked.as_f64().context("the pick was not seen")?)
}

/// The table.
pub(crate) fn section(rows: &[FirstByte]) -> String {
    let mut text = String::from(
        "## First byte after the pick\n\nFrom the input's `change` event to the first byte of a part at storage (which discards it), the page just loaded and\nits hash worker not yet used. A part is hashed before it is sent, and MD5 of one part is serial: the limit is\n100 ms + part size / 400 MiB/s. The files are sparse behind their first two parts, which are in the system's cache.\n\n| file | part, MiB | ms (least to most) | limit, ms |\n| --- | --- | --- | --- |\n",
    );
    for row in rows {
        let part = row.part_bytes as f64 / MIB as f64;
        text += &format!("| {} | {part:.0} | {} | {:.0} |\n", name(row.size), row.ms.cell(0), 100.0 + part / 0.4);
    }
    text
}

fn name(size: u64) -> String {
    if size < GIB { format!("{} MiB", size / MIB) } else { format!("{} GiB", size / GIB) }
}
