//! docs/benchmarks.md, and a bar chart beside it for each case.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};

use crate::cases::{Figures, Outcome};
use crate::contestant::Contestant;
use crate::memory::Memory;

/// What was measured so far.
#[derive(Debug)]
pub(crate) struct Report {
    rounds: usize,
    outcomes: Vec<Outcome>,
    pub(crate) memory: Vec<Memory>,
}

impl Report {
    pub(crate) const fn new(rounds: usize) -> Self {
        Self { rounds, outcomes: Vec::new(), memory: Vec::new() }
    }

    pub(crate) fn add(&mut self, outcome: Outcome) {
        self.outcomes.push(outcome);
    }

    pub(crate) fn write(&self, path: &Path) -> Result<()> {
        let folder = path.parent().context("the report needs a folder")?.join("bench");
        fs::create_dir_all(&folder)?;
        for outcome in &self.outcomes {
            fs::write(folder.join(format!("{}.svg", outcome.case.name)), chart(outcome))?;
        }
        fs::write(path, self.text()?)?;
        Ok(())
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
            "Time runs from the pick to the end of complete. The peers sign in the page, which costs them no call to a server;\nSlipway's calls go to dev-server (a release build), with its records in memory.\n"
        )?;
        writeln!(text, "Machine: {}.\n", machine())?;
        for outcome in &self.outcomes {
            table(&mut text, outcome)?;
        }
        if !self.memory.is_empty() {
            memory(&mut text, &self.memory)?;
        }
        Ok(text)
    }
}

fn table(text: &mut String, outcome: &Outcome) -> Result<()> {
    let case = &outcome.case;
    writeln!(text, "## {}\n\n![{}](bench/{}.svg)\n", case.title, case.title, case.name)?;
    writeln!(
        text,
        "| | MiB/s (least to most) | Slipway is | first PUT, ms | browser CPU, s |\n| --- | --- | --- | --- | --- |"
    )?;
    let ours = outcome.figures.iter().find(|figures| figures.contestant == Contestant::Slipway);
    let ours = ours.and_then(|figures| figures.speed.median());
    for figures in &outcome.figures {
        writeln!(text, "{}", row(figures, ours))?;
    }
    text.push('\n');
    Ok(())
}

fn row(figures: &Figures, ours: Option<f64>) -> String {
    let name = figures.contestant.name();
    let (Some(median), Some(least), Some(most)) = (figures.speed.median(), figures.speed.least(), figures.speed.most())
    else {
        return format!("| {name} | failed: {} | | | |", figures.failed.as_deref().unwrap_or("no run"));
    };
    let ratio = ours.map_or_else(String::new, |ours| format!("{:.2} ×", ours / median));
    let cell = |value: Option<f64>, digits: usize| value.map_or_else(String::new, |value| format!("{value:.digits$}"));
    format!(
        "| {name} | {median:.1} ({least:.1} to {most:.1}) | {ratio} | {} | {} |",
        cell(figures.first_put_ms.median(), 0),
        cell(figures.cpu_seconds.median(), 2),
    )
}

fn memory(text: &mut String, rows: &[Memory]) -> Result<()> {
    writeln!(
        text,
        "## Memory of the page\n\nA sparse file (zeros); proportional set size of the processes that run pages.\n"
    )?;
    writeln!(text, "| file, GiB | before, MiB | most, MiB |\n| --- | --- | --- |")?;
    for row in rows {
        writeln!(text, "| {} | {} | {} |", row.gib, row.before >> 20, row.most >> 20)?;
    }
    Ok(())
}

fn machine() -> String {
    let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
    let model = read("/proc/cpuinfo");
    let model = model.lines().find_map(|line| line.strip_prefix("model name\t: ")).unwrap_or("unknown processor");
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    format!("{model}, {cores} cores; {}", version("chromium", "--version"))
}

fn version(program: &str, flag: &str) -> String {
    let output = Command::new(program).arg(flag).output().map(|output| output.stdout).unwrap_or_default();
    String::from_utf8_lossy(&output).trim().to_owned()
}

/// Horizontal bars, one a contestant. Colours follow the reader's scheme.
fn chart(outcome: &Outcome) -> String {
    const ROW: usize = 28;
    let best = outcome.figures.iter().filter_map(|figures| figures.speed.median()).fold(1.0, f64::max);
    let height = outcome.figures.len() * ROW + 8;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 720 {height}\" font-family=\"system-ui, sans-serif\" font-size=\"13\">\n<style>text{{fill:#333}}.o{{fill:#1f6feb}}.p{{fill:#b6bec9}}@media(prefers-color-scheme:dark){{text{{fill:#ddd}}.p{{fill:#57606a}}}}</style>\n"
    );
    for (index, figures) in outcome.figures.iter().enumerate() {
        let median = figures.speed.median().unwrap_or(0.0);
        let class = if figures.contestant == Contestant::Slipway { "o" } else { "p" };
        let (top, width) = (index * ROW + 4, median / best * 400.0);
        let _ = writeln!(
            svg,
            "<text x=\"0\" y=\"{}\">{}</text><rect class=\"{class}\" x=\"210\" y=\"{top}\" width=\"{width:.1}\" height=\"20\" rx=\"3\"/><text x=\"{:.1}\" y=\"{}\">{median:.0} MiB/s</text>",
            top + 15,
            figures.contestant.name(),
            width + 218.0,
            top + 15,
        );
    }
    svg.push_str("</svg>\n");
    svg
}
