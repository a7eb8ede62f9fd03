//! `cargo xtask mutants`: puts each fault of the list into a copy of protocol and runs its tests. A fault that no test
//! notices is an error.

use std::path::{Path, PathBuf};
use std::time::Duration;
use std::{fs, io};

use anyhow::{Context, Result, ensure};

use crate::command::{cargo, passes};
use list::{MUTANTS, Mutant};

// Beside the tests that have to notice them.
#[path = "../../protocol/tests/mutants/list.rs"]
mod list;

#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Only those with all of these words in their description
    words: Vec<String>,
}

/// A mutant may send the tests into a loop; then it is noticed by the time it takes.
const LIMIT: Duration = Duration::from_secs(300);

/// The quick tests first.
const TESTS: &[&[&str]] = &[&["--test", "stories"], &["--lib"], &["--test", "simulation"]];

/// True when every mutant was killed.
pub(crate) fn run(options: &Options) -> Result<bool> {
    let copy = copy_crate().context("protocol could not be copied to target/mutants")?;
    let asked_for = |mutant: &&Mutant| options.words.iter().all(|word| mutant.what.contains(word.as_str()));
    let (mut killed, mut survived) = (0, 0);
    for mutant in MUTANTS.iter().filter(asked_for) {
        let is_killed = is_killed(&copy, mutant)?;
        killed += u32::from(is_killed);
        survived += u32::from(!is_killed);
        println!("{}: {} ({})", if is_killed { "killed" } else { "SURVIVED" }, mutant.what, mutant.file);
    }
    println!("{killed} killed, {survived} survived");
    ensure!(killed + survived > 0, "no mutant has these words");
    Ok(survived == 0)
}

fn is_killed(copy: &Path, mutant: &Mutant) -> Result<bool> {
    let file = copy.join("protocol/src").join(mutant.file);
    let right = fs::read_to_string(&file)?;
    ensure!(right.matches(mutant.find).count() == 1, "{}: the text to replace is not there once", mutant.what);
    fs::write(&file, right.replace(mutant.find, mutant.replace))?;
    // What does not compile is no mutant: it would look killed.
    let builds = cargo_passes(copy, "check", &["--lib"])?;
    let mut survives = builds;
    for tests in TESTS {
        survives = survives && cargo_passes(copy, "test", tests)?;
    }
    // Before any verdict, so that the next mutant finds the right code whatever this one came to.
    fs::write(&file, right)?;
    ensure!(builds, "{} does not compile", mutant.what);
    Ok(!survives)
}

fn cargo_passes(copy: &Path, what: &str, targets: &[&str]) -> Result<bool> {
    let mut command = cargo();
    command.args([what, "-p", "slipway-protocol"]).args(targets).current_dir(copy);
    command.env("CARGO_TARGET_DIR", copy.join("target")).env("RUSTFLAGS", "-Awarnings");
    command.env("RUST_BACKTRACE", "0").env("SLIPWAY_CASES", "1500");
    passes(&mut command, LIMIT)
}

/// The crate and what it needs, as a workspace of its own.
fn copy_crate() -> io::Result<PathBuf> {
    let root = local_stack::workspace();
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from);
    let copy = target.join("mutants");
    for folder in ["protocol", "multi-md5", "docs"] {
        let to = copy.join(folder);
        if to.exists() {
            fs::remove_dir_all(&to)?;
        }
        copy_folder(&root.join(folder), &to)?;
    }
    fs::copy(root.join("Cargo.lock"), copy.join("Cargo.lock"))?;
    let manifest = fs::read_to_string(root.join("Cargo.toml"))?;
    let only_these = |line: &str| {
        if line.starts_with("members") { r#"members = ["protocol", "multi-md5"]"#.to_owned() } else { line.to_owned() }
    };
    fs::write(copy.join("Cargo.toml"), manifest.lines().map(only_these).collect::<Vec<_>>().join("\n"))?;
    Ok(copy)
}

fn copy_folder(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let to = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy_folder(&entry.path(), &to)?;
        } else {
            fs::copy(entry.path(), to)?;
        }
    }
    Ok(())
}
