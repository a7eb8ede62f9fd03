//! Local replacements of cloud services, as child processes that end with their owner:
//! MinIO or versitygw for S3, DynamoDB Local for the table, and Slipway's own dev-server.
//!
//! All calls that start or ask a process block and use std only, so that tests on any runtime, and xtask, can use them. From
//! async code, use `spawn_blocking`, or call them before the runtime has work.
//!
//! With the feature `answer` also `Answer`, which is what tests of the API assert on. It needs HTTP and wire types.

#[cfg(feature = "answer")]
mod answer;
mod cors;
mod dev_server;
mod dynamodb;
mod net;
mod process;
mod s3;

use std::path::{Path, PathBuf};

#[cfg(feature = "answer")]
pub use answer::Answer;
pub use cors::CorsRule;
pub use dev_server::{DevServer, DevServerOptions};
pub use dynamodb::DynamoDbLocal;
pub use net::{free_port, http_status};
pub use process::last_lines;
pub use s3::{S3Kind, S3Options, S3Server};

/// Starts the line that names a story whose browser crashed. The stories print it, and xtask parses it.
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
