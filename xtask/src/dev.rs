//! `cargo xtask dev`: storage, dev-server with its embedded table, and the page.

use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result};
use clap::ValueEnum;
use local_stack::{DevServer, DevServerOptions, S3Kind, S3Options, S3Server};

use crate::page::{self, Profile};
use crate::setup::{self, Needs};
use crate::{interrupt, native, pins};

#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// The page's port
    #[arg(long, default_value_t = 8080)]
    port: u16,
    /// What stores the files. Each has its own data
    #[arg(long, value_enum, default_value_t = Storage::Minio)]
    storage: Storage,
    /// The storage's port
    #[arg(long, alias = "minio-port", default_value_t = 9000)]
    storage_port: u16,
    /// This machine's name or address for other devices, such as 192.168.1.20; without it, only this machine is served
    #[arg(long)]
    public_host: Option<String>,
    /// Send parts to the page's own port, which passes them on to storage; downloads still come from storage's
    #[arg(long)]
    own_origin: bool,
    /// Build the page as it is deployed: slower to build, smaller
    #[arg(long)]
    release: bool,
    /// A folder for objects, records and the built page; without it, `.slipway` and `dist`
    #[arg(long)]
    data: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Storage {
    /// The default
    Minio,
    /// Built sooner, and takes less memory
    Versitygw,
}

pub(crate) fn run(options: &Options) -> Result<()> {
    refuse_ports_in_use(options)?;
    if options.storage == Storage::Minio && !setup::is_there(&pins::MINIO) {
        println!("{}", sooner());
    }
    setup::ensure(Needs {
        page: true,
        minio: options.storage == Storage::Minio,
        versitygw: options.storage == Storage::Versitygw,
        first_compile_minutes: 4,
        ..Default::default()
    })?;
    let (data, dist) = options.folders()?;
    std::fs::create_dir_all(&data)?;
    native::build_dev_server()?;
    page::build(if options.release { Profile::Page } else { Profile::Dev }, &dist)?;

    let mut s3 = start_storage(options, &data)?;
    let mut server = start_server(options, &s3, &data, &dist)?;
    println!("Storage is {} on port {}. All data is in {}", s3.kind().name(), s3.port(), data.display());
    println!("Slipway is ready: http://{}:{}", options.public_host.as_deref().unwrap_or("127.0.0.1"), options.port);
    let ended = watch(&mut s3, &mut server);
    // First, while the calls that it finishes still have storage.
    server.stop()?;
    s3.stop()?;
    ended
}

/// Said before MinIO's build begins.
fn sooner() -> String {
    format!(
        "MinIO, which is to store the files, has to be built: about {} min on two cores. versitygw takes about {} min:\n    \
         cargo xtask dev --storage versitygw",
        pins::MINIO.build_minutes,
        pins::VERSITYGW.build_minutes
    )
}

/// Told before anything is built.
fn refuse_ports_in_use(options: &Options) -> Result<()> {
    let host = options.listen_host();
    for (port, what, flag) in
        [(options.port, "the page", "--port"), (options.storage_port, "storage", "--storage-port")]
    {
        std::net::TcpListener::bind((host, port)).map(drop).map_err(|error| match error.kind() {
            std::io::ErrorKind::AddrInUse => anyhow::anyhow!(
                "port {port}, wanted for {what}, is in use by another program. Choose another one with {flag} {}",
                port.checked_add(1).unwrap_or(8081)
            ),
            _ => anyhow::anyhow!(
                "port {port}, wanted for {what}, cannot be listened on: {error}. Choose another one with {flag}"
            ),
        })?;
    }
    Ok(())
}

impl Options {
    /// For data, and for the page.
    fn folders(&self) -> Result<(PathBuf, PathBuf)> {
        let root = local_stack::workspace();
        let (data, page) = match &self.data {
            None => (root.join(".slipway"), root.join("dist")),
            // trunk runs in the workspace's root, wherever we were started.
            Some(data) => {
                let data = std::path::absolute(data)?;
                (data.clone(), data.join("page"))
            }
        };
        // The table, too: its files would not be in the other storage.
        let data = match self.storage {
            Storage::Minio => data,
            Storage::Versitygw => data.join("versitygw"),
        };
        Ok((data, page))
    }

    fn listen_host(&self) -> &'static str {
        if self.public_host.is_some() { "0.0.0.0" } else { "127.0.0.1" }
    }
}

