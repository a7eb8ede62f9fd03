//! DynamoDB Local, Amazon's own emulator, to which the tests compare the embedded table.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use tempfile::TempDir;

use crate::process::Process;
use crate::{net, on_path, tools};

/// Java takes about 4 s on an idle machine.
const READY_LIMIT: Duration = Duration::from_secs(90);

/// A DynamoDB Local with its tables in memory, ended on drop unless it is a shared one.
#[derive(Debug)]
pub struct DynamoDbLocal {
    endpoint: String,
    log: PathBuf,
    _process: Option<Process>,
    _folder: Option<TempDir>,
}

impl DynamoDbLocal {
    /// Starts one and waits until it answers.
    ///
    /// # Errors
    /// A sentence: Java or the jars are missing, or it did not start (with its log's end).
    pub fn start() -> Result<Self> {
        let java = on_path("java")
            .context("DynamoDB Local needs Java 17 or later: install a JRE (Debian: default-jre-headless)")?;
        let jars = jars()?;
        let folder = TempDir::with_prefix("slipway-dynamodb-")?;
        let log = folder.path().join("dynamodb.log");
        let port = net::free_port()?;
        let mut process = Process::start("DynamoDB Local", &java, &log, false, |command| {
            command
                .current_dir(folder.path())
                .arg(format!("-Djava.library.path={}", jars.display()))
                .args(["-Xmx512m", "-cp", &format!("{}/*", jars.display())])
                .arg("com.amazonaws.services.dynamodbv2.local.main.ServerRunner")
                .args(["-inMemory", "-disableTelemetry", "-port", &port.to_string()]);
        })?;
        let address: SocketAddr = ([127, 0, 0, 1], port).into();
        // An unsigned GET is answered with 400: it is there.
        process.wait_until(READY_LIMIT, || net::http_status(address, "/").is_ok())?;
        Ok(Self { endpoint: format!("http://{address}"), log, _process: Some(process), _folder: Some(folder) })
    }

    /// The one that `cargo xtask test` started (SLIPWAY_TEST_DYNAMODB=endpoint), else one of our own.
    /// Use a table of your own in it.
    pub fn shared_or_start() -> Result<Self> {
        match std::env::var("SLIPWAY_TEST_DYNAMODB") {
            Ok(endpoint) => Ok(Self { endpoint, log: PathBuf::new(), _process: None, _folder: None }),
            Err(_) => Self::start(),
        }
    }

    /// Such as `http://127.0.0.1:43210`. Any region and credentials will do; each pair of them sees tables of its own.
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// Empty for a shared one.
    pub fn log_path(&self) -> &Path {
        &self.log
    }
}

fn jars() -> Result<PathBuf> {
    let named = std::env::var_os("SLIPWAY_DYNAMODB_LOCAL").map(PathBuf::from);
    let folder = named.unwrap_or_else(|| tools().join("dynamodb-local"));
    let has_jars = std::fs::read_dir(&folder).is_ok_and(|entries| {
        entries.flatten().any(|entry| entry.file_name().to_string_lossy().starts_with("DynamoDBLocal"))
    });
    if !has_jars {
        bail!("no DynamoDB Local in {}: `cargo xtask setup` fetches it with Maven", folder.display());
    }
    Ok(folder)
}
