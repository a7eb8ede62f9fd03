//! docs/benchmarks.md, and a bar chart beside it for each case.

mod chart;
mod document;
mod machine;

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::cases::Case;
use crate::contestant::Contestant;
use crate::rounds::{Figures, Outcome};
use document::Document;

const GIB: f64 = (1 << 30) as f64;
const MIB: f64 = (1 << 20) as f64;

/// What was measured so far. It is written out after each part, so that a run that breaks off leaves something.
#[derive(Debug)]
pub(crate) struct Report {
    path: PathBuf,
    document: Document,
    /// What a section says of its own run, where the introduction is of another one.
    apart: Option<String>,
}

impl Report {
    /// A whole report, begun from nothing.
    pub(crate) fn new(path: &Path, rounds: usize) -> Result<Self> {
        let introduction = introduction(rounds)?;
        Self::with(path, Document::parse(&introduction), None)
    }

    /// The report that is there, in which only what is measured now is replaced.
    pub(crate) fn resume(path: &Path, rounds: usize) -> Result<Self> {
        let Ok(text) = fs::read_to_string(path) else { return Self::new(path, rounds) };
        let document = Document::parse(&text);
        let machine = machine::describe();
        let is_same_run = document.introduction.contains(&medians(rounds)) && document.introduction.contains(&machine);
        let apart = (!is_same_run).then(|| format!("Measured apart from the rest: {rounds} rounds. {machine}"));
        Self::with(path, document, apart)
    }

    fn with(path: &Path, document: Document, apart: Option<String>) -> Result<Self> {
        let folder = path.parent().context("the report needs a folder")?;
        fs::create_dir_all(folder.join("bench"))?;
        Ok(Self { path: path.to_owned(), document, apart })
    }

    pub(crate) fn add_outcome(&mut self, outcome: &Outcome) -> Result<()> {
        let svg = self.path.with_file_name("bench").join(format!("{}.svg", outcome.case.name));
        fs::write(svg, chart::draw(outcome))?;
        let mut text = table(outcome)?;
        text += &self.more_hosts(outcome).unwrap_or_default();
        self.document.put_losses(outcome.case.title, &losses(outcome));
        self.add_section(&text)
    }

    pub(crate) fn add_section(&mut self, text: &str) -> Result<()> {
        let apart = self.apart.as_ref().map_or_else(String::new, |apart| format!("\n{apart}\n"));
        self.document.put(&format!("{}\n{apart}", text.trim_end()));
        Ok(fs::write(&self.path, self.document.text())?)
    }

    /// What more upload hosts bring, beside the figure with one.
    fn more_hosts(&self, outcome: &Outcome) -> Option<String> {
        let (hosts, goal) = match outcome.case.hosts {
            2 => ("two", 1.7),
            3 => ("three", 2.5),
            _ => return None,
        };
        let one = crate::cases::all().into_iter().find(|case| case.name == "far-100")?;
        let one = median_in(self.document.section(one.title)?)?;
        let ratio = outcome.speed_of(Contestant::Slipway)? / one;
        Some(format!(
            "With {hosts} upload hosts Slipway is {ratio:.2} times as fast as with one; the goal is {goal}.\n"
        ))
    }
}

fn introduction(rounds: usize) -> Result<String> {
    let mut text = String::from(
        "# Benchmarks\n\nWritten by `cargo xtask bench`. Machines are noisy: compare the ratios, not the figures.\n",
    );
    writeln!(text, "{}", medians(rounds))?;
    writeln!(
        text,
        "Time runs from the pick to the end of complete, for Slipway until its page says so. The peers sign in the page, which\ncosts them no call to a server, but for the one that says otherwise; Slipway's calls go to dev-server (a release build),\nwith its records in memory.\nThe files were last changed an hour ago; one that was changed within a minute is read once more in Chromium, too.\n"
    )?;
    text += &machine::describe();
    Ok(text)
}

fn medians(rounds: usize) -> String {
    format!(
        "Medians of {rounds} interleaved rounds, every contestant once a round, all in one Chromium against one MinIO."
    )
}

/// Slipway's median in a section that was written before.
fn median_in(section: &str) -> Option<f64> {
    let row = section.lines().find_map(|line| line.strip_prefix("| Slipway | "))?;
    row.split_whitespace().next()?.parse().ok()
}

fn table(outcome: &Outcome) -> Result<String> {
    let mut text = String::new();
    let case = &outcome.case;
    writeln!(text, "## {}\n\n![{}](bench/{}.svg)\n", case.title, case.title, case.name)?;
    if let Some(most) = case.most_mib_per_second() {
        writeln!(text, "{} lanes of this link carry {most:.0} MiB/s.\n", case.lanes * case.hosts)?;
    }
    writeln!(
        text,
        "| | MiB/s (least to most) | Slipway is | first PUT, ms | browser CPU, s per GiB |\n| --- | --- | --- | --- | --- |"
    )?;
    let ours = outcome.speed_of(Contestant::Slipway);
    for figures in &outcome.figures {
        writeln!(text, "{}", row(case, figures, ours))?;
    }
    text.push('\n');
    Ok(text)
}

