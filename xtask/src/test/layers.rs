//! How each layer is run.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result};

use super::summary::{self, Counts};
use super::{Layer, Shared};
use crate::command::{cargo, show_and_keep};
use crate::native;
use crate::package;
use crate::page::{self, Profile};

/// What came out.
#[derive(Debug)]
pub(super) struct Ran {
    pub(super) counts: Counts,
    pub(super) trouble: Option<String>,
    /// Failed tests whose browser crashed by itself.
    crashed: BTreeSet<String>,
    /// What is to be known though nothing failed.
    pub(super) note: Option<String>,
}

impl Ran {
    fn new(counts: Counts, trouble: Option<String>) -> Self {
        Self { counts, trouble, crashed: BTreeSet::new(), note: None }
    }
}

pub(super) fn run(layer: Layer, all: &[Layer], shared: &Shared, rest: &[String]) -> Result<Ran> {
    match layer {
        Layer::Protocol => nextest(layer, all, shared, rest).and_then(|ran| with_doc_tests(ran, rest)),
        Layer::Functions => nextest(layer, all, shared, rest),
        Layer::Browser => browser(rest),
        Layer::E2e => e2e(all, shared, rest),
    }
}

fn filter(layer: Layer) -> &'static str {
    match layer {
        Layer::Protocol => "package(slipway-protocol) | package(multi-md5)",
        Layer::Functions => "package(functions) | package(local-stack) | package(xtask) | package(app)",
        Layer::E2e => "package(e2e)",
        Layer::Browser => "none()",
    }
}

fn nextest(layer: Layer, all: &[Layer], shared: &Shared, rest: &[String]) -> Result<Ran> {
    let mut command = native::nextest();
    command.args(["run", "--no-fail-fast", "--no-tests", "fail"]);
    if all == [Layer::Protocol] {
        // Alone, it need not wait for the AWS crates.
        command.args(["-p", "slipway-protocol", "-p", "multi-md5"]);
    } else {
        command.args(native::packages()).args(["-E", filter(layer)]);
    }
    shared.tell(&mut command);
    outcome(command.args(rest))
}

fn outcome(nextest: &mut Command) -> Result<Ran> {
    let (status, text) = show_and_keep(nextest)?;
    let counts = summary::of_nextest(&text).context("nextest did not get to run tests; see above")?;
    let unexplained = !status.success() && counts.failed == 0;
    let ran = Ran::new(counts, unexplained.then(|| format!("nextest ended with {status}")));
    Ok(Ran { crashed: summary::crashed(&text), ..ran })
}

/// nextest leaves out the examples in the documentation.
fn with_doc_tests(mut ran: Ran, rest: &[String]) -> Result<Ran> {
    if rest.is_empty() {
        let mut command = cargo();
        command.args(["test", "--doc", "--no-fail-fast", "-p", "slipway-protocol", "-p", "multi-md5"]);
        let (status, text) = show_and_keep(&mut command)?;
        ran.counts = ran.counts + summary::of_libtest(&text).unwrap_or_default();
        if !status.success() {
            ran.trouble = Some(format!("the documentation's examples ended with {status}"));
        }
    }
    Ok(ran)
}

/// The crates with tests for wasm.
fn browser(rest: &[String]) -> Result<Ran> {
    let driver = local_stack::on_path("chromedriver").context("no chromedriver")?;
    let mut command = cargo();
    command
        .args(["test", "--target", "wasm32-unknown-unknown", "--no-fail-fast", "-p", "wasm-client", "-p", "multi-md5"])
        .args(["--lib", "--tests"])
        .arg("--")
        .args(rest)
        .env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUNNER", runner())
        .env("CHROMEDRIVER", driver)
        .env("WASM_BINDGEN_TEST_ONLY_WEB", "1")
        .env("WASM_BINDGEN_TEST_TIMEOUT", "120")
        .env("WASM_BINDGEN_TEST_WEBDRIVER_JSON", local_stack::workspace().join("xtask/webdriver/chromium.json"));
    let (status, text) = show_and_keep(&mut command)?;
    let counts = summary::of_libtest(&text).context("no test in the browser got to run; see above")?;
    let unexplained = !status.success() && counts.failed == 0;
    Ok(Ran::new(counts, unexplained.then(|| format!("the tests in the browser ended with {status}"))))
}

fn runner() -> PathBuf {
    let ours = local_stack::tools().join("bin/wasm-bindgen-test-runner");
    if ours.is_file() { ours } else { "wasm-bindgen-test-runner".into() }
}

fn e2e(all: &[Layer], shared: &Shared, rest: &[String]) -> Result<Ran> {
    page::build(Profile::Dev, &local_stack::workspace().join("dist"))?;
    package::build_page(&packaged_page())?;
    native::build_tests()?;
    again_after_a_crash(nextest(Layer::E2e, all, shared, rest)?, shared)
}

/// Chromium itself crashes once in some thousand starts, and that says nothing about the page: such a story is run
/// once more, and the closing lines say so. Two in one run are a finding, and stay failures.
fn again_after_a_crash(first: Ran, shared: &Shared) -> Result<Ran> {
    let Some(story) = only(&first.crashed).filter(|_| first.counts.failed > 0) else { return Ok(first) };
    println!("==> The browser of {story} crashed by itself. The story is run once more");
    let mut command = native::nextest();
    command.args(["run", "--no-tests", "fail"]).args(native::packages());
    shared.tell(command.args(["-E", &format!("package(e2e) & test(={story})")]));
    let second = outcome(&mut command)?;
    let note = format!("a browser crashed by itself, in {story}, which was run once more");
    Ok(Ran {
        counts: first.counts.without_one_failure() + second.counts,
        trouble: first.trouble.or(second.trouble),
        crashed: second.crashed,
        note: Some(note),
    })
}

fn only(stories: &BTreeSet<String>) -> Option<&String> {
    stories.first().filter(|_| stories.len() == 1)
}

/// The page as it is deployed, for the stories about that.
fn packaged_page() -> PathBuf {
    local_stack::workspace().join("target/e2e-page")
}

impl Shared {
    /// Tells the tests where the shared servers are.
    fn tell(&self, command: &mut Command) {
        command.env("SLIPWAY_DEV_SERVER", native::dev_server());
        command.env("SLIPWAY_PAGE_DIR", local_stack::workspace().join("dist"));
        command.env("SLIPWAY_PACKAGED_PAGE_DIR", packaged_page());
        if let Some(minio) = &self.minio {
            command.env("SLIPWAY_TEST_MINIO", minio.as_shared());
        }
        if let Some(dynamodb) = &self.dynamodb {
            command.env("SLIPWAY_TEST_DYNAMODB", dynamodb.endpoint());
        }
    }
}
