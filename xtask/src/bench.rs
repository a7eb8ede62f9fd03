//! `cargo xtask bench`: Slipway against its peers, on this machine.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::command::{cargo, run, step, tool};
use crate::package;
use crate::setup::{self, Needs};

/// Each has a package.json of its own: two versions of one library can't share one.
const PEERS: &[&str] = &["bare", "uppy5", "uppy6"];

#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// For the bench itself, such as `--rounds 3 --only loopback`
    #[arg(last = true)]
    rest: Vec<String>,
}

pub(crate) fn run_all(options: &Options) -> Result<()> {
    setup::ensure(Needs {
        page: true,
        minio: true,
        dynamodb: true,
        browsers: true,
        first_compile_minutes: 15,
        ..Default::default()
    })?;
    let web = local_stack::workspace().join("bench/web");
    step("Installing the peers", || PEERS.iter().try_for_each(|peer| install(&web.join(peer))))?;
    let page = local_stack::workspace().join("target/bench/page");
    package::build_page(&page)?;
    step("Bundling the peers", || bundle(&web, &page.join("bench")))?;
    step("Building the hash alone", || hash_alone(&page.join("bench")))?;
    step("Building dev-server and the bench", build)?;
    if measures_functions(&options.rest) {
        step("Building the functions", build_functions)?;
    }
    step("Running the bench", || {
        let mut bench = cargo();
        bench.args(["run", "--release", "-p", "bench", "--", "--page"]).arg(&page);
        bench.arg("--functions").arg(lambdas().join("lambda")).args(&options.rest);
        bench.env("SLIPWAY_DEV_SERVER", release("dev-server"));
        run(&mut bench).context("the bench failed")
    })
}

fn install(peer: &Path) -> Result<()> {
    let mut npm = tool("npm");
    // `ci` installs exactly what the lock file names, so that figures of two machines are of the same peers.
    npm.current_dir(peer).args(["ci", "--no-audit", "--no-fund", "--silent"]);
    run(&mut npm).context("the peers come from npm: is node there?")
}

fn bundle(web: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to)?;
    fs::copy(web.join("index.html"), to.join("index.html"))?;
    let mut esbuild = tool(web.join("bare/node_modules/.bin/esbuild"));
    esbuild.current_dir(web).args(["peers.js", "--bundle", "--format=iife", "--target=chrome120"]);
    esbuild.arg(format!("--outfile={}", to.join("peers.js").display())).arg("--log-level=warning");
    run(&mut esbuild)
}

/// The page's MD5 with nothing around it, compiled as the page is.
fn hash_alone(to: &Path) -> Result<()> {
    const TARGET: &str = "wasm32-unknown-unknown";
    run(cargo().args(["build", "--quiet", "--profile", "page", "--target", TARGET, "-p", "hash-speed"]))?;
    let mut bindgen = tool("wasm-bindgen");
    bindgen.args(["--target", "web", "--no-typescript", "--out-dir"]).arg(to);
    run(bindgen.arg(target().join(TARGET).join("page/hash_speed.wasm")))
}

fn build() -> Result<()> {
    run(cargo().args(["build", "--release", "-p", "dev-server"]))?;
    run(cargo().args(["build", "--release", "-p", "bench"]))
}

fn build_functions() -> Result<()> {
    let mut functions = cargo();
    functions.args(["build", "--profile", "lambda", "-p", "functions", "--bins"]);
    run(functions.arg("--target-dir").arg(lambdas()))
}

/// They take a quarter of an hour to build. `--only` names what contains its value.
fn measures_functions(rest: &[String]) -> bool {
    let value = rest.iter().position(|word| word == "--only").and_then(|at| rest.get(at + 1)).map(String::as_str);
    let only = value.or_else(|| rest.iter().find_map(|word| word.strip_prefix("--only=")));
    only.is_none_or(|only| "functions".contains(only))
}

/// Apart from `target/lambda`, where the packaged functions are.
fn lambdas() -> PathBuf {
    target().join("bench/native")
}

fn release(program: &str) -> PathBuf {
    target().join("release").join(program)
}

fn target() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| local_stack::workspace().join("target"), PathBuf::from)
}

#[cfg(test)]
mod tests {
    use super::measures_functions;

    #[test]
    fn the_functions_are_built_where_they_are_measured() {
        let asked =
            |words: &[&str]| measures_functions(&words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>());
        assert!(asked(&[]) && asked(&["--rounds", "3"]) && asked(&["--only", "functions"]) && asked(&["--only=func"]));
        assert!(!asked(&["--only", "loopback"]) && !asked(&["--rounds", "3", "--only=page"]));
    }
}
