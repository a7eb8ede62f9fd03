//! The template reaches CREATE_COMPLETE, and the CDN serves the page.

use std::collections::BTreeMap;

use anyhow::{Context, Result, ensure};

use crate::run::Run;
use crate::stack::Stack;

pub(super) async fn prove(run: &mut Run) -> Result<()> {
    let stack = run.main().await?;
    run.report.proved(&format!("CREATE_COMPLETE, {} resources: {}", stack.resources.len(), kinds(&stack)));
    let pages = run.page_files()?;
    for (key, media_type, bytes) in &pages {
        let answer = run.http.get(format!("{}/{key}", stack.url()?)).send().await?.error_for_status()?;
        let served = answer.headers().get("content-type").context("a file without a type")?.clone();
        ensure!(served == *media_type, "{key} is served as {served:?}, not as {media_type}");
        ensure!(answer.bytes().await? == bytes[..], "{key} is served with other bytes");
    }
    run.report.proved(&format!("the CDN serves {} files of the page with their types", pages.len()));
    headers(run, &stack).await?;
    run.report.proved("the path of a room is the page, under its policy and the hashes of its scripts");
    Ok(())
}

async fn headers(run: &Run, stack: &Stack) -> Result<()> {
    let answer = run.http.get(format!("{}/r/a-room", stack.url()?)).send().await?.error_for_status()?;
    let header = |name: &str| {
        let value = answer.headers().get(name).and_then(|value| value.to_str().ok());
        value.map(str::to_owned).with_context(|| format!("the page has no {name}"))
    };
    let policy = header("content-security-policy")?;
    for source in run.inputs.script_hashes.split(' ') {
        ensure!(policy.contains(source), "the page's policy lacks {source}: {policy}");
    }
    ensure!(header("x-content-type-options")? == "nosniff", "the page may be sniffed");
    ensure!(header("content-type")?.starts_with("text/html"), "a room is no page");
    Ok(())
}

/// How many there are of which type, such as `IAM::Role 9`.
fn kinds(stack: &Stack) -> String {
    let mut counts = BTreeMap::<&str, usize>::new();
    for resource in &stack.resources {
        *counts.entry(&resource.kind).or_default() += 1;
    }
    counts.iter().map(|(kind, count)| format!("{kind} {count}")).collect::<Vec<_>>().join(", ")
}
