//! MinIO, the S3 of development.

use std::fs::File;
use std::io::Read;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use tempfile::TempDir;

use crate::process::Process;
use crate::{net, on_path, tools};

/// MinIO starts in well under a second; a loaded machine gets more.
const READY_LIMIT: Duration = Duration::from_secs(60);
/// Another program may take the port between our check and MinIO's start.
const PORT_TRIES: usize = 3;

/// How to start it. The default: a temporary folder, a free port, any origin.
#[derive(Clone, Debug, Default)]
pub struct MinioOptions {
    /// Where the objects go. None: a folder that is deleted with the `Minio`.
    pub data_dir: Option<PathBuf>,
    /// None: a free one.
    pub port: Option<u16>,
    /// The address to listen on. None: 127.0.0.1.
    pub host: Option<String>,
    /// Access and secret key. None: random ones.
    pub keys: Option<(String, String)>,
    /// Origins that browsers may come from, as MinIO writes them. None: `*`.
    pub cors_origin: Option<String>,
    /// When MinIO drops unfinished uploads, such as `60s`. None: 31 days, after Slipway's own 30.
    pub stale_expiry: Option<String>,
    /// Where to log. None: `minio.log` beside the data, or in the temporary folder.
    pub log: Option<PathBuf>,
}

/// A MinIO server, ended on drop unless it is a shared one.
#[derive(Debug)]
pub struct Minio {
    options: MinioOptions,
    endpoint: String,
    port: u16,
    keys: (String, String),
    data_dir: PathBuf,
    log: PathBuf,
    /// None for a shared one.
    process: Option<Process>,
    /// Dropped last: the process writes into it.
    _folder: Option<TempDir>,
}

impl Minio {
    /// Starts one and waits until it answers.
    ///
    /// # Errors
    /// A sentence: MinIO is not installed, the port is in use, or it did not start (with its log's end).
    pub fn start(options: MinioOptions) -> Result<Self> {
        let folder = TempDir::with_prefix("slipway-minio-")?;
        let data_dir = options.data_dir.clone().unwrap_or_else(|| folder.path().join("data"));
        std::fs::create_dir_all(&data_dir).with_context(|| format!("cannot make {}", data_dir.display()))?;
        let log = options.log.clone().unwrap_or_else(|| match &options.data_dir {
            Some(dir) => dir.with_file_name("minio.log"),
            None => folder.path().join("minio.log"),
        });
        let keys = match options.keys.clone() {
            Some(keys) => keys,
            None => (random_key()?, random_key()?),
        };
        let folder = Some(folder);
        let mut minio =
            Self { endpoint: String::new(), port: 0, keys, data_dir, log, process: None, _folder: folder, options };
        minio.start_on_some_port()?;
        Ok(minio)
    }

    /// The one that `cargo xtask test` started for the whole run, else one of our own.
    ///
    /// SLIPWAY_TEST_MINIO is `endpoint,access key,secret key`. Use a bucket of your own in it.
    pub fn shared_or_start() -> Result<Self> {
        match std::env::var("SLIPWAY_TEST_MINIO") {
            Ok(text) => Self::shared(&text),
            Err(_) => Self::start(MinioOptions::default()),
        }
    }

    fn shared(text: &str) -> Result<Self> {
        let [endpoint, access, secret] = text.split(',').collect::<Vec<_>>()[..] else {
            bail!("SLIPWAY_TEST_MINIO must be `endpoint,access key,secret key`");
        };
        let port = endpoint.rsplit(':').next().and_then(|port| port.parse().ok());
        Ok(Self {
            options: MinioOptions::default(),
            endpoint: endpoint.to_owned(),
            port: port.context("SLIPWAY_TEST_MINIO: the endpoint must end in a port")?,
            keys: (access.to_owned(), secret.to_owned()),
            data_dir: PathBuf::new(),
            log: PathBuf::new(),
            process: None,
            _folder: None,
        })
    }

    /// What SLIPWAY_TEST_MINIO must be for others to share this one.
    pub fn as_shared(&self) -> String {
        format!("{},{},{}", self.endpoint, self.keys.0, self.keys.1)
    }

    fn start_on_some_port(&mut self) -> Result<()> {
        if let Some(port) = self.options.port {
            return self.start_on(port);
        }
        let mut tries = 0;
        loop {
            tries += 1;
            match self.start_on(net::free_port()?) {
                Err(_) if tries < PORT_TRIES => {}
                result => return result,
            }
        }
    }

    fn start_on(&mut self, port: u16) -> Result<()> {
        let host = self.options.host.as_deref().unwrap_or("127.0.0.1").to_owned();
        if !net::is_free(&host, port) {
            bail!("port {port} of {host}, wanted for MinIO, is in use by another program");
        }
        let mut process = self.spawn(&format!("{host}:{port}"))?;
        let local: SocketAddr = ([127, 0, 0, 1], port).into();
        process.wait_until(READY_LIMIT, || is_ready(local))?;
        (self.port, self.endpoint) = (port, format!("http://{local}"));
        self.process = Some(process);
        Ok(())
    }

