//! The page, built by trunk.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::command::{run, step, tool};

const FLAGS: &str = "CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUSTFLAGS";

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
            let set = std::env::var(FLAGS).unwrap_or_default();
            trunk.env(FLAGS, format!("{set} {}", short_paths()));
        }
        run(&mut trunk).context("the page could not be built")
    })
}

/// Flags that leave out the folder in which cargo keeps the sources of libraries. None where it is not found.
fn short_paths() -> String {
    let home = std::env::var_os("CARGO_HOME").filter(|home| !home.is_empty()).map(PathBuf::from);
    let home = home.or_else(|| Some(std::env::home_dir()?.join(".cargo")));
    let entries = home.and_then(|home| std::fs::read_dir(home.join("registry/src")).ok()).into_iter().flatten();
    let mut folders: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    // Other flags are another build.
    folders.sort();
    folders.iter().filter_map(|folder| leave_out(folder)).collect()
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
