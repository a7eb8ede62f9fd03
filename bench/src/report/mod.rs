//! docs/benchmarks.md, and a bar chart beside it for each case.

mod chart;
mod machine;

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::cases::Case;
use crate::contestant::Contestant;
use crate::rounds::{Figures, Outcome};

const GIB: f64 = (1 << 30) as f64;
const MIB: f64 = (1 << 20) as f64;

/// What was measured so far. It is written out after each part, so that a run that breaks off leaves something.
#[derive(Debug)]
pub(crate) struct Report {
    path: PathBuf,
    rounds: usize,
    outcomes: Vec<Outcome>,
    sections: Vec<String>,
}

impl Report {
    pub(crate) fn new(path: &Path, rounds: usize) -> Result<Self> {
        let folder = path.parent().context("the report needs a folder")?;
        fs::create_dir_all(folder.join("bench"))?;
        Ok(Self { path: path.to_owned(), rounds, outcomes: Vec::new(), sections: Vec::new() })
    }

    pub(crate) fn add_outcome(&mut self, outcome: Outcome) -> Result<()> {
        let svg = self.path.with_file_name("bench").join(format!("{}.svg", outcome.case.name));
        fs::write(svg, chart::draw(&outcome))?;
        self.outcomes.push(outcome);
        self.write()
    }

    pub(crate) fn add_section(&mut self, section: String) -> Result<()> {
        self.sections.push(section);
        self.write()
    }

    fn write(&self) -> Result<()> {
        Ok(fs::write(&self.path, self.text()?)?)
    }

    fn text(&self) -> Result<String> {
        let mut text = String::from(
            "# Benchmarks\n\nWritten by `cargo xtask bench`. Machines are noisy: compare the ratios, not the figures.\n",
        );
        writeln!(
            text,
            "Medians of {} interleaved rounds, every contestant once a round, all in one Chromium against one MinIO.",
            self.rounds
        )?;
        writeln!(
            text,
            "Time runs from the pick to the end of complete, for Slipway until its page says so. The peers sign in the page, which\ncosts them no call to a server, but for the one that says otherwise; Slipway's calls go to dev-server (a release build),\nwith its records in memory.\nThe files were last changed an hour ago; one that was changed within a minute is read once more in Chromium, too.\n"
        )?;
        machine::write(&mut text)?;
        for outcome in &self.outcomes {
            table(&mut text, outcome)?;
        }
        two_hosts(&mut text, &self.outcomes)?;
        for section in &self.sections {
            writeln!(text, "{section}")?;
        }
        losses(&mut text, &self.outcomes)?;
        Ok(format!("{}\n", text.trim_end()))
    }
}

fn table(text: &mut String, outcome: &Outcome) -> Result<()> {
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
    Ok(())
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

/// What a second upload host brings.
fn two_hosts(text: &mut String, outcomes: &[Outcome]) -> Result<()> {
    let speed = |name: &str| outcomes.iter().find(|outcome| outcome.case.name == name)?.speed_of(Contestant::Slipway);
    if let (Some(one), Some(two)) = (speed("far-100"), speed("two-hosts")) {
        writeln!(
            text,
            "With two upload hosts Slipway is {:.2} times as fast as with one; the goal is 1.7.\n",
            two / one
        )?;
    }
    Ok(())
}

/// The rows in which a peer is faster, or cheaper.
fn losses(text: &mut String, outcomes: &[Outcome]) -> Result<()> {
    let mut lines = Vec::new();
    for outcome in outcomes {
        let Some(ours) = outcome.figures.iter().find(|figures| figures.contestant == Contestant::Slipway) else {
            continue;
        };
        for peer in outcome.figures.iter().filter(|figures| figures.contestant != Contestant::Slipway) {
            lines.extend(slower(outcome, ours, peer));
            lines.extend(dearer(outcome, ours, peer));
        }
    }
    if !lines.is_empty() {
        writeln!(text, "## Where Slipway loses\n\n{}", lines.join("\n"))?;
    }
    Ok(())
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
