//! Storage for development and tests: on PATH, else built by Go, else built by Go in a container. Go checks what it fetches
//! against the public checksum database.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::command::{run_quietly, step, tool};
use crate::pins::{GO_IMAGE, GoTool};

use super::forecast::Missing;

/// None where it is there.
pub(super) fn missing(wanted: &GoTool) -> Option<Missing> {
    let what = || format!("{} {}", wanted.kind.name(), wanted.version);
    (!is_there(wanted)).then(|| Missing::new(what(), wanted.build_minutes))
}

pub(super) fn ensure(wanted: &GoTool) -> Result<()> {
    if is_there(wanted) {
        return Ok(());
    }
    let what = format!("Building {} {}", wanted.kind.name(), wanted.version);
    if local_stack::on_path("go").is_some() {
        step(&format!("{what} with Go"), || build_with_go(wanted))?;
    } else if local_stack::on_path("docker").is_some() {
        step(&format!("{what} in a container"), || build_in_container(wanted))?;
    } else {
        bail!(
            "{} is missing, and so is what could build it: install Go {} or later, or Docker, or put `{}` on PATH",
            wanted.kind.name(),
            wanted.least_go,
            wanted.kind.program()
        );
    }
    let stamp = stamp(wanted);
    std::fs::write(&stamp, wanted.version).with_context(|| format!("cannot write {}", stamp.display()))
}

/// Programs that Go builds this way do not know their own version, so we note it beside.
fn stamp(wanted: &GoTool) -> PathBuf {
    local_stack::tools().join(format!("{}.version", wanted.kind.program()))
}

fn is_there(wanted: &GoTool) -> bool {
    std::env::var_os(wanted.kind.program_variable()).is_some()
        || local_stack::on_path(wanted.kind.program()).is_some()
        || is_built(wanted)
}

fn is_built(wanted: &GoTool) -> bool {
    local_stack::tools().join("bin").join(wanted.kind.program()).is_file()
        && std::fs::read_to_string(stamp(wanted)).is_ok_and(|text| text == wanted.version)
}

fn build_with_go(wanted: &GoTool) -> Result<()> {
    let mut go = tool("go");
    go.env("GOBIN", local_stack::tools().join("bin")).env("CGO_ENABLED", "0").env_remove("GOFLAGS");
    run_quietly(install(&mut go, wanted), &format!("go install of {}", wanted.kind.name()))
}

fn build_in_container(wanted: &GoTool) -> Result<()> {
    let bin = local_stack::tools().join("bin");
    let mut docker = tool("docker");
    // Without C, so that the binary does not need the C library of the container.
    docker.args(["run", "--rm", "-e", "CGO_ENABLED=0", "-e", "GOBIN=/out", "-v", &volume(&bin), GO_IMAGE, "go"]);
    run_quietly(install(&mut docker, wanted), &format!("go install of {} in a container", wanted.kind.name()))
}

fn install<'a>(go: &'a mut Command, wanted: &GoTool) -> &'a mut Command {
    go.args(["install", "-v", "-ldflags", "-s -w", &format!("{}@{}", wanted.package, wanted.version)])
}

fn volume(bin: &Path) -> String {
    format!("{}:/out", bin.display())
}
