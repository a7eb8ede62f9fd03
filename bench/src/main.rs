//! `cargo xtask bench`: Slipway against its peers, and by itself.
//!
//! One browser, one MinIO, one machine, rounds interleaved; what counts are ratios of medians.

mod cases;
mod contestant;
mod discard;
mod first_byte;
mod functions;
mod hash;
mod memory;
mod report;
mod rounds;
mod samples;
mod served;
mod signer;
mod sink;
mod sizes;
mod stage;
mod thread;
mod timing;

use std::path::PathBuf;

use anyhow::Result;
use clap::Parser;

use report::Report;

/// What to measure.
#[derive(Debug, Parser)]
struct Options {
    /// Rounds of each case; every contestant runs once a round.
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// Only what contains this in its name, and only that is replaced in the report: a case, or one of `page`, `hash`, `first-byte`, `thread`, `memory` and
    /// `functions`.
    #[arg(long)]
    only: Option<String>,
    /// Only contestants whose name contains this.
    #[arg(long, default_value = "")]
    who: String,
    /// The folder with Slipway's built page and, in `bench/`, the page of the peers.
    #[arg(long)]
    page: PathBuf,
    /// The folder with the Lambda binaries, built for this machine.
    #[arg(long)]
    functions: PathBuf,
    /// Where to write the report.
    #[arg(long, default_value = "docs/benchmarks.md")]
    out: PathBuf,
    /// The sizes of the files at which the page's memory is measured, in GiB.
    #[arg(long, value_delimiter = ',', default_value = "1,32")]
    memory_gib: Vec<u64>,
}

impl Options {
    fn wants(&self, name: &str) -> bool {
        self.only.as_deref().is_none_or(|only| name.contains(only))
    }
}

#[tokio::main]
async fn main() -> Result<()> {
    let options = Options::parse();
    let (page, rounds) = (&options.page, options.rounds);
    let mut report = match options.only {
        None => Report::new(&options.out, rounds)?,
        Some(_) => Report::resume(&options.out, rounds)?,
    };
    for case in cases::all().into_iter().filter(|case| options.wants(case.name)) {
        report.add_outcome(&rounds::run(&case, rounds, page, &options.who).await?)?;
    }
    if options.wants("hash") {
        report.add_section(&hash::section(&hash::measure(page, rounds).await?))?;
    }
    if options.wants("first-byte") {
        report.add_section(&first_byte::section(&first_byte::measure(page, rounds).await?))?;
    }
    if options.wants("thread") {
        report.add_section(&thread::section(&thread::measure(page, rounds).await?))?;
    }
    if options.wants("memory") {
        report.add_section(&memory::section(&memory::measure(page, &options.memory_gib).await?))?;
    }
    if options.wants("page") {
        report.add_section(&sizes::section(&sizes::measure(page, rounds).await?))?;
    }
    if options.wants("functions") {
        report.add_section(&functions::section(&functions::measure(&options.functions, rounds).await?))?;
    }
    Ok(())
}
