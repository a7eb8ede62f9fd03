//! Puts each fault of the list into a copy of this crate and runs its tests. A fault that no test notices is an error.
//!
//! `cargo run -p slipway-protocol --example mutants` runs all; with words behind `--`, those whose description has them.

mod list;

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::{env, fs, io};

use list::{MUTANTS, Mutant};

/// A mutant may send the tests into a loop; then it is noticed by the time it takes.
const SECONDS: &str = "300";

const TESTS: &[&[&str]] = &[&["--test", "stories"], &["--lib"], &["--test", "simulation"]];

fn main() -> ExitCode {
    let words: Vec<String> = env::args().skip(1).collect();
    let copy = copy_crate().expect("a copy of the crate under target/mutants");
    let mut survivors = 0;
    for mutant in MUTANTS.iter().filter(|mutant| words.iter().all(|word| mutant.what.contains(word.as_str()))) {
        let is_killed = is_killed(&copy, mutant).expect("a test run");
        survivors += u32::from(!is_killed);
        report(mutant, is_killed);
    }
    if survivors == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

#[allow(clippy::print_stdout)]
fn report(mutant: &Mutant, is_killed: bool) {
    println!("{}: {} ({})", if is_killed { "killed" } else { "SURVIVED" }, mutant.what, mutant.file);
}

fn is_killed(copy: &Path, mutant: &Mutant) -> io::Result<bool> {
    let file = copy.join("protocol/src").join(mutant.file);
    let right = fs::read_to_string(&file)?;
    assert_eq!(right.matches(mutant.find).count(), 1, "{}: the text to replace is not there once", mutant.what);
    fs::write(&file, right.replace(mutant.find, mutant.replace))?;
    // What does not compile is no mutant: it would look killed.
    let builds = cargo(copy, "check", &["--lib"])?;
    // The quick tests first.
    let survives = |tests: &&[&str]| cargo(copy, "test", tests).unwrap_or(false);
    let passes = builds && TESTS.iter().all(survives);
    fs::write(&file, right)?;
    assert!(builds, "{} does not compile", mutant.what);
    Ok(!passes)
}

fn cargo(copy: &Path, what: &str, targets: &[&str]) -> io::Result<bool> {
    let mut command = Command::new("timeout");
    command.arg(SECONDS).arg(env!("CARGO")).args([what, "-p", "slipway-protocol"]).args(targets);
    command
        .current_dir(copy)
        .env("CARGO_TARGET_DIR", copy.join("target"))
        .env("RUST_BACKTRACE", "0")
        .env("SLIPWAY_CASES", "1500");
    command.env("RUSTFLAGS", "-Awarnings").stdout(Stdio::null()).stderr(Stdio::null());
    Ok(command.status()?.success())
}

/// The crate and what it needs, as a workspace of its own.
fn copy_crate() -> io::Result<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap_or(Path::new("."));
    let target = env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from);
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
