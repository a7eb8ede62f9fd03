//! The S3 of development and tests: MinIO, or versitygw.

mod kind;
mod minio;
mod versitygw;

use std::fs::File;
use std::io::Read;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use tempfile::TempDir;

use crate::net;
use crate::process::Process;
pub use kind::S3Kind;

/// Both start in well under a second; a loaded machine gets more.
const READY_LIMIT: Duration = Duration::from_secs(60);
/// Another program may take the port between our check and the server's start.
const PORT_TRIES: usize = 3;

/// How to start it. The default: MinIO on a temporary folder and a free port.
#[derive(Clone, Debug, Default)]
pub struct S3Options {
    pub kind: S3Kind,
    /// Where the objects go. None: a folder that is deleted with the `S3Server`.
    pub data_dir: Option<PathBuf>,
    /// None: a free one.
    pub port: Option<u16>,
    /// The address to listen on. None: 127.0.0.1.
    pub host: Option<String>,
    /// Access and secret key. None: random ones.
    pub keys: Option<(String, String)>,
    /// Where to log. None: `minio.log` or `versitygw.log` beside the data, or in the temporary folder.
    pub log: Option<PathBuf>,
}

/// A server, ended on drop unless it is a shared one.
#[derive(Debug)]
pub struct S3Server {
    options: S3Options,
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

/// What the program is started with.
#[derive(Debug)]
struct Launch<'a> {
    /// To listen on, with the port.
    address: &'a str,
    data_dir: &'a Path,
    keys: &'a (String, String),
}

impl S3Server {
    /// Starts one and waits until it answers.
    ///
    /// # Errors
    /// A sentence: the program is not installed, the port is in use, or it did not start (with its log's end).
    pub fn start(options: S3Options) -> Result<Self> {
        let program = options.kind.program();
        let folder = TempDir::with_prefix(format!("slipway-{program}-"))?;
        let data_dir = options.data_dir.clone().unwrap_or_else(|| folder.path().join("data"));
        std::fs::create_dir_all(&data_dir).with_context(|| format!("cannot make {}", data_dir.display()))?;
        // Absolute, since versitygw changes its working directory.
        let data_dir = std::path::absolute(data_dir)?;
        let log_name = format!("{program}.log");
        let log = options.log.clone().unwrap_or_else(|| match &options.data_dir {
            Some(_) => data_dir.with_file_name(log_name),
            None => folder.path().join(log_name),
        });
        let keys = match options.keys.clone() {
            Some(keys) => keys,
            None => (random_key()?, random_key()?),
        };
        let folder = Some(folder);
        let mut server =
            Self { endpoint: String::new(), port: 0, keys, data_dir, log, process: None, _folder: folder, options };
        server.start_on_some_port()?;
        Ok(server)
    }

    /// The one that `cargo xtask test` started for the whole run, else one of our own.
    ///
    /// [`S3Kind::shared_variable`] is `endpoint,access key,secret key`. Use a bucket of your own in it.
    pub fn shared_or_start(kind: S3Kind) -> Result<Self> {
        match std::env::var(kind.shared_variable()) {
            Ok(text) => Self::shared(kind, &text),
            Err(_) => Self::start(S3Options { kind, ..S3Options::default() }),
        }
    }

    fn shared(kind: S3Kind, text: &str) -> Result<Self> {
        let variable = kind.shared_variable();
        let [endpoint, access, secret] = text.split(',').collect::<Vec<_>>()[..] else {
            bail!("{variable} must be `endpoint,access key,secret key`");
        };
        let port = endpoint.rsplit(':').next().and_then(|port| port.parse().ok());
        Ok(Self {
            options: S3Options { kind, ..S3Options::default() },
            endpoint: endpoint.to_owned(),
            port: port.with_context(|| format!("{variable}: the endpoint must end in a port"))?,
            keys: (access.to_owned(), secret.to_owned()),
            data_dir: PathBuf::new(),
            log: PathBuf::new(),
            process: None,
            _folder: None,
        })
    }

