//! How large the page is, and how soon it shows something.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result};
use lab::browser::{Browser, Kind};
use local_stack::{DevServer, DevServerOptions, S3Options, S3Server};
use serde::Deserialize;

use crate::samples::Samples;

const LIMIT: Duration = Duration::from_secs(20);
/// By Node, which the peers need anyway.
const PACK: &str = r"
    const fs = require('fs'), zlib = require('zlib'), folder = process.argv[1];
    const names = fs.readdirSync(folder).filter((name) => /\.(wasm|js|css|html)$/.test(name)).sort();
    console.log(JSON.stringify(names.map((name) => {
        const bytes = fs.readFileSync(`${folder}/${name}`);
        return { name, raw: bytes.length, gzip: zlib.gzipSync(bytes, { level: 9 }).length, brotli: zlib.brotliCompressSync(bytes).length };
    })));
";

/// One file of the page, in bytes.
#[derive(Debug, Deserialize)]
struct Packed {
    name: String,
    raw: u64,
    gzip: u64,
    brotli: u64,
}

/// The page as it is fetched.
#[derive(Debug)]
pub(crate) struct Sizes {
    files: Vec<Packed>,
    first_paint_ms: Samples,
    usable_ms: Samples,
}

pub(crate) async fn measure(page: &Path, rounds: usize) -> Result<Sizes> {
    let packed = Command::new("node").args(["-e", PACK]).arg(page).output().context("sizes need node")?;
    let files = serde_json::from_slice(&packed.stdout).context("node did not tell the sizes")?;
    let minio = S3Server::start(S3Options::default())?;
    let server =
        DevServer::start(DevServerOptions { page_dir: Some(page.to_owned()), ..DevServerOptions::new(&minio) })?;
    let (mut first_paint_ms, mut usable_ms) = (Samples::default(), Samples::default());
    for _ in 0..rounds {
        let [first_paint, usable] = load(server.url()).await?;
        first_paint_ms.push(first_paint);
        usable_ms.push(usable);
    }
    Ok(Sizes { files, first_paint_ms, usable_ms })
}

/// A cold load: a new browser with an empty profile. First contentful paint, and when the first button is there.
async fn load(url: &str) -> Result<[f64; 2]> {
    const TIMES: &str = "const paint = performance.getEntriesByName('first-contentful-paint')[0];
        window.usable ??= document.querySelector('[data-testid=new-room]') && performance.now();
        return paint && window.usable ? [paint.startTime, window.usable] : null;";
    let browser = Browser::start(Kind::Chromium).await?;
    browser.goto(url).await?;
    let times = browser.until("a painted page", TIMES, LIMIT).await?;
    let time = |index: usize| times[index].as_f64().context("no time");
    Ok([time(0)?, time(1)?])
}

/// The tables.
pub(crate) fn section(sizes: &Sizes) -> String {
    let mut text = String::from(
        "## The page\n\nKiB, as built by `cargo xtask package`: raw, gzip -9, brotli -q 11. The goals: at most 400 KiB of brotli for the app\nwith its engine, at most 40 for the hash worker.\n\n| file | raw | gzip | brotli |\n| --- | --- | --- | --- |\n",
    );
    let kib = |bytes: u64| bytes as f64 / 1024.0;
    for file in &sizes.files {
        text +=
            &format!("| {} | {:.1} | {:.1} | {:.1} |\n", file.name, kib(file.raw), kib(file.gzip), kib(file.brotli));
    }
    text += &format!(
        "\nA cold load from loopback in a new Chromium: first contentful paint after {} ms (the goal is under 1,000), the first\nbutton there by {} ms at the latest (polled every 50 ms).\n",
        sizes.first_paint_ms.cell(0),
        sizes.usable_ms.cell(0),
    );
    text
}
