//! Slipway's dev-server: all routes, the page and the embedded table in one process.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ChildStdout;
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use tempfile::TempDir;

use crate::process::Process;
use crate::{S3Server, net, workspace};

const READY_LIMIT: Duration = Duration::from_secs(60);
const READY_LINE: &str = "listening on ";

/// How to start it.
#[derive(Clone, Debug)]
pub struct DevServerOptions<'a> {
    pub s3: &'a S3Server,
    pub bucket: String,
    /// The endpoints URLs are signed for. Empty: MinIO's own.
    pub public_endpoints: Vec<String>,
    /// Whether parts come to dev-server, which passes them on to storage.
    pub own_origin: bool,
    /// `embedded:PATH` (survives a restart), `embedded:memory`, or a DynamoDB endpoint.
    pub table: String,
    /// The folder of the built page. None: no page.
    pub page_dir: Option<PathBuf>,
    /// More variables; these win over the ones made here.
    pub extra_env: Vec<(String, String)>,
    /// Where to listen; port 0 picks one.
    pub addr: String,
    /// Where to log. None: a temporary folder.
    pub log: Option<PathBuf>,
}

impl<'a> DevServerOptions<'a> {
    /// On this storage: bucket `slipway`, a table in memory, a free port of 127.0.0.1, no page.
    pub fn new(s3: &'a S3Server) -> Self {
        Self {
            s3,
            bucket: "slipway".into(),
            public_endpoints: Vec::new(),
            own_origin: false,
            table: "embedded:memory".into(),
            page_dir: None,
            extra_env: Vec::new(),
            addr: "127.0.0.1:0".into(),
            log: None,
        }
    }

    /// These options as the environment variables that the functions read.
    pub fn environment(&self) -> Vec<(String, String)> {
        let mut env: Vec<(String, String)> = [
            ("SLIPWAY_BUCKET", self.bucket.as_str()),
            ("SLIPWAY_MAIN_TABLE", "slipway-main"),
            ("SLIPWAY_ACCESS_TABLE", "slipway-access"),
            ("SLIPWAY_AUDIT_TABLE", "slipway-audit"),
            ("SLIPWAY_TABLE_ENDPOINT", &self.table),
            ("SLIPWAY_S3_ENDPOINT", self.s3.endpoint()),
            ("SLIPWAY_S3_PATH_STYLE", "true"),
            ("AWS_ACCESS_KEY_ID", self.s3.access_key()),
            ("AWS_SECRET_ACCESS_KEY", self.s3.secret_key()),
            ("AWS_REGION", "us-east-1"),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into();
        if !self.public_endpoints.is_empty() {
            env.push(("SLIPWAY_S3_PUBLIC_ENDPOINTS".into(), self.public_endpoints.join(",")));
        }
        if self.own_origin {
            env.push(("SLIPWAY_S3_UPLOAD_PATH".into(), "/storage".into()));
        }
        if let Some(page) = &self.page_dir {
            env.push(("SLIPWAY_PAGE_DIR".into(), page.display().to_string()));
        }
        env.extend(self.extra_env.iter().cloned());
        env
    }
}

/// A running dev-server, ended on drop.
#[derive(Debug)]
pub struct DevServer {
    env: Vec<(String, String)>,
    addr: String,
    url: String,
    log: PathBuf,
    process: Option<Process>,
    _folder: TempDir,
}

impl DevServer {
    /// Starts one and waits until it listens.
    ///
    /// # Errors
    /// A sentence: it is not built, its address is in use, or it refused to start (with its log's end).
    // By value like the options of `S3Server::start`, so that a call is one expression.
    #[allow(clippy::needless_pass_by_value)]
    pub fn start(options: DevServerOptions<'_>) -> Result<Self> {
        let folder = TempDir::with_prefix("slipway-dev-server-")?;
        let mut server = Self {
            env: options.environment(),
            addr: options.addr.clone(),
            url: String::new(),
            log: options.log.clone().unwrap_or_else(|| folder.path().join("dev-server.log")),
            process: None,
            _folder: folder,
        };
        server.launch()?;
        Ok(server)
    }

