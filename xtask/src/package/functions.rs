//! One arm64 bootstrap per function, zipped.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use super::size;
use crate::command::{run, step, tool};
use crate::pins::CARGO_LAMBDA;
use crate::setup::python;

pub(super) fn package(folder: &Path) -> Result<()> {
    let names = lambda_names()?;
    let cargo_lambda = cargo_lambda()?;
    let out = folder.join("functions");
    step(&format!("Building {} functions for arm64", names.len()), || run(&mut build(cargo_lambda, &names)))?;
    // A function that was removed from the code would be left over from an earlier run.
    let _ = fs::remove_dir_all(&out);
    fs::create_dir_all(&out)?;
    println!("\n{:<12} {:>12}", "function", "zipped");
    for name in &names {
        let zip = out.join(format!("{name}.zip"));
        fs::copy(built().join(name).join("bootstrap.zip"), &zip).with_context(|| format!("{name} was not built"))?;
        println!("{name:<12} {:>12}", size(fs::metadata(&zip)?.len()));
    }
    Ok(())
}

/// Every program of functions/.
pub(crate) fn lambda_names() -> Result<Vec<String>> {
    let folder = local_stack::workspace().join("functions/src/bin");
    let entries = fs::read_dir(&folder).with_context(|| format!("cannot read {}", folder.display()))?;
    let mut names: Vec<String> =
        entries.flatten().filter_map(|entry| Some(entry.path().file_stem()?.to_str()?.to_owned())).collect();
    names.sort();
    Ok(names)
}

fn build(mut cargo_lambda: Command, names: &[String]) -> Command {
    cargo_lambda
        .args(["lambda", "build", "--arm64", "--output-format", "zip", "--profile", "lambda"])
        .args(["--package", "functions", "--lambda-dir"])
        .arg(built());
    for name in names {
        cargo_lambda.args(["--bin", name]);
    }
    cargo_lambda
}

fn built() -> PathBuf {
    local_stack::workspace().join("target/lambda")
}

/// From PATH, else from wheels in an environment of its own, with the linker beside it.
fn cargo_lambda() -> Result<Command> {
    if local_stack::on_path("cargo-lambda").is_some() {
        return Ok(tool("cargo-lambda"));
    }
    let venv = local_stack::tools().join("venv");
    let program = venv.join("bin/cargo-lambda");
    let stamp = venv.join("cargo-lambda.version");
    if !program.is_file() || fs::read_to_string(&stamp).unwrap_or_default() != CARGO_LAMBDA {
        let packages = [&format!("cargo-lambda=={CARGO_LAMBDA}"), "ziglang"];
        step(&format!("Installing cargo-lambda {CARGO_LAMBDA}"), || python::install(&venv, &packages))?;
        fs::write(stamp, CARGO_LAMBDA)?;
    }
    let mut command = tool(program);
    let path = command.get_envs().find(|(name, _)| *name == "PATH").and_then(|(_, value)| value).unwrap_or_default();
    let path = std::env::join_paths(std::iter::once(venv.join("bin")).chain(std::env::split_paths(path)))?;
    command.env("PATH", path);
    Ok(command)
}