    /// What [`S3Kind::shared_variable`] must be for others to share this one.
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
        let (kind, host) = (self.kind(), self.options.host.as_deref().unwrap_or("127.0.0.1"));
        if !net::is_free(host, port) {
            bail!("port {port} of {host}, wanted for {}, is in use by another program", kind.name());
        }
        let mut process = self.spawn(&format!("{host}:{port}"))?;
        let local: SocketAddr = ([127, 0, 0, 1], port).into();
        process.wait_until(READY_LIMIT, || match kind {
            S3Kind::Minio => minio::is_ready(local),
            S3Kind::Versitygw => versitygw::is_ready(local),
        })?;
        (self.port, self.endpoint) = (port, format!("http://{local}"));
        self.process = Some(process);
        Ok(())
    }

    fn spawn(&self, address: &str) -> Result<Process> {
        let launch = Launch { address, data_dir: &self.data_dir, keys: &self.keys };
        if self.kind() == S3Kind::Versitygw {
            versitygw::make_folders(&self.data_dir)?;
        }
        Process::start(self.kind().name(), &self.kind().binary()?, &self.log, false, |command| match self.kind() {
            S3Kind::Minio => minio::configure(command, &launch),
            S3Kind::Versitygw => versitygw::configure(command, &launch),
        })
    }

    pub fn kind(&self) -> S3Kind {
        self.options.kind
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

    /// An error, with the log's end, when it is no longer running.
    pub fn check(&mut self) -> Result<()> {
        self.process.as_mut().map_or(Ok(()), Process::check)
    }

    /// Kills it as a power cut would. `restart` brings it back with its data.
    pub fn kill(&mut self) -> Result<()> {
        match self.process.take() {
            Some(mut process) => process.kill(),
            None => bail!("this {} is not ours to kill, or it is not running", self.kind().name()),
        }
    }

    /// Stops it gracefully.
    pub fn stop(&mut self) -> Result<()> {
        self.process.take().map_or(Ok(()), |mut process| process.stop())
    }

    /// Kills it if it runs, and starts it again on the same port with the same data and keys.
    pub fn restart(&mut self) -> Result<()> {
        if self.data_dir.as_os_str().is_empty() {
            bail!("this {} is shared: start one of your own to restart it", self.kind().name());
        }
        drop(self.process.take());
        self.start_on(self.port)
    }
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

    fn started(kind: S3Kind) -> S3Server {
        S3Server::start(S3Options { kind, ..S3Options::default() }).unwrap()
    }

    /// Where a bucket is a folder.
    fn buckets(server: &S3Server) -> PathBuf {
        match server.kind() {
            S3Kind::Minio => server.data_dir.clone(),
            S3Kind::Versitygw => versitygw::folders(&server.data_dir)[0].clone(),
        }
    }

    fn comes_back_with_its_data(kind: S3Kind) {
        let mut server = started(kind);
        let (address, endpoint) = (SocketAddr::from(([127, 0, 0, 1], server.port())), server.endpoint().to_owned());
        std::fs::create_dir(buckets(&server).join("bucket")).unwrap();
        server.kill().unwrap();
        assert!(net::http_status(address, "/").is_err(), "it still answers");
        server.restart().unwrap();
        assert_eq!(server.endpoint(), endpoint);
        // Forbidden, not missing: the bucket is there.
        assert_eq!(net::http_status(address, "/bucket/").unwrap(), 403);
        server.stop().unwrap();
        assert!(net::http_status(address, "/").is_err(), "it was not stopped");
    }

    #[test]
    fn minio_comes_back_on_the_same_port_with_its_data() {
        comes_back_with_its_data(S3Kind::Minio);
    }

    #[test]
    fn versitygw_comes_back_on_the_same_port_with_its_data() {
        comes_back_with_its_data(S3Kind::Versitygw);
    }

    #[test]
    fn a_port_in_use_is_named() {
        let held = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = held.local_addr().unwrap().port();
        for kind in S3Kind::ALL {
            let options = S3Options { kind, port: Some(port), ..S3Options::default() };
            let error = S3Server::start(options).unwrap_err().to_string();
            let name = kind.name();
            assert_eq!(error, format!("port {port} of 127.0.0.1, wanted for {name}, is in use by another program"));
        }
    }

    #[test]
    fn a_shared_one_is_named_by_its_variable_and_not_ours_to_end() {
        let mut server = S3Server::shared(S3Kind::Minio, "http://127.0.0.1:9123,user,pass").unwrap();
        assert_eq!((server.port(), server.secret_key()), (9123, "pass"));
        assert_eq!(server.as_shared(), "http://127.0.0.1:9123,user,pass");
        assert!(server.kill().is_err() && server.restart().is_err());
        let error = S3Server::shared(S3Kind::Versitygw, "http://127.0.0.1:9123").unwrap_err().to_string();
        assert!(error.contains("SLIPWAY_TEST_VERSITYGW"), "{error}");
    }

    #[test]
    fn keys_differ() {
        assert_ne!(random_key().unwrap(), random_key().unwrap());
    }
}