    fn launch(&mut self) -> Result<()> {
        refuse_port_in_use(&self.addr)?;
        let mut process = Process::start("dev-server", &binary()?, &self.log, true, |command| {
            command.envs(self.env.iter().map(|(name, value)| (name, value))).env("SLIPWAY_ADDR", &self.addr);
        })?;
        let lines = read_lines(process.take_stdout().context("dev-server has no stdout")?);
        let mut url = None;
        process.wait_until(READY_LIMIT, || {
            url = lines.try_iter().find_map(|line| line.strip_prefix(READY_LINE).map(str::to_owned));
            url.is_some()
        })?;
        self.url = url.unwrap_or_default();
        // A restart has to come back on the port that was picked.
        self.addr = self.url.trim_start_matches("http://").trim_end_matches('/').to_owned();
        self.process = Some(process);
        Ok(())
    }

    /// Such as `http://127.0.0.1:43211`, without a slash at the end.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Where it listens on this machine.
    pub fn port(&self) -> u16 {
        self.addr.rsplit(':').next().and_then(|port| port.parse().ok()).unwrap_or_default()
    }

    /// Its stderr: JSON lines.
    pub fn log_path(&self) -> &Path {
        &self.log
    }

    /// An error, with the log's end, when it is no longer running.
    pub fn check(&mut self) -> Result<()> {
        self.process.as_mut().map_or(Ok(()), Process::check)
    }

    /// Kills it as a power cut would.
    pub fn kill(&mut self) -> Result<()> {
        self.process.take().map_or(Ok(()), |mut process| process.kill())
    }

    /// Stops it gracefully.
    pub fn stop(&mut self) -> Result<()> {
        self.process.take().map_or(Ok(()), |mut process| process.stop())
    }

    /// Kills it if it runs, and starts it again on the same port. A table in memory is empty then.
    pub fn restart(&mut self) -> Result<()> {
        self.kill()?;
        self.launch()
    }
}

/// Lines of stdout. The thread keeps reading after the receiver is dropped, so that the pipe never fills.
fn read_lines(stdout: ChildStdout) -> Receiver<String> {
    let (line_out, lines) = mpsc::channel();
    thread::spawn(move || {
        for line in BufReader::new(stdout).lines().map_while(Result::ok) {
            let _ = line_out.send(line);
        }
    });
    lines
}

fn refuse_port_in_use(addr: &str) -> Result<()> {
    let parsed: SocketAddr = addr.parse().with_context(|| format!("{addr} is not an address and port"))?;
    if !net::is_free(&parsed.ip().to_string(), parsed.port()) {
        bail!("port {} of {}, wanted for dev-server, is in use by another program", parsed.port(), parsed.ip());
    }
    Ok(())
}

fn binary() -> Result<PathBuf> {
    if let Some(named) = std::env::var_os("SLIPWAY_DEV_SERVER").map(PathBuf::from) {
        if named.is_file() {
            return Ok(named);
        }
        bail!("SLIPWAY_DEV_SERVER names {}, which is not a file", named.display());
    }
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| workspace().join("target"), PathBuf::from);
    ["debug", "release"]
        .map(|profile| target.join(profile).join("dev-server"))
        .into_iter()
        .find(|candidate| candidate.is_file())
        .with_context(|| format!("no dev-server in {}: `cargo build -p dev-server` makes it", target.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn extra_variables_come_last_and_win() {
        let minio = S3Server::start(crate::S3Options::default()).unwrap();
        let mut options = DevServerOptions::new(&minio);
        options.extra_env = vec![("SLIPWAY_MAIN_TABLE".into(), "other".into())];
        let env = options.environment();
        assert_eq!(env.last().unwrap().1, "other");
        assert!(env.iter().any(|(name, value)| name == "SLIPWAY_S3_ENDPOINT" && value == minio.endpoint()));
    }

    #[test]
    fn a_bad_address_is_named() {
        let error = refuse_port_in_use("localhost").unwrap_err().to_string();
        assert_eq!(error, "localhost is not an address and port");
    }
}
