//! How one run of each contestant is timed.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use lab::files::TestFile;
use serde_json::{Value, json};

use crate::cases::Case;
use crate::contestant::Contestant;
use crate::stage::Stage;

const MIB: u64 = 1 << 20;
const LIMIT: Duration = Duration::from_secs(600);

/// What one run took.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Run {
    pub(crate) seconds: f64,
    /// From the pick to the first PUT.
    pub(crate) first_put_ms: Option<f64>,
    /// Of all the browser's processes.
    pub(crate) cpu_seconds: Option<f64>,
}

pub(crate) async fn run(contestant: Contestant, stage: &Stage, case: &Case, tag: &str) -> Result<Run> {
    let files = stage.files_named(tag)?;
    let cpu = stage.browser.cpu_seconds();
    let mut run = match contestant {
        Contestant::Slipway => slipway(stage, &files).await?,
        Contestant::Curl => curl(stage, &files, tag).await?,
        peer => page(stage, case, peer, &files, tag).await?,
    };
    run.cpu_seconds = (contestant != Contestant::Curl).then(|| stage.browser.cpu_seconds() - cpu);
    Ok(run)
}

/// Starts the clock when the files are picked and stops it when the room says that all are there. It waits for the
/// page's own change of its totals: asking in every frame would make the browser draw all the time.
const WATCH: &str = r#"
    const [count] = arguments;
    performance.clearResourceTimings();
    performance.setResourceTimingBufferSize(100000);
    const completed = () => Number(document.querySelector('[data-testid=totals]')?.dataset.completed ?? 0);
    const bench = { done: null, before: completed() };
    window.slipwayBench = bench;
    const input = document.querySelector('[data-testid=file-input]');
    input.addEventListener('change', () => { bench.start = performance.now(); }, { capture: true, once: true });
    const observer = new MutationObserver(() => {
        if (completed() - bench.before < count) return;
        bench.done = performance.now();
        observer.disconnect();
    });
    observer.observe(document.body, { subtree: true, childList: true, attributeFilter: ['data-completed'] });
"#;

const RESULT: &str = r#"
    const bench = window.slipwayBench;
    if (bench.done === null) {
        const failed = document.querySelector('[data-testid=upload-row][data-state=failed]');
        return failed ? { failed: failed.dataset.reason } : null;
    }
    const puts = performance.getEntriesByType('resource').filter((entry) => entry.name.includes('X-Amz-Signature'));
    const first = puts.length ? Math.min(...puts.map((entry) => entry.startTime)) - bench.start : null;
    return { ms: bench.done - bench.start, firstPutMs: first };
"#;

async fn slipway(stage: &Stage, files: &[TestFile]) -> Result<Run> {
    let browser = &stage.browser;
    browser.switch_to(&stage.slipway).await?;
    browser.script(WATCH, vec![json!(files.len())]).await?;
    browser.pick("file-input", &files.iter().collect::<Vec<_>>()).await?;
    let result = browser.until("Slipway's run", RESULT, LIMIT).await?;
    if let Some(reason) = result["failed"].as_str() {
        bail!("Slipway failed: {reason}");
    }
    timed(&result)
}

async fn page(stage: &Stage, case: &Case, peer: Contestant, files: &[TestFile], tag: &str) -> Result<Run> {
    const START: &str = r"
        const [store, peer, prefix, options] = arguments;
        window.result = null;
        window.bench.run(store, peer, prefix, options).then((r) => { window.result = r; }, (e) => { window.result = { error: String(e) }; });
    ";
    let browser = &stage.browser;
    browser.switch_to(&stage.peers).await?;
    browser.script("document.querySelector('input').value = ''", Vec::new()).await?;
    browser.pick("file-input", &files.iter().collect::<Vec<_>>()).await?;
    let (name, options) = in_page(peer, case);
    browser.script(START, vec![stage.store.clone(), json!(name), json!(tag), options]).await?;
    let result = browser.until(peer.name(), "return window.result", LIMIT).await?;
    if let Some(error) = result["error"].as_str() {
        bail!("{}: {error}", peer.name());
    }
    timed(&result)
}

/// The peer's name in the page, its part size and its lanes.
fn in_page(peer: Contestant, case: &Case) -> (&'static str, Value) {
    let ours = json!({ "partSize": case.part_bytes, "lanes": case.lanes });
    match peer {
        Contestant::ReadOnce => ("readOnce", ours),
        Contestant::HashWasm => ("hashWasm", ours),
        Contestant::Uppy5 => ("uppy5", json!({})),
        Contestant::Uppy5OurParts => ("uppy5", ours),
        Contestant::Uppy5Server => ("uppy5", json!({ "byServer": true })),
        Contestant::Uppy6 => ("uppy6", json!({})),
        Contestant::Uppy6OurParts => ("uppy6", ours),
        _ => ("bare", ours),
    }
}

fn timed(result: &Value) -> Result<Run> {
    let ms = result["ms"].as_f64().context("no time in the answer")?;
    Ok(Run { seconds: ms / 1000.0, first_put_ms: result["firstPutMs"].as_f64(), cpu_seconds: None })
}

/// Four processes send a quarter each, as objects of their own: no browser, no parts, no hash.
async fn curl(stage: &Stage, files: &[TestFile], tag: &str) -> Result<Run> {
    let file = files.first().context("no file")?;
    let quarter = file.size.div_ceil(4 * MIB);
    let start = Instant::now();
    let mut all = Vec::new();
    for index in 0..4_u64 {
        let url = stage.bucket.presign_put(&format!("{tag}-{index}")).await?;
        let script = format!(
            "dd if='{}' bs=1M skip={} count={quarter} iflag=fullblock status=none | curl -sSf -o /dev/null -X PUT -T - -H 'Expect:' -H 'Transfer-Encoding:' -H \"Content-Length: {}\" '{url}'",
            file.path_text(),
            index * quarter,
            (file.size - (index * quarter * MIB).min(file.size)).min(quarter * MIB),
        );
        all.push(tokio::process::Command::new("sh").args(["-c", &script]).spawn()?);
    }
    for mut child in all {
        if !child.wait().await?.success() {
            bail!("curl failed");
        }
    }
    Ok(Run { seconds: start.elapsed().as_secs_f64(), first_put_ms: None, cpu_seconds: None })
}
