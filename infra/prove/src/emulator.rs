//! ministack: AWS on this machine, with IAM enforced, under AWS's own names on port 443.

use std::fs::File;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use lab::process;

use crate::REGION;
use crate::certificates::Certificates;

const READY: Duration = Duration::from_secs(60);
const POLL: Duration = Duration::from_millis(50);
const LAUNCH: &str = include_str!("emulator.py");
/// AWS's own example of an account.
const ACCOUNT: &str = "123456789012";

/// A running one. Dropping it ends it.
#[derive(Debug)]
pub(crate) struct Emulator {
    child: Child,
}

/// What it is started with.
#[derive(Debug)]
pub(crate) struct Start<'a> {
    /// Of the environment that it is installed in.
    pub(crate) python: &'a Path,
    pub(crate) scratch: &'a Path,
    /// A file that is kept.
    pub(crate) log: &'a Path,
    pub(crate) http: &'a reqwest::Client,
    pub(crate) certificates: &'a Certificates,
}

impl Emulator {
    pub(crate) async fn start(start: &Start<'_>) -> Result<Self> {
        let mut emulator = Self { child: spawn(start)? };
        emulator.until_ready(start).await?;
        Ok(emulator)
    }

    /// Memory of ministack itself, in MiB.
    pub(crate) fn memory_mib(&self) -> u64 {
        process::memory(self.child.id()).unwrap_or_default() >> 20
    }

    async fn until_ready(&mut self, start: &Start<'_>) -> Result<()> {
        let begun = Instant::now();
        loop {
            let health = start.http.get("https://localhost/_ministack/health").send().await;
            if health.is_ok_and(|answer| answer.status().is_success()) {
                return Ok(());
            }
            let log = || local_stack::last_lines(start.log, 30);
            if let Some(status) = self.child.try_wait()? {
                bail!("ministack ended ({status}):\n{}", log());
            }
            if begun.elapsed() > READY {
                bail!("ministack was not ready after {READY:?}:\n{}", log());
            }
            tokio::time::sleep(POLL).await;
        }
    }
}

/// Its functions end with the namespace.
impl Drop for Emulator {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn spawn(start: &Start) -> Result<Child> {
    let home = start.scratch.join("emulator");
    std::fs::create_dir_all(&home)?;
    let log = File::create(start.log)?;
    let mut command = Command::new(start.python);
    // Nothing of our own environment: the functions would inherit it.
    command.args(["-c", LAUNCH]).env_clear().env("PATH", path_with(start.python)?);
    command.env("HOME", &home).env("TMPDIR", &home).current_dir(&home);
    command.env("S3_DATA_DIR", home.join("s3")).env("STATE_DIR", home.join("state"));
    command.envs([("AUTH", "true"), ("USE_SSL", "1"), ("BIND_HOST", "127.0.0.1")]);
    command.envs([("MINISTACK_ACCOUNT_ID", ACCOUNT), ("MINISTACK_REGION", REGION)]);
    // It listens on 443 by itself. Another GATEWAY_PORT would be in the URLs that it hands out.
    command.env("MINISTACK_HOST", format!("{REGION}.amazonaws.com"));
    command.env("MINISTACK_SSL_CERT", &start.certificates.chain).env("MINISTACK_SSL_KEY", &start.certificates.key);
    let child = command.stdin(Stdio::null()).stderr(log.try_clone()?).stdout(log).spawn();
    child.with_context(|| format!("cannot start {}", start.python.display()))
}

/// The environment's own programs first.
fn path_with(python: &Path) -> Result<std::ffi::OsString> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let own = python.parent().map(Path::to_path_buf);
    Ok(std::env::join_paths(own.into_iter().chain(std::env::split_paths(&path)))?)
}
