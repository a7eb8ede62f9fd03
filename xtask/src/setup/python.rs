//! Tools from PyPI, each in an environment of its own: they have libraries in common, of versions that exclude each other.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::forecast::Missing;
use crate::command::{run_quietly, step, tool};
use crate::pins::PythonTool;

/// None where it is there.
pub(super) fn missing(wanted: &PythonTool) -> Option<Missing> {
    (!is_installed(wanted)).then(|| Missing::new(format!("{} {}", wanted.package, wanted.version), 1))
}

/// Installs it unless it is there, and says where its program is.
pub(crate) fn ensure(wanted: &PythonTool) -> Result<PathBuf> {
    if !is_installed(wanted) {
        let what = format!("Installing {} {}", wanted.package, wanted.version);
        step(&what, || install(&venv(wanted), &packages(wanted).iter().map(String::as_str).collect::<Vec<_>>()))?;
        // Last, so that an interrupted installation counts as missing.
        fs::write(stamp(wanted), packages(wanted).join(" "))?;
    }
    Ok(program(wanted))
}

/// Packages, in a new environment in that folder.
pub(crate) fn install(venv: &Path, packages: &[&str]) -> Result<()> {
    let what = packages.join(" ");
    let python = local_stack::on_path("python3")
        .with_context(|| format!("there is no python3 to install {what} with: install it, with its venv module"))?;
    run_quietly(tool(python).args(["-m", "venv", "--clear"]).arg(venv), "python3 -m venv")?;
    let mut pip = tool(venv.join("bin/pip"));
    pip.args(["install", "--disable-pip-version-check"]).args(packages);
    run_quietly(&mut pip, &format!("pip install of {what}"))
}

fn venv(wanted: &PythonTool) -> PathBuf {
    local_stack::tools().join("python").join(wanted.package)
}

/// The Python of its environment.
pub(crate) fn interpreter(wanted: &PythonTool) -> PathBuf {
    venv(wanted).join("bin/python")
}

fn program(wanted: &PythonTool) -> PathBuf {
    venv(wanted).join("bin").join(wanted.package)
}

fn stamp(wanted: &PythonTool) -> PathBuf {
    venv(wanted).join("slipway.version")
}

/// With their versions, as pip takes them.
fn packages(wanted: &PythonTool) -> Vec<String> {
    let itself = format!("{}=={}", wanted.package, wanted.version);
    std::iter::once(itself).chain(wanted.beside.iter().map(|package| (*package).to_owned())).collect()
}

fn is_installed(wanted: &PythonTool) -> bool {
    program(wanted).is_file() && fs::read_to_string(stamp(wanted)).is_ok_and(|text| text == packages(wanted).join(" "))
}
