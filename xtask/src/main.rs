//! `cargo xtask …`: every development command of Slipway, and nothing else to install or remember.
// It is a command-line program: stdout is how it speaks.
#![allow(clippy::print_stdout)]

mod bench;
mod command;
mod dev;
mod interrupt;
mod mutants;
mod native;
mod package;
mod page;
mod pins;
mod prove;
mod setup;
mod test;
mod tidy;

use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};

#[derive(Debug, Parser)]
#[command(about = "Slipway's development commands", arg_required_else_help = true)]
struct Cli {
    #[command(subcommand)]
    command: Task,
}

#[derive(Debug, Subcommand)]
enum Task {
    /// Run all of Slipway on this machine, with data in `.slipway/`; Ctrl-C ends it
    Dev(dev::Options),
    /// Run the tests: protocol, functions, browser, e2e; all of them without a name
    Test(test::Options),
    /// Put faults into the upload machine on purpose, and see that a test notices each
    Mutants(mutants::Options),
    /// Measure Slipway against its peers and write docs/benchmarks.md
    Bench(bench::Options),
    /// Build what a deployment needs into `target/package`
    Package(package::Options),
    /// Deploy the template on an emulator of AWS in private namespaces, and prove what it does there
    ProveInfra(prove::Options),
    /// Quick checks of the template, the docs and the sources
    Tidy,
    /// Install every tool the other commands need
    Setup,
}

fn main() -> ExitCode {
    match interrupt::watch().and_then(|()| run(Cli::parse().command)) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error:#}");
            if error.is::<prove::Refused>() { prove::Refused::CODE.into() } else { ExitCode::FAILURE }
        }
    }
}

/// False: it ran to its end and has said what is wrong.
fn run(task: Task) -> Result<bool> {
    match task {
        Task::Dev(options) => dev::run(&options).map(|()| true),
        Task::Test(options) => test::run(&options),
        Task::Mutants(options) => mutants::run(&options),
        Task::Bench(options) => bench::run_all(&options).map(|()| true),
        Task::Package(options) => package::run(&options).map(|()| true),
        Task::ProveInfra(options) => prove::run_all(&options),
        Task::Tidy => tidy::run(),
        Task::Setup => setup::all().map(|()| true),
    }
}
