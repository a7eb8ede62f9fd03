//! `cargo xtask test`: every layer, and one count at the end.

mod layers;
mod summary;

use std::time::{Duration, Instant};

use anyhow::Result;
use clap::ValueEnum;
use local_stack::{DynamoDbLocal, S3Kind, S3Options, S3Server};

use crate::command::{seconds, step};
use crate::interrupt;
use crate::setup::{self, Needs};
use summary::Counts;

#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Only these layers
    #[arg(value_enum)]
    layers: Vec<Layer>,
    /// For nextest: a part of the names of the tests to run, and other options
    #[arg(last = true)]
    rest: Vec<String>,
}

/// From milliseconds to minutes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Layer {
    /// The pure crates
    Protocol,
    /// Routes and records on MinIO, versitygw and local tables; local-stack, xtask, and what of the page needs no browser
    Functions,
    /// What needs a browser, in Chromium
    Browser,
    /// Stories in real browsers against the whole stack
    E2e,
    /// The template on an emulator of AWS
    Infra,
}

impl Layer {
    fn name(self) -> &'static str {
        match self {
            Self::Protocol => "protocol",
            Self::Functions => "functions",
            Self::Browser => "browser",
            Self::E2e => "e2e",
            Self::Infra => "infra",
        }
    }

    /// What it adds to a first run, measured on two cores: the AWS crates come with the functions, the page twice with the
    /// stories.
    fn first_compile_minutes(self) -> u32 {
        match self {
            Self::Protocol => 1,
            Self::Functions | Self::E2e => 5,
            Self::Browser => 3,
            // The page, and with another layer nothing.
            Self::Infra => 2,
        }
    }
}

/// Servers that all tests of a run share, each in a bucket or table of its own.
#[derive(Debug, Default)]
pub(crate) struct Shared {
    s3: Vec<S3Server>,
    dynamodb: Option<DynamoDbLocal>,
}

/// How a layer went.
#[derive(Debug)]
struct Report {
    layer: Layer,
    counts: Counts,
    time: Duration,
    /// Why it could not run, or what is wrong beside failed tests.
    trouble: Option<String>,
    /// What is to be known beside the counts.
    note: Option<String>,
}

/// True when every layer ran tests and none failed.
pub(crate) fn run(options: &Options) -> Result<bool> {
    let layers = if options.layers.is_empty() { Layer::value_variants().to_vec() } else { options.layers.clone() };
    setup::ensure(needs(&layers))?;
    let shared = start_shared(&layers)?;
    let mut reports = Vec::new();
    for layer in &layers {
        reports.push(report(*layer, &layers, &shared, &options.rest));
        interrupt::check()?;
    }
    drop(shared);
    print!("{}", closing(&reports));
    Ok(reports.iter().all(Report::is_good))
}

fn needs(layers: &[Layer]) -> Needs {
    let any = |wanted: &[Layer]| layers.iter().any(|layer| wanted.contains(layer));
    Needs {
        page: any(&[Layer::Browser, Layer::E2e, Layer::Infra]),
        nextest: any(&[Layer::Protocol, Layer::Functions, Layer::E2e, Layer::Infra]),
        minio: any(&[Layer::Functions, Layer::E2e]),
        versitygw: any(&[Layer::Functions, Layer::E2e]),
        dynamodb: any(&[Layer::Functions]),
        browsers: any(&[Layer::Browser, Layer::E2e]),
        emulator: any(&[Layer::Infra]),
        deny: false,
        linters: false,
        first_compile_minutes: layers.iter().map(|layer| layer.first_compile_minutes()).sum(),
    }
}

