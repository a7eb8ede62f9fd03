//! Deploys the template on an emulator of AWS and uses the stack through its CDN.
//!
//! `cargo xtask prove-infra` builds what it needs and starts it. It moves itself into private namespaces, in which AWS's names
//! lead to the emulator, so no endpoint is configured anywhere, and everything that was started ends with it.

mod certificates;
mod cloud;
mod dns;
mod emulator;
mod groups;
mod namespace;
mod permissions;
mod report;
mod run;
mod signed;
mod stack;
mod template;

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Instant, SystemTime};

use anyhow::{Error, Result, bail, ensure};
use clap::Parser;
use tokio::signal::unix::{SignalKind, signal};

use groups::Group;
use namespace::Refused;
use run::Run;

const MIB: u64 = 1 << 20;
/// The certificates are for its names, and the functions' clients sign for it.
const REGION: &str = "us-east-1";
/// Exit code if the machine refuses namespaces: nothing was proved, and nothing was found wrong.
const REFUSED: u8 = 3;

/// What is deployed, and with what. xtask sets the variables.
#[derive(Clone, Debug, Parser)]
#[command(about = "Deploys the template on an emulator and proves what it does. Started by `cargo xtask prove-infra`")]
struct Inputs {
    /// Only these groups
    #[arg(long = "only")]
    only: Vec<String>,
    /// Every permission in the group `permissions`, in place of a sample
    #[arg(long)]
    all: bool,
    /// Only permissions that have one of these words in their line of the table, such as `Sweep`
    #[arg(long = "permission", value_name = "WORD")]
    permission: Vec<String>,
    /// What the sample of permissions is drawn by: the commit
    #[arg(long, env = "SLIPWAY_PROVE_SAMPLE", default_value = "")]
    sample: String,
    #[arg(long, env = "SLIPWAY_PROVE_TEMPLATE")]
    template: PathBuf,
    /// The folder with a program for each function
    #[arg(long, env = "SLIPWAY_PROVE_FUNCTIONS")]
    functions: PathBuf,
    /// The folder with the page's files
    #[arg(long, env = "SLIPWAY_PROVE_PAGE")]
    page: PathBuf,
    /// The parameter PageScriptHashes
    #[arg(long, env = "SLIPWAY_PROVE_SCRIPT_HASHES")]
    script_hashes: String,
    /// The Python that ministack is installed for
    #[arg(long, env = "SLIPWAY_PROVE_PYTHON")]
    python: PathBuf,
    /// The folder for ministack's log
    #[arg(long, env = "SLIPWAY_PROVE_LOGS")]
    logs: PathBuf,
    /// The folder that memory is mounted over while it runs
    #[arg(long, env = "SLIPWAY_PROVE_SCRATCH")]
    scratch: PathBuf,
    /// It is in its namespaces already
    #[arg(long, hide = true)]
    inside: bool,
}

fn main() -> ExitCode {
    let inputs = Inputs::parse();
    let result = if inputs.inside { inside(inputs) } else { outside(&inputs) };
    match result {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error:#}");
            if error.is::<Refused>() { REFUSED.into() } else { ExitCode::FAILURE }
        }
    }
}

fn outside(inputs: &Inputs) -> Result<bool> {
    wanted(&inputs.only)?;
    let arguments: Vec<OsString> = std::env::args_os().skip(1).chain(["--inside".into()]).collect();
    namespace::enter(&inputs.scratch, &arguments)?;
    bail!("unshare has ended")
}

#[tokio::main]
async fn inside(inputs: Inputs) -> Result<bool> {
    let groups = wanted(&inputs.only)?;
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    // As process 1 of its namespace it receives only signals that it handles. All others end with it.
    tokio::select! {
        result = prove(inputs, &groups) => result,
        _ = terminate.recv() => bail!("ended from outside"),
        _ = interrupt.recv() => bail!("interrupted"),
    }
}

/// Those that were asked for, in the order of the list.
fn wanted(names: &[String]) -> Result<Vec<Group>> {
    for name in names {
        let all = || groups::ALL.iter().map(|group| group.name).collect::<Vec<_>>().join(", ");
        ensure!(groups::ALL.iter().any(|group| group.name == name), "no group `{name}`: there are {}", all());
    }
    let is_wanted = |group: &&Group| names.is_empty() || names.iter().any(|name| name == group.name);
    Ok(groups::ALL.iter().filter(is_wanted).copied().collect())
}

async fn prove(inputs: Inputs, groups: &[Group]) -> Result<bool> {
    let scratch: &Path = &inputs.scratch.clone();
    let certificates = run::make_world(scratch).await?;
    let mut run = Run::start(inputs, scratch, certificates).await?;
    let mut unprepared = prepare(&mut run, groups).await;
    let mut stands = true;
    for group in groups {
        let unprepared = unprepared.remove(group.name);
        // The others depend on it.
        if !stands && unprepared.is_none() {
            run.report.skipped(group.name, "deploy failed");
            continue;
        }
        run.report.begin(group.name);
        let (start, before, since) = (Instant::now(), run.report.count(), SystemTime::now());
        let result = match unprepared {
            Some(error) => Err(error.context("preparing")),
            None => (group.prove)(&mut run).await,
        };
        let result = match result {
            Ok(()) => nothing_refused(&run).await,
            failed => failed,
        };
        run.report.end(group.name, start.elapsed(), before, &result);
        if result.is_err() {
            run.show_logs(since).await;
            stands &= group.name != "deploy";
        }
    }
    Ok(run.report.close())
}

/// Also where a function went on without what it was refused, and no caller noticed.
async fn nothing_refused(run: &Run) -> Result<()> {
    let refused = run.cloud.refusals().await?;
    let lines = refused.iter().map(|refusal| format!("{} on {} to {}", refusal.action, refusal.resource, refusal.who));
    ensure!(refused.is_empty(), "IAM refused {}", lines.collect::<Vec<_>>().join(", "));
    Ok(())
}

/// Starts what takes its time. What fails here is the failure of that group, and says nothing of the others.
async fn prepare(run: &mut Run, groups: &[Group]) -> BTreeMap<&'static str, Error> {
    let mut failed = BTreeMap::new();
    for group in groups {
        let Some(prepare) = group.prepare else { continue };
        run.report.begin(&format!("{}, prepared", group.name));
        if let Err(error) = prepare(run).await {
            failed.insert(group.name, error);
        }
    }
    failed
}
