//! The crates that run natively, always built together: cargo unites their features, and another
//! choice of packages would build the AWS crates once more.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result};

use crate::command::{cargo, output, run, step, tool};

const PACKAGES: &[&str] = &[
    "slipway-protocol",
    "multi-md5",
    "functions",
    "dev-server",
    "local-stack",
    "xtask",
    "lab",
    "e2e",
    "bench",
    "app",
    "prove-infra",
];

/// `-p` for each of them.
pub(crate) fn packages() -> impl Iterator<Item = &'static str> {
    PACKAGES.iter().flat_map(|package| ["-p", package])
}

/// nextest, as a command of its own: `cargo nextest` would need it on PATH.
pub(crate) fn nextest() -> Command {
    let mut nextest = cargo();
    nextest.arg("nextest");
    nextest
}

/// Builds every test and program, among them dev-server.
pub(crate) fn build_tests() -> Result<()> {
    step("Building the native tests and dev-server", || {
        run(cargo().args(["test", "--no-run", "--quiet"]).args(packages())).context("the native crates do not build")
    })
}

/// dev-server alone, with the features that it has beside the tests: otherwise either would be built again after the other.
pub(crate) fn build_dev_server() -> Result<()> {
    step("Building dev-server", || {
        run(cargo().arg("build").args(packages()).args(["--bin", "dev-server"])).context("dev-server does not build")
    })
}

/// Where cargo puts what it builds.
pub(crate) fn target() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| local_stack::workspace().join("target"), PathBuf::from)
}

/// Where cargo puts dev-server.
pub(crate) fn dev_server() -> PathBuf {
    target().join("debug/dev-server")
}

/// Whether the native crates were built before: then another build is a matter of what has changed.
pub(crate) fn was_built() -> bool {
    dev_server().is_file()
}

/// Each route, as `GET /api/health`, and the functions that answer it. dev-server has to be built.
pub(crate) fn routes() -> Result<BTreeMap<String, BTreeSet<String>>> {
    let text = output(tool(dev_server()).arg("--routes")).context("dev-server cannot tell its routes")?;
    serde_json::from_str(&text).context("`dev-server --routes` does not print JSON")
}

/// The OpenAPI document that dev-server prints. It has to be built.
pub(crate) fn openapi() -> Result<serde_json::Value> {
    let text = output(tool(dev_server()).arg("--openapi")).context("dev-server cannot describe its API")?;
    serde_json::from_str(&text).context("`dev-server --openapi` does not print JSON")
}
