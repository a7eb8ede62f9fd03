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
use crate::prove::{self, Built};

/// The stories, and what they stand on.
const E2E: &str = "package(e2e) | package(lab)";

/// What came out.
#[derive(Debug)]
pub(super) struct Ran {
    pub(super) counts: Counts,
    pub(super) trouble: Option<String>,
    /// What is to be known beside the counts.
    pub(super) note: Option<String>,
    /// Failed tests whose browser crashed by itself.
    crashed: BTreeSet<String>,
}

pub(super) fn run(layer: Layer, all: &[Layer], shared: &Shared, rest: &[String]) -> Result<Ran> {
    match layer {
        Layer::Protocol => nextest(layer, all, shared, rest).and_then(|ran| with_doc_tests(ran, rest)),
        Layer::Functions => nextest(layer, all, shared, rest),
        Layer::Browser => browser(rest),
        Layer::E2e => e2e(all, shared, rest),
        Layer::Infra => infra(all, shared, rest),
    }
}

fn filter(layer: Layer) -> &'static str {
    match layer {
        Layer::Protocol => "package(slipway-protocol) | package(multi-md5)",
        Layer::Functions => {
            "package(functions) | package(dev-server) | package(local-stack) | package(xtask) | package(bench) | package(app)"
        }
        Layer::E2e => E2E,
        Layer::Infra => "package(prove-infra)",
        Layer::Browser => "none()",
    }
}

fn nextest(layer: Layer, all: &[Layer], shared: &Shared, rest: &[String]) -> Result<Ran> {
    outcome(nextest_command(layer, all, shared).args(rest))
}

fn nextest_command(layer: Layer, all: &[Layer], shared: &Shared) -> Command {
    let mut command = native::nextest();
    // A filter that fits no test must not look like a pass.
    command.args(["run", "--no-fail-fast", "--no-tests", "fail"]);
    if all == [Layer::Protocol] {
        // Alone, it need not wait for the AWS crates.
        command.args(["-p", "slipway-protocol", "-p", "multi-md5"]);
    } else {
        command.args(native::packages()).args(["-E", filter(layer)]);
    }
    shared.set_env(&mut command);
    command
}

fn outcome(nextest: &mut Command) -> Result<Ran> {
    /// nextest's own code for tests that failed.
    const TESTS_FAILED: i32 = 100;
    let (status, text) = show_and_keep(nextest)?;
    let counts = summary::of_nextest(&text).context("nextest did not get to run tests; see above")?;
    let unexplained = !status.success() && counts.failed == 0;
    let crashed = if status.code() == Some(TESTS_FAILED) { summary::crashed(&text) } else { BTreeSet::new() };
    Ok(Ran { counts, trouble: unexplained.then(|| format!("nextest ended with {status}")), note: None, crashed })
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
    let trouble = unexplained.then(|| format!("the tests in the browser ended with {status}"));
    Ok(Ran { counts, trouble, note: None, crashed: BTreeSet::new() })
}

/// The template, proved as it is; each thing that was shown counts as a test does. What stands behind `--` goes to
/// nextest, where the long profile has templates with a fault in them: then that is what was asked for, and the closing
/// lines say that the template itself was not proved.
fn infra(all: &[Layer], shared: &Shared, rest: &[String]) -> Result<Ran> {
    // The stories run before, and have built the same page.
    let page = all.contains(&Layer::E2e).then(packaged_page).filter(|page| page.join("index.html").is_file());
    let built = Built::make(false, page)?;
    let mut command = nextest_command(Layer::Infra, all, shared);
    built.set_env(&mut command);
    let mut ran = outcome(command.args(rest))?;
    if !rest.is_empty() {
        ran.note = Some("the template itself was not proved, since options for nextest were given".to_owned());
        return Ok(ran);
    }
    let (is_proved, text) = built.prove(&prove::Options::default())?;
    let counts = summary::of_prover(&text).context("prove-infra did not come to a verdict; see above")?;
    ran.counts = ran.counts + counts;
    if !is_proved && counts.failed == 0 {
        ran.trouble = Some("the template was not proved".to_owned());
    }
    Ok(ran)
}

fn runner() -> PathBuf {
    let ours = local_stack::tools().join("bin/wasm-bindgen-test-runner");
    if ours.is_file() { ours } else { "wasm-bindgen-test-runner".into() }
}

