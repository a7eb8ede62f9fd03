//! The page, built by trunk.

use std::path::Path;

use anyhow::{Context, Result};

use crate::command::{run, step, tool};

/// How it is compiled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Profile {
    /// Quick to build; the digest is optimized all the same.
    Dev,
    /// Small and fast to load.
    Page,
}

/// Builds it into `dist`.
pub(crate) fn build(profile: Profile, dist: &Path) -> Result<()> {
    step(&format!("Building the page ({profile:?})"), || {
        let mut trunk = tool("trunk");
        trunk.args(["build", "--skip-version-check", "--color", "never", "--dist"]).arg(dist);
        if profile == Profile::Page {
            trunk.args(["--release", "--cargo-profile", "page"]);
        }
        run(&mut trunk).context("the page could not be built")
    })
}
