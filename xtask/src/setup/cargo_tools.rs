//! Tools that cargo builds. Prebuilt ones are not to be had everywhere; the registry is.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use anyhow::Result;

use crate::command::{run_quietly, step, tool};
use crate::pins::CargoTool;

use super::forecast::Missing;

/// None where it is there.
pub(super) fn missing(wanted: &CargoTool) -> Option<Missing> {
    let name = || format!("{} {}", wanted.package, wanted.version);
    (!is_installed(wanted)).then(|| Missing::new(name(), wanted.build_minutes))
}

pub(crate) fn ensure(wanted: &CargoTool) -> Result<()> {
    if is_installed(wanted) {
        return Ok(());
    }
    step(&format!("Building {} {}", wanted.package, wanted.version), || {
        let mut install = install_command(wanted);
        run_quietly(&mut install, &format!("build of {}", wanted.package))
    })
}

/// Ours, or one on PATH, if it is the pinned version.
fn is_installed(wanted: &CargoTool) -> bool {
    let ours = local_stack::tools().join("bin").join(wanted.program);
    let program = Some(ours).filter(|path| path.is_file()).or_else(|| local_stack::on_path(wanted.program));
    program.and_then(version_of).is_some_and(|text| names_version(&text, &wanted.version))
}

fn version_of(program: PathBuf) -> Option<String> {
    let answer = Command::new(program).arg("--version").stdin(Stdio::null()).output().ok()?;
    Some(String::from_utf8_lossy(&answer.stdout).into_owned())
}

/// Whether the first line has the version as a word: `0.2.13` is not `0.2.130`.
fn names_version(text: &str, version: &str) -> bool {
    text.lines().next().is_some_and(|line| line.split_whitespace().any(|word| word == version))
}

/// These tools run for seconds: building them fast matters more than their speed.
fn install_command(wanted: &CargoTool) -> Command {
    let tools = local_stack::tools();
    let mut install = tool(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    install
        .args(["install", "--force", &format!("{}@{}", wanted.package, wanted.version)])
        .arg("--root")
        .arg(&tools)
        // One folder for all tools, which have many crates in common (decision 4).
        .arg("--target-dir")
        .arg(tools.join("build"))
        .env("CARGO_PROFILE_RELEASE_OPT_LEVEL", wanted.opt_level.to_string())
        .env("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "16")
        // With link-time optimization these tools take a quarter of an hour on two cores (decision 4).
        .env("CARGO_PROFILE_RELEASE_LTO", "off")
        .env("CARGO_PROFILE_RELEASE_DEBUG", "0")
        .env("CARGO_PROFILE_RELEASE_STRIP", "symbols")
        .env_remove("RUSTFLAGS");
    if wanted.locked {
        install.arg("--locked");
    }
    if wanted.bare {
        install.arg("--no-default-features");
    }
    install
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_a_whole_word_of_the_first_line() {
        assert!(names_version("cargo-nextest 0.9.151 (6b3f99457 2026-11-02)\nrelease: 0.9.151", "0.9.151"));
        assert!(!names_version("wasm-bindgen 0.2.130", "0.2.13"));
        assert!(!names_version("", "1"));
    }
}