fn start_shared(layers: &[Layer]) -> Result<Shared> {
    let mut shared = Shared::default();
    let kinds: &[S3Kind] = match layers {
        _ if layers.contains(&Layer::Functions) => &S3Kind::ALL,
        _ if layers.contains(&Layer::E2e) => &[S3Kind::Minio],
        _ => &[],
    };
    for &kind in kinds {
        let start = || S3Server::start(S3Options { kind, ..S3Options::default() });
        shared.s3.push(step(&format!("Starting {}", kind.name()), start)?);
    }
    if layers.contains(&Layer::Functions) {
        shared.dynamodb = Some(step("Starting DynamoDB Local", DynamoDbLocal::start)?);
    }
    Ok(shared)
}

fn report(layer: Layer, all: &[Layer], shared: &Shared, rest: &[String]) -> Report {
    let start = Instant::now();
    let result = step(&format!("Layer {}", layer.name()), || layers::run(layer, all, shared, rest));
    let time = start.elapsed();
    match result {
        Ok(ran) => Report { layer, counts: ran.counts, time, trouble: ran.trouble, note: ran.note },
        Err(error) => {
            Report { layer, counts: Counts::default(), time, trouble: Some(format!("{error:#}")), note: None }
        }
    }
}

impl Report {
    fn is_good(&self) -> bool {
        self.trouble.is_none() && self.counts.failed == 0 && self.counts.passed > 0
    }

    /// A layer that went wrong without a failed test counts as one failure, so that the sum can't look well.
    fn counted(&self) -> Counts {
        let failed = if self.is_good() { 0 } else { self.counts.failed.max(1) };
        Counts { passed: self.counts.passed, failed }
    }

    fn line(&self) -> String {
        let (name, counts, time) = (self.layer.name(), self.counts, seconds(self.time));
        let line = format!("{name:<10} {:>5} passed {:>4} failed   {time}", counts.passed, counts.failed);
        let empty = (counts == Counts::default() && self.trouble.is_none()).then_some("no test ran");
        let said = [self.trouble.as_deref(), empty, self.note.as_deref()];
        said.into_iter().flatten().fold(line, |line, more| format!("{line}   {more}"))
    }
}

/// A line a layer, and last of all the plain sum.
fn closing(reports: &[Report]) -> String {
    let lines: String = reports.iter().map(|report| report.line() + "\n").collect();
    let sum = reports.iter().map(Report::counted).fold(Counts::default(), |sum, counts| sum + counts);
    format!("\n{lines}\n{} passed, {} failed\n", sum.passed, sum.failed)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(passed: u64, failed: u64, trouble: Option<&str>) -> Report {
        let counts = Counts { passed, failed };
        let trouble = trouble.map(str::to_owned);
        Report { layer: Layer::E2e, counts, time: Duration::ZERO, trouble, note: None }
    }

    #[test]
    fn a_note_is_said_and_fails_nothing() {
        let report = Report { note: Some("a browser crashed".into()), ..report(3, 0, None) };
        assert!(report.is_good());
        assert_eq!(
            closing(&[report]),
            "\ne2e            3 passed    0 failed   0.0 s   a browser crashed\n\n3 passed, 0 failed\n"
        );
    }

    #[test]
    fn the_last_line_is_the_sum_alone() {
        let text = closing(&[report(3, 0, None), report(4, 2, None)]);
        assert_eq!(text.lines().last(), Some("7 passed, 2 failed"));
    }

    #[test]
    fn a_layer_without_tests_or_with_trouble_is_a_failure() {
        assert!(report(1, 0, None).is_good());
        assert!(!report(0, 0, None).is_good());
        assert!(!report(5, 0, Some("the browser crashed")).is_good());
        assert!(closing(&[report(0, 0, None)]).ends_with("\n0 passed, 1 failed\n"));
        assert!(closing(&[report(5, 0, Some("the browser crashed"))]).ends_with("\n5 passed, 1 failed\n"));
    }

    #[test]
    fn only_what_is_asked_for_is_installed() {
        let needs = needs(&[Layer::Protocol]);
        assert_eq!(needs, Needs { nextest: true, first_compile_minutes: 1, ..Default::default() });
    }
}
