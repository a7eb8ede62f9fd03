//! `cargo xtask prove-infra`: builds the functions, the page and the prover, and starts it (docs/testing.md).

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::command::{cargo, output, run, run_quietly, show_and_keep, step, tool};
use crate::native;
use crate::package;
use crate::pins;
use crate::setup::{self, Needs};

#[derive(Debug, Default, clap::Args)]
pub(crate) struct Options {
    /// Only these groups, such as `deploy` or `browser`
    #[arg(long, value_name = "GROUP")]
    only: Vec<String>,
    /// In the group `permissions`, take away every permission in turn, in place of a sample
    #[arg(long)]
    all: bool,
    /// In the group `permissions`, only those with this word, such as `Sweep`
    #[arg(long = "permission", value_name = "WORD")]
    permission: Vec<String>,
    /// Another template than infra/template.yaml
    #[arg(long, value_name = "FILE")]
    template: Option<PathBuf>,
    /// With the functions optimized as they are deployed, which takes minutes to build
    #[arg(long)]
    release: bool,
}

/// The machine refuses namespaces: nothing was proved, and nothing is wrong with the template.
#[derive(Debug)]
pub(crate) struct Refused;

impl std::fmt::Display for Refused {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the template was not proved: this machine refuses private namespaces (see above)")
    }
}

impl std::error::Error for Refused {}

impl Refused {
    /// What prove-infra, and then xtask, ends with.
    pub(crate) const CODE: u8 = 3;
}

pub(crate) const NEEDS: Needs = Needs {
    page: true,
    nextest: false,
    minio: false,
    versitygw: false,
    dynamodb: false,
    browsers: false,
    emulator: true,
    deny: false,
    linters: false,
    first_compile_minutes: 6,
};

/// True when everything was proved.
pub(crate) fn run_all(options: &Options) -> Result<bool> {
    setup::ensure(NEEDS)?;
    let (is_proved, _) = Built::make(options.release, None)?.prove(options)?;
    Ok(is_proved)
}

/// What there is to deploy, and the prover.
#[derive(Debug)]
pub(crate) struct Built {
    functions: PathBuf,
    page: PathBuf,
    script_hashes: String,
}

impl Built {
    /// Builds all of it. `page`: as it is deployed, if another layer has built it.
    pub(crate) fn make(release: bool, page: Option<PathBuf>) -> Result<Self> {
        let functions = if release { as_deployed()? } else { for_tests()? };
        let page = match page {
            Some(page) => page,
            None => {
                let page = native::target().join("prove-infra-page");
                package::build_page(&page)?;
                page
            }
        };
        Ok(Self { functions, script_hashes: package::script_hashes(&page)?, page })
    }

    /// Whether everything was proved, and all that the prover said.
    pub(crate) fn prove(&self, options: &Options) -> Result<(bool, String)> {
        let mut prover = tool(native::target().join("debug/prove-infra"));
        self.set_env(&mut prover);
        prover.args(options.only.iter().flat_map(|group| ["--only", group]));
        prover.args(options.permission.iter().flat_map(|word| ["--permission", word]));
        prover.args(options.all.then_some("--all"));
        if let Some(template) = &options.template {
            // Ours is started in the workspace's root, and this is as the user sees it.
            prover.arg("--template").arg(std::path::absolute(template)?);
        }
        let (status, text) = show_and_keep(&mut prover)?;
        match status.code() {
            Some(code @ (0 | 1)) => Ok((code == 0, text)),
            Some(code) if code == i32::from(Refused::CODE) => bail!(Refused),
            _ => bail!("prove-infra ended with {status}"),
        }
    }

    /// Where the prover finds what it deploys.
    pub(crate) fn set_env(&self, command: &mut Command) {
        let target = native::target();
        command.env("SLIPWAY_PROVE_TEMPLATE", local_stack::workspace().join("infra/template.yaml"));
        command.env("SLIPWAY_PROVE_FUNCTIONS", &self.functions).env("SLIPWAY_PROVE_PAGE", &self.page);
        command.env("SLIPWAY_PROVE_SCRIPT_HASHES", &self.script_hashes);
        // Outside of a repository the sample is always the same.
        let commit = output(tool("git").args(["rev-parse", "HEAD"])).unwrap_or_default();
        command.env("SLIPWAY_PROVE_SAMPLE", commit.trim());
        command.env("SLIPWAY_PROVE_PYTHON", setup::python::interpreter(&pins::MINISTACK));
        // A short name: Chromium's socket is below, and the path of a socket has at most 107 bytes.
        command.env("SLIPWAY_PROVE_SCRATCH", target.join("prove-run"));
        command.env("SLIPWAY_PROVE_LOGS", target.join("prove-logs"));
    }
}

/// The functions with the features that they are deployed with, optimized. Built alone, or cargo would unite features.
fn as_deployed() -> Result<PathBuf> {
    step("Building the functions and the prover", || {
        let mut build = cargo();
        build.args(["build", "--profile", "prove-release", "-p", "functions", "--bins", "--no-default-features"]);
        run(&mut build).context("the functions do not build")?;
        run(cargo().arg("build").args(native::packages()).args(["--bin", "prove-infra"]))
    })?;
    Ok(native::target().join("prove-release"))
}

/// The programs that stand beside the tests: another profile, or other features, would build the AWS crates once more.
/// They are stripped, since each is packed, and unpacked for each instance.
fn for_tests() -> Result<PathBuf> {
    native::build_tests()?;
    let folder = native::target().join("prove-functions");
    step("Stripping the functions", || {
        fs::create_dir_all(&folder)?;
        let names = package::lambda_names()?;
        names.iter().try_for_each(|name| strip(&native::target().join("debug").join(name), &folder.join(name)))
    })?;
    Ok(folder)
}

/// Copies a program without its symbols and line tables. Where there is no `strip`, which linkers of C come with, with them.
fn strip(program: &Path, stripped: &Path) -> Result<()> {
    // In place, an instance that still runs would be written to.
    let _ = fs::remove_file(stripped);
    if local_stack::on_path("strip").is_some() {
        return run_quietly(tool("strip").arg("-o").args([stripped, program]), "strip");
    }
    fs::copy(program, stripped).with_context(|| format!("{} was not built", program.display())).map(drop)
}
