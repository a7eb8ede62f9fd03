//! Hashing alone, in three browsers.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use lab::browser::{Browser, Kind};
use lab::files::TestFile;
use local_stack::{DevServer, DevServerOptions, S3Options, S3Server};
use serde_json::json;
use tempfile::TempDir;

use crate::samples::Samples;

const LIMIT: Duration = Duration::from_secs(120);
const MIB: u64 = 1 << 20;
const FILE_BYTES: u64 = 512 * MIB;
const PART_BYTES: u64 = 16 * MIB;

/// What is timed: a name, and a script that promises MiB/s.
const CASES: [(&str, &str); 6] = [
    ("hash-wasm, one stream", "bench.hashWasmSpeed(256)"),
    ("Slipway, one stream", "bench.ourSpeed(1, 256)"),
    ("Slipway, four streams", "bench.ourSpeed(4, 512)"),
    ("Slipway, eight streams", "bench.ourSpeed(8, 1024)"),
    (
        "Slipway's worker, a Blob in memory",
        "bench.ourWorkerSpeed(window.benchBlob ??= new Blob([new Uint8Array(256 * 2 ** 20)]), 16 * 2 ** 20)",
    ),
    ("Slipway's worker, a File", "bench.ourWorkerSpeed(document.querySelector('input').files[0], 16 * 2 ** 20)"),
];

/// One browser's figures, in the order of the cases.
#[derive(Debug)]
pub(crate) struct Hashing {
    browser: &'static str,
    mib_per_second: Vec<Samples>,
}

pub(crate) async fn measure(page: &Path, rounds: usize) -> Result<Vec<Hashing>> {
    let (minio, folder) = (S3Server::start(S3Options::default())?, TempDir::with_prefix("slipway-bench-")?);
    let server =
        DevServer::start(DevServerOptions { page_dir: Some(page.to_owned()), ..DevServerOptions::new(&minio) })?;
    let file = TestFile::make(folder.path(), "hash.bin", FILE_BYTES, 1)?;
    let mut rows = Vec::new();
    for (browser, kind) in [("Chromium", Kind::Chromium), ("Firefox", Kind::Firefox), ("WebKitGTK", Kind::WebKit)] {
        let mib_per_second = one(kind, server.url(), &file, rounds).await.with_context(|| format!("in {browser}"))?;
        rows.push(Hashing { browser, mib_per_second });
    }
    Ok(rows)
}

async fn one(kind: Kind, url: &str, file: &TestFile, rounds: usize) -> Result<Vec<Samples>> {
    let browser = Browser::start(kind).await?;
    browser.goto(&format!("{url}/bench/index.html")).await?;
    browser.pick("file-input", &[file]).await?;
    let mut all = vec![Samples::default(); CASES.len()];
    for _ in 0..rounds {
        for ((name, script), samples) in CASES.iter().zip(&mut all) {
            let start = format!(
                "window.speed = null;
                 (async () => {script})().then((v) => {{ window.speed = v; }}, (e) => {{ window.speed = String(e); }});"
            );
            browser.script(&start, vec![json!(null)]).await?;
            let speed = browser.until(name, "return window.speed", LIMIT).await?;
            let Some(speed) = speed.as_f64() else { bail!("{name}: {speed}") };
            eprintln!("{:12} {name:36} {speed:7.0} MiB/s", format!("{kind:?}"));
            samples.push(speed);
        }
    }
    Ok(all)
}

/// The table.
pub(crate) fn section(rows: &[Hashing]) -> String {
    let names: Vec<&str> = rows.iter().map(|row| row.browser).collect();
    let mut text = format!(
        "## Hashing alone\n\nMiB/s of one thread, and how many times hash-wasm's speed that is; the goal is 4. The first four hash bytes in memory.\nThe worker is the page's own, asked for {} MiB parts; it reads the file, too.\n\n| | {} |\n|{}\n",
        PART_BYTES / MIB,
        names.join(" | "),
        " --- |".repeat(names.len() + 1),
    );
    for (index, (name, _)) in CASES.iter().enumerate() {
        let cells: Vec<String> = rows.iter().map(|row| cell(&row.mib_per_second, index)).collect();
        text += &format!("| {name} | {} |\n", cells.join(" | "));
    }
    text
}

fn cell(samples: &[Samples], index: usize) -> String {
    match (samples[index].median(), samples[0].median()) {
        (Some(speed), Some(peer)) => format!("{speed:.0}, {:.1} ×", speed / peer),
        _ => String::new(),
    }
}