    fn spawn(&self, address: &str) -> Result<Process> {
        let cors = self.options.cors_origin.as_deref().unwrap_or("*");
        let expiry = self.options.stale_expiry.as_deref().unwrap_or("744h");
        Process::start("MinIO", &binary()?, &self.log, false, |command| {
            command
                .args(["server", "--quiet", "--address", address])
                .arg(&self.data_dir)
                .env("MINIO_ROOT_USER", &self.keys.0)
                .env("MINIO_ROOT_PASSWORD", &self.keys.1)
                .env("MINIO_API_CORS_ALLOW_ORIGIN", cors)
                .env("MINIO_API_STALE_UPLOADS_EXPIRY", expiry)
                .env("MINIO_BROWSER", "off")
                // Otherwise it checks the internet for updates.
                .env("MINIO_UPDATE", "off");
        })
    }

    /// Such as `http://127.0.0.1:43210`, without a slash at the end.
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    pub fn access_key(&self) -> &str {
        &self.keys.0
    }

    pub fn secret_key(&self) -> &str {
        &self.keys.1
    }

    /// Empty for a shared one.
    pub fn log_path(&self) -> &Path {
        &self.log
    }

    /// Empty for a shared one.
    pub fn data_dir(&self) -> &Path {
        &self.data_dir
    }

    /// An error, with the log's end, when it is no longer running.
    pub fn check(&mut self) -> Result<()> {
        self.process.as_mut().map_or(Ok(()), Process::check)
    }

    /// Kills it as a power cut would. `restart` brings it back with its data.
    pub fn kill(&mut self) -> Result<()> {
        match self.process.take() {
            Some(mut process) => process.kill(),
            None => bail!("this MinIO is not ours to kill, or it is not running"),
        }
    }

    /// Stops it gracefully.
    pub fn stop(&mut self) -> Result<()> {
        self.process.take().map_or(Ok(()), |mut process| process.stop())
    }

    /// Kills it if it runs, and starts it again on the same port with the same data and keys.
    pub fn restart(&mut self) -> Result<()> {
        if self.data_dir.as_os_str().is_empty() {
            bail!("this MinIO is shared: start one of your own to restart it");
        }
        drop(self.process.take());
        self.start_on(self.port)
    }
}

/// `/minio/health/ready` says 200 too early: S3 calls are answered 503 until buckets and users are loaded.
fn is_ready(address: SocketAddr) -> bool {
    let status = |path| net::http_status(address, path).unwrap_or(503);
    status("/minio/health/ready") == 200 && status("/") != 503
}

fn binary() -> Result<PathBuf> {
    if let Some(named) = std::env::var_os("SLIPWAY_MINIO").map(PathBuf::from) {
        if named.is_file() {
            return Ok(named);
        }
        bail!("SLIPWAY_MINIO names {}, which is not a file", named.display());
    }
    let ours = tools().join("bin/minio");
    on_path("minio").or_else(|| ours.is_file().then_some(ours)).context(
        "MinIO is not installed. `cargo xtask setup` builds it (it needs Go or Docker), or put `minio` on PATH",
    )
}

/// 128 random bits in hex.
fn random_key() -> Result<String> {
    let mut bytes = [0; 16];
    File::open("/dev/urandom").and_then(|mut file| file.read_exact(&mut bytes)).context("no /dev/urandom")?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

    #[test]
    fn it_comes_back_on_the_same_port_with_its_data() {
        let mut minio = Minio::start(MinioOptions::default()).unwrap();
        let (port, endpoint) = (minio.port(), minio.endpoint().to_owned());
        std::fs::create_dir(minio.data_dir().join("bucket")).unwrap();
        minio.kill().unwrap();
        let address: SocketAddr = ([127, 0, 0, 1], port).into();
        assert!(net::http_status(address, "/minio/health/ready").is_err());
        minio.restart().unwrap();
        assert_eq!(minio.endpoint(), endpoint);
        // Forbidden, not missing: the bucket is there.
        assert_eq!(net::http_status(address, "/bucket/").unwrap(), 403);
    }

    #[test]
    fn a_port_in_use_is_named() {
        let held = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = held.local_addr().unwrap().port();
        let error = Minio::start(MinioOptions { port: Some(port), ..Default::default() }).unwrap_err();
        assert_eq!(
            error.to_string(),
            format!("port {port} of 127.0.0.1, wanted for MinIO, is in use by another program")
        );
    }

    #[test]
    fn a_shared_one_is_named_by_its_variable_and_not_ours_to_end() {
        let mut minio = Minio::shared("http://127.0.0.1:9123,user,pass").unwrap();
        assert_eq!((minio.port(), minio.secret_key()), (9123, "pass"));
        assert_eq!(minio.as_shared(), "http://127.0.0.1:9123,user,pass");
        assert!(minio.kill().is_err() && minio.restart().is_err());
        assert!(Minio::shared("http://127.0.0.1:9123").is_err());
    }

    #[test]
    fn keys_differ() {
        assert_ne!(random_key().unwrap(), random_key().unwrap());
    }
}
