//! The local stand-ins of the cloud, as child processes that end with their owner:
//! MinIO for S3, DynamoDB Local for the table, and Slipway's own dev-server.
//!
//! Everything blocks and uses std only, so that tests of any runtime, and xtask, can use it.
//! From async code, call it in `spawn_blocking`, or simply before the runtime has work.

#[cfg(feature = "answer")]
mod answer;
mod dev_server;
mod dynamodb;
mod minio;
mod net;
mod process;

use std::path::{Path, PathBuf};

#[cfg(feature = "answer")]
pub use answer::Answer;
pub use dev_server::{DevServer, DevServerOptions};
pub use dynamodb::DynamoDbLocal;
pub use minio::{Minio, MinioOptions};
pub use net::{free_port, http_status};
pub use process::last_lines;

/// Stands before the name of a test whose browser crashed by itself, at the beginning of a line. The stories write it,
/// and xtask reads it.
pub const BROWSER_CRASHED: &str = "BROWSER CRASHED: ";

/// The root of the workspace this was built in.
pub fn workspace() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here).to_path_buf()
}

/// Where `cargo xtask setup` puts what it builds: `target/tools`, whatever CARGO_TARGET_DIR says.
pub fn tools() -> PathBuf {
    workspace().join("target/tools")
}

/// The program `name` on PATH, if there is one.
pub fn on_path(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join(name)).find(|candidate| candidate.is_file())
}