fn start_storage(options: &Options, data: &Path) -> Result<S3Server> {
    let keys_file = data.join("storage-keys");
    let s3 = S3Server::start(S3Options {
        kind: match options.storage {
            Storage::Minio => S3Kind::Minio,
            Storage::Versitygw => S3Kind::Versitygw,
        },
        data_dir: Some(data.join("storage")),
        port: Some(options.storage_port),
        host: Some(options.listen_host().into()),
        keys: read_keys(&keys_file),
        ..Default::default()
    })?;
    write_keys(&keys_file, s3.access_key(), s3.secret_key())?;
    Ok(s3)
}

fn start_server(options: &Options, s3: &S3Server, data: &Path, dist: &Path) -> Result<DevServer> {
    let public = options.public_host.iter().map(|host| format!("http://{host}:{}", options.storage_port));
    DevServer::start(DevServerOptions {
        public_endpoints: public.collect(),
        table: format!("embedded:{}", data.join("table.sqlite").display()),
        page_dir: Some(dist.to_path_buf()),
        own_origin: options.own_origin,
        addr: format!("{}:{}", options.listen_host(), options.port),
        log: Some(data.join("dev-server.log")),
        ..DevServerOptions::new(s3)
    })
}

/// Until we are asked to end, or one of them ends by itself.
fn watch(s3: &mut S3Server, server: &mut DevServer) -> Result<()> {
    const LOOK: Duration = Duration::from_millis(100);
    while !interrupt::asked() {
        s3.check()?;
        server.check()?;
        thread::sleep(LOOK);
    }
    println!("Stopping");
    Ok(())
}

/// Two lines: access key, secret key.
fn read_keys(file: &Path) -> Option<(String, String)> {
    let text = std::fs::read_to_string(file).ok()?;
    let mut lines = text.lines().map(str::to_owned);
    Some((lines.next()?, lines.next()?))
}

/// Readable by its owner only.
fn write_keys(file: &Path, access: &str, secret: &str) -> Result<()> {
    let mut open = std::fs::OpenOptions::new();
    let mut opened = open.create(true).write(true).truncate(true).mode(0o600).open(file);
    opened
        .as_mut()
        .map_err(|error| std::io::Error::new(error.kind(), error.to_string()))
        .and_then(|out| writeln!(out, "{access}\n{secret}"))
        .with_context(|| format!("cannot write {}", file.display()))
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;

    #[derive(Debug, clap::Parser)]
    struct Cli {
        #[command(flatten)]
        options: Options,
    }

    fn typed(arguments: &[&str]) -> Options {
        Cli::try_parse_from(["dev"].iter().chain(arguments)).unwrap().options
    }

    fn options(port: u16, storage_port: u16) -> Options {
        typed(&["--port", &port.to_string(), "--storage-port", &storage_port.to_string()])
    }

    #[test]
    fn minio_is_the_default_and_each_storage_has_its_own_data() {
        let folders = |arguments: &[&str]| typed(arguments).folders().unwrap();
        assert_eq!(typed(&[]).storage, Storage::Minio);
        let (ours, page) = folders(&[]);
        assert!(ours.ends_with(".slipway") && page.ends_with("dist"));
        assert_eq!(folders(&["--storage", "versitygw"]), (ours.join("versitygw"), page));
        let (data, page) = folders(&["--storage", "versitygw", "--data", "/d"]);
        assert_eq!((data.to_str(), page.to_str()), (Some("/d/versitygw"), Some("/d/page")));
        assert_eq!(typed(&["--minio-port", "9001"]).storage_port, 9001, "its name until December 2026");
    }

    #[test]
    fn a_port_in_use_names_the_flag() {
        let held = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let (port, free) = (held.local_addr().unwrap().port(), local_stack::free_port().unwrap());
        let error = refuse_ports_in_use(&options(free, port)).unwrap_err().to_string();
        assert!(error.contains(&port.to_string()) && error.contains("--storage-port"), "{error}");
        let error = refuse_ports_in_use(&options(port, free)).unwrap_err().to_string();
        assert!(error.contains("--port"), "{error}");
    }

    #[test]
    fn keys_are_kept_for_the_next_start() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("keys");
        assert_eq!(read_keys(&file), None);
        write_keys(&file, "user", "secret").unwrap();
        assert_eq!(read_keys(&file), Some(("user".into(), "secret".into())));
    }
}