fn row(case: &Case, figures: &Figures, ours: Option<f64>) -> String {
    let name = figures.contestant.name();
    let Some(median) = figures.speed.median() else {
        return format!("| {name} | failed: {} | | | |", figures.failed.as_deref().unwrap_or("no run"));
    };
    let ratio = ours.map_or_else(String::new, |ours| format!("{:.2} ×", ours / median));
    let cell = |value: Option<f64>, digits: usize| value.map_or_else(String::new, |value| format!("{value:.digits$}"));
    let gib = case.bytes() as f64 / GIB;
    let failed = figures.failed.as_deref().map_or_else(String::new, |why| format!(" (one run failed: {why})"));
    format!(
        "| {name} | {}{failed} | {ratio} | {} | {} |",
        figures.speed.cell(1),
        cell(figures.first_put_ms.median(), 0),
        cell(figures.cpu_seconds.median().map(|seconds| seconds / gib), 2),
    )
}

/// The rows in which a peer is faster, or cheaper.
fn losses(outcome: &Outcome) -> Vec<String> {
    let Some(ours) = outcome.figures.iter().find(|figures| figures.contestant == Contestant::Slipway) else {
        return Vec::new();
    };
    let peers = outcome.figures.iter().filter(|figures| figures.contestant != Contestant::Slipway);
    peers.flat_map(|peer| slower(outcome, ours, peer).into_iter().chain(dearer(outcome, ours, peer))).collect()
}

fn slower(outcome: &Outcome, ours: &Figures, peer: &Figures) -> Option<String> {
    let ratio = ours.speed.median()? / peer.speed.median()?;
    let name = peer.contestant.name();
    (ratio < 0.995).then(|| format!("- {}: {ratio:.2} of the speed of {name}.", outcome.case.title))
}

fn dearer(outcome: &Outcome, ours: &Figures, peer: &Figures) -> Option<String> {
    let ratio = ours.cpu_seconds.median()? / peer.cpu_seconds.median()?;
    let name = peer.contestant.name();
    (ratio > 1.005).then(|| format!("- {}: {ratio:.2} times the browser's CPU time of {name}.", outcome.case.title))
}

impl Outcome {
    fn speed_of(&self, contestant: Contestant) -> Option<f64> {
        self.figures.iter().find(|figures| figures.contestant == contestant)?.speed.median()
    }
}

impl Case {
    fn bytes(&self) -> u64 {
        self.file_bytes * self.file_count as u64
    }

    /// What the open lanes allow, in MiB/s, where each connection is capped.
    fn most_mib_per_second(&self) -> Option<f64> {
        let link = self.link?;
        let by_window = link.window.map(|bytes| bytes as f64 / link.round_trip.as_secs_f64());
        let each = link.up_each.map(|rate| rate as f64).into_iter().chain(by_window).reduce(f64::min)?;
        Some(each * (self.lanes * self.hosts) as f64 / MIB)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cases;
    use crate::samples::Samples;

    fn outcome(name: &str, speed: f64) -> Outcome {
        let case = cases::all().into_iter().find(|case| case.name == name).unwrap();
        let samples = |value| {
            let mut samples = Samples::default();
            samples.push(value);
            samples
        };
        let figures = |contestant, speed| Figures {
            contestant,
            speed: samples(speed),
            first_put_ms: samples(1.0),
            cpu_seconds: samples(1.0),
            failed: None,
        };
        Outcome { case, figures: vec![figures(Contestant::Slipway, speed), figures(Contestant::Bare, 20.0)] }
    }

    #[test]
    fn a_run_of_one_case_leaves_the_others_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("benchmarks.md");
        let mut whole = Report::new(&path, 5).unwrap();
        for (name, speed) in [("far-100", 10.0), ("two-hosts", 19.0)] {
            whole.add_outcome(&outcome(name, speed)).unwrap();
        }
        whole.add_section("## Hashing alone\n\n7\n").unwrap();
        let before = fs::read_to_string(&path).unwrap();
        assert!(before.contains("is 1.90 times as fast"), "{before}");

        let mut one = Report::resume(&path, 5).unwrap();
        one.add_outcome(&outcome("two-hosts", 15.0)).unwrap();
        let after = fs::read_to_string(&path).unwrap();
        let expected = before
            .replace("1.90 times", "1.50 times")
            .replace("| Slipway | 19.0 (19.0 to 19.0) |", "| Slipway | 15.0 (15.0 to 15.0) |")
            .replace("| 0.95 × |", "| 0.75 × |")
            .replace("two upload hosts: 0.95 of the speed", "two upload hosts: 0.75 of the speed");
        assert_eq!(after, expected);
    }

    #[test]
    fn a_section_of_another_run_says_so() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("benchmarks.md");
        Report::new(&path, 5).unwrap().add_section("## Hashing alone\n\n7\n").unwrap();
        Report::resume(&path, 3).unwrap().add_section("## The page\n\n8\n").unwrap();
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.contains("## Hashing alone\n\n7\n\n## The page\n\n8\n\nMeasured apart from the rest: 3 rounds."));
    }
}
