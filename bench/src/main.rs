//! `cargo xtask bench`: Slipway against its peers.
//!
//! One browser, one MinIO, one machine, rounds interleaved; what counts are ratios of medians.

mod cases;
mod contestant;
mod memory;
mod report;
mod samples;
mod stage;

use std::path::PathBuf;

use anyhow::Result;
use clap::Parser;

/// What to measure.
#[derive(Debug, Parser)]
struct Options {
    /// Rounds of each case; every contestant runs once a round.
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// Only the cases whose name contains this.
    #[arg(long)]
    only: Option<String>,
    /// The folder with Slipway's built page and, in `bench/`, the page of the peers.
    #[arg(long)]
    page: PathBuf,
    /// Where to write the report.
    #[arg(long, default_value = "docs/benchmarks.md")]
    out: PathBuf,
    /// Also the memory of the page at so many GiB, into storage that discards. 0: left out.
    #[arg(long, default_value_t = 0)]
    memory_gib: u64,
}

#[tokio::main]
async fn main() -> Result<()> {
    let options = Options::parse();
    let mut report = report::Report::new(options.rounds);
    for case in cases::all() {
        if options.only.as_deref().is_none_or(|only| case.name.contains(only)) {
            report.add(cases::run(&case, options.rounds, &options.page).await?);
            report.write(&options.out)?;
        }
    }
    if options.memory_gib > 0 {
        report.memory = memory::measure(&options.page, &[1, options.memory_gib]).await?;
        report.write(&options.out)?;
    }
    Ok(())
}