fn e2e(all: &[Layer], shared: &Shared, rest: &[String]) -> Result<Ran> {
    package::build_page(&packaged_page())?;
    // What `cargo xtask dev` builds, so that its stories need not wait for the compiler: without the tests, the AWS crates
    // have other features, and are built once more.
    page::build(Profile::Dev, &local_stack::workspace().join("dist"))?;
    native::build_dev_server()?;
    native::build_tests()?;
    let first = nextest(Layer::E2e, all, shared, rest)?;
    // Options may repeat tests, or show what passed tests print: then a crash is for whoever gave them to judge.
    if first.crashed.is_empty() || rest.iter().any(|word| word.starts_with('-')) {
        return Ok(first);
    }
    Ok(again_after_a_crash(first, |story| {
        keep_logs(story);
        let mut command = native::nextest();
        command.args(["run", "--no-tests", "fail"]).args(native::packages());
        shared.set_env(command.args(["-E", &format!("({E2E}) & test(={story})")]));
        outcome(&mut command)
    }))
}

/// Chromium itself crashes once in some thousand starts: such a story is run once more, and the closing lines say so. Two
/// in one run are a finding, and stay failures (decision 12).
fn again_after_a_crash(first: Ran, run: impl Fn(&str) -> Result<Ran>) -> Ran {
    let names = first.crashed.iter().map(String::as_str).collect::<Vec<_>>();
    let [story] = names[..] else {
        let note = format!("browsers crashed by themselves, in {}: a finding", names.join(" and "));
        return Ran { note: Some(note), ..first };
    };
    println!("==> The browser of {story} crashed by itself. The story is run once more");
    let (counts, trouble, how) = match run(story) {
        Ok(second) if second.trouble.is_none() && second.counts == Counts { passed: 1, failed: 0 } => {
            (first.counts.with_passed_again(), None, "and passed")
        }
        Ok(second) => (first.counts, second.trouble, "and failed again"),
        Err(error) => (first.counts, Some(format!("{error:#}")), "without an end"),
    };
    let note = format!("a browser crashed by itself, in {story}, which was run once more {how}");
    Ran { counts, trouble, note: Some(note), ..first }
}

/// What the servers of the first try wrote is kept beside that of the second.
fn keep_logs(story: &str) {
    let logs = local_stack::workspace().join("target/e2e-logs");
    let story = story.replace("::", "-");
    let kept = logs.join(format!("{story}-crashed"));
    // Logs that can't be kept are no reason against a second try.
    let _ = std::fs::remove_dir_all(&kept);
    let _ = std::fs::rename(logs.join(&story), kept);
}

/// The page as it is deployed. That of development has eight times as much WebAssembly, which each new browser compiles.
fn packaged_page() -> PathBuf {
    local_stack::workspace().join("target/e2e-page")
}

impl Shared {
    /// Tells the tests where the shared servers are.
    fn set_env(&self, command: &mut Command) {
        command.env("SLIPWAY_DEV_SERVER", native::dev_server());
        command.env("SLIPWAY_PAGE_DIR", packaged_page());
        for s3 in &self.s3 {
            command.env(s3.kind().shared_variable(), s3.as_shared());
        }
        if let Some(dynamodb) = &self.dynamodb {
            command.env("SLIPWAY_TEST_DYNAMODB", dynamodb.endpoint());
        }
    }
}

#[cfg(test)]
mod tests {
    use anyhow::bail;

    use super::*;

    fn ran(passed: u64, failed: u64, crashed: &[&str]) -> Ran {
        let crashed = crashed.iter().map(|name| (*name).to_owned()).collect();
        Ran { counts: Counts { passed, failed }, trouble: None, note: None, crashed }
    }

    #[test]
    fn one_crash_is_run_once_more_and_said() {
        let after = again_after_a_crash(ran(8, 2, &["a::b"]), |story| Ok(ran(u64::from(story == "a::b"), 0, &[])));
        assert_eq!(after.counts, Counts { passed: 9, failed: 1 });
        assert!(after.note.unwrap().ends_with("in a::b, which was run once more and passed"));
    }

    #[test]
    fn what_fails_again_has_failed() {
        let after = again_after_a_crash(ran(9, 1, &["a"]), |_| Ok(ran(0, 1, &["a"])));
        assert_eq!(after.counts, Counts { passed: 9, failed: 1 });
        assert!(after.note.unwrap().ends_with("and failed again"));
        let after = again_after_a_crash(ran(9, 1, &["a"]), |_| bail!("no nextest"));
        assert_eq!((after.counts, after.trouble.as_deref()), (Counts { passed: 9, failed: 1 }, Some("no nextest")));
    }

    #[test]
    fn two_crashes_are_a_finding() {
        let after = again_after_a_crash(ran(8, 2, &["a", "b"]), |_| panic!("run again"));
        assert_eq!(after.counts, Counts { passed: 8, failed: 2 });
        assert!(after.note.unwrap().contains("a and b"));
    }
}
