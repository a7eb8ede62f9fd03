//! How versitygw is started: on folders, where a bucket is a folder and an object a file.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use super::Launch;
use crate::net;

/// No bucket can have this name.
const HEALTH: &str = "/_ready";

/// For objects, and for what belongs to them: ETags, types, parts, a bucket's CORS rules.
///
/// Extended attributes would take no second folder, but ext4 has 4 KiB of them for a file, which the offsets of some
/// thousand parts exceed, and not every file system has them.
pub(super) fn folders(data_dir: &Path) -> [PathBuf; 2] {
    ["objects", "metadata"].map(|name| data_dir.join(name))
}

pub(super) fn make_folders(data_dir: &Path) -> Result<()> {
    for folder in folders(data_dir) {
        std::fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
    }
    Ok(())
}

pub(super) fn configure(command: &mut Command, launch: &Launch<'_>) {
    let [objects, metadata] = folders(launch.data_dir);
    command
        // It reads variables with names as common as LOGFILE and WEBHOOK.
        .env_clear()
        .env("ROOT_ACCESS_KEY_ID", &launch.keys.0)
        .env("ROOT_SECRET_ACCESS_KEY", &launch.keys.1)
        // Without `--keep-alive` each part would need a connection; without `--quiet` the log has signatures in it.
        .args(["--port", launch.address, "--keep-alive", "--quiet", "--health", HEALTH])
        // For buckets without CORS rules of their own.
        .args(["--cors-allow-origin", "*"])
        .args(["posix", "--sidecar"])
        .arg(metadata)
        .arg(objects);
}

pub(super) fn is_ready(address: SocketAddr) -> bool {
    net::http_status(address, HEALTH).is_ok_and(|status| status == 200)
}
