//! How long the page's own thread is kept from answering while a file is sent.

use std::path::Path;

use anyhow::{Context, Result};
use lab::proxy::Link;
use serde_json::Value;

use crate::cases::{self, Case};
use crate::contestant::Contestant;
use crate::samples::Samples;
use crate::stage::Stage;
use crate::timing;

const MIB: u64 = 1 << 20;
/// A task longer than this is counted, in milliseconds.
const GOAL_MS: u32 = 8;

const WHO: [Contestant; 4] = [Contestant::Slipway, Contestant::Bare, Contestant::Uppy5, Contestant::Uppy6];

/// A message from the page to itself takes its turn among all other tasks: the time between two of them is that of what
/// ran in between. `performance.now()` tells it.
const WATCH: &str = r"
    const [goal] = arguments;
    const [channel, gaps] = [new MessageChannel(), []];
    let last = performance.now();
    channel.port1.onmessage = () => {
        const now = performance.now();
        if (now - last > goal) gaps.push(now - last);
        last = now;
        channel.port2.postMessage(null);
    };
    channel.port2.postMessage(null);
    window.benchGaps = () => {
        channel.port1.close();
        return { count: gaps.length, longest: Math.max(0, ...gaps) };
    };
";

/// What was seen of one contestant.
#[derive(Clone, Debug)]
pub(crate) struct Thread {
    contestant: Contestant,
    /// Tasks longer than the goal.
    count: Samples,
    longest_ms: Samples,
}

/// A link so slow that the processors have time: what is measured is the page, not who waits for a core.
fn case() -> Case {
    let link = Link { up_total: Some(24 * MIB), ..Link::default() };
    cases::big("thread", "256 MiB, the wire capped at 24 MiB/s", 256 * MIB, Some(link), &WHO)
}

pub(crate) async fn measure(page: &Path, rounds: usize) -> Result<Vec<Thread>> {
    let case = case();
    let stage = Stage::set(&case, page).await?;
    let of = |contestant| Thread { contestant, count: Samples::default(), longest_ms: Samples::default() };
    let mut rows = WHO.map(of);
    for round in 0..rounds {
        for row in &mut rows {
            let tag = format!("thread-{:?}-{round}", row.contestant).to_lowercase();
            let gaps = one(&stage, &case, row.contestant, &tag).await?;
            row.count.push(gaps["count"].as_f64().context("no count")?);
            row.longest_ms.push(gaps["longest"].as_f64().context("no longest")?);
            stage.clear().await?;
        }
    }
    Ok(rows.into())
}

async fn one(stage: &Stage, case: &Case, contestant: Contestant, tag: &str) -> Result<Value> {
    let tab = if contestant == Contestant::Slipway { &stage.slipway } else { &stage.peers };
    stage.browser.switch_to(tab).await?;
    stage.browser.script(WATCH, vec![GOAL_MS.into()]).await?;
    timing::run(contestant, stage, case, tag).await?;
    stage.browser.script("return window.benchGaps()", Vec::new()).await
}

/// The table.
pub(crate) fn section(rows: &[Thread]) -> String {
    let title = case().title;
    let mut text = format!(
        "## The page's own thread\n\n{title}. A message that the page sends itself again and again finds every task longer than\n{GOAL_MS} ms by `performance.now()`, the driver's own questions and the waits for a core included: the messages keep one of\nthe cores busy. The goal is none. The peers draw nothing, Slipway's room does.\n\n| | tasks over {GOAL_MS} ms (least to most) | longest, ms |\n| --- | --- | --- |\n"
    );
    for row in rows {
        text += &format!("| {} | {} | {} |\n", row.contestant.name(), row.count.cell(0), row.longest_ms.cell(0));
    }
    text
}
