//! The page, built by trunk.

use std::path::{Path, PathBuf};

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
            // What a panic names is the same whoever built the page, and shorter. Added to the flags of .cargo/config.toml.
            trunk.env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUSTFLAGS", short_paths()?);
        }
        run(&mut trunk).context("the page could not be built")
    })
}

/// Flags that leave out the folder in which cargo keeps the sources of libraries.
fn short_paths() -> Result<String> {
    let home = std::env::var_os("CARGO_HOME").map(PathBuf::from);
    let home = home.or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".cargo"))).context("no home")?;
    let sources = std::fs::read_dir(home.join("registry/src")).into_iter().flatten().flatten();
    Ok(sources.filter_map(|source| leave_out(&source.path())).collect())
}

/// None where the path can't be in such a list, which is split at spaces.
fn leave_out(folder: &Path) -> Option<String> {
    let folder = folder.to_str().filter(|path| !path.contains(char::is_whitespace))?;
    Some(format!("--remap-path-prefix={folder}/= "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_with_a_space_is_left_as_it_is() {
        assert_eq!(leave_out(Path::new("/a/src/index-1")).as_deref(), Some("--remap-path-prefix=/a/src/index-1/= "));
        assert_eq!(leave_out(Path::new("/a b/src")), None);
    }
}
