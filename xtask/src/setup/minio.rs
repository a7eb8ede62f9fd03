//! MinIO: on PATH, else built by Go, else built by Go in a container.

use std::path::Path;

use anyhow::{Context, Result, bail};

use crate::command::{run_quietly, step, tool};
use crate::pins::{GO_IMAGE, MINIO};

use super::forecast::Missing;

/// None where it is there.
pub(super) fn missing() -> Option<Missing> {
    (!is_there()).then(|| Missing::new(format!("MinIO {MINIO}"), 6))
}

pub(crate) fn ensure() -> Result<()> {
    if is_there() {
        return Ok(());
    }
    if local_stack::on_path("go").is_some() {
        step(&format!("Building MinIO {MINIO} with Go"), build_with_go)?;
    } else if local_stack::on_path("docker").is_some() {
        step(&format!("Building MinIO {MINIO} in a container"), build_in_container)?;
    } else {
        bail!(
            "MinIO is missing, and so is what could build it: install Go 1.24 or later, or Docker, or put `minio` on PATH"
        );
    }
    std::fs::write(stamp(), MINIO).context("cannot note MinIO's version")
}

/// MinIO built from source does not know its own version, so we note it beside.
fn stamp() -> std::path::PathBuf {
    local_stack::tools().join("minio.version")
}

fn is_there() -> bool {
    std::env::var_os("SLIPWAY_MINIO").is_some() || local_stack::on_path("minio").is_some() || is_built()
}

fn is_built() -> bool {
    local_stack::tools().join("bin/minio").is_file() && std::fs::read_to_string(stamp()).is_ok_and(|text| text == MINIO)
}

fn build_with_go() -> Result<()> {
    let mut go = tool("go");
    go.args(["install", "-v", "-ldflags", "-s -w", &module()])
        .env("GOBIN", local_stack::tools().join("bin"))
        .env("CGO_ENABLED", "0")
        .env_remove("GOFLAGS");
    run_quietly(&mut go, "go install of MinIO")
}

fn build_in_container() -> Result<()> {
    let bin = local_stack::tools().join("bin");
    let mut docker = tool("docker");
    // Without C, so that the binary does not need the C library of the container.
    docker.args(["run", "--rm", "-e", "CGO_ENABLED=0", "-e", "GOBIN=/out", "-v", &volume(&bin), GO_IMAGE]);
    docker.args(["go", "install", "-v", "-ldflags", "-s -w", &module()]);
    run_quietly(&mut docker, "go install of MinIO in a container")
}

fn module() -> String {
    format!("github.com/minio/minio@{MINIO}")
}

fn volume(bin: &Path) -> String {
    format!("{}:/out", bin.display())
}
