//! `cargo xtask dev`: MinIO, dev-server with its embedded table, and the page.

use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result};
use local_stack::{DevServer, DevServerOptions, Minio, MinioOptions};

use crate::page::{self, Profile};
use crate::setup::{self, Needs};
use crate::{interrupt, native};

#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// The page's port
    #[arg(long, default_value_t = 8080)]
    port: u16,
    /// The storage's port
    #[arg(long, default_value_t = 9000)]
    minio_port: u16,
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

pub(crate) fn run(options: &Options) -> Result<()> {
    refuse_ports_in_use(options)?;
    setup::ensure(Needs { page: true, minio: true, first_compile_minutes: 4, ..Default::default() })?;
    let (data, dist) = options.folders()?;
    std::fs::create_dir_all(&data)?;
    native::build_dev_server()?;
    page::build(if options.release { Profile::Page } else { Profile::Dev }, &dist)?;

    let mut minio = start_minio(options, &data)?;
    let mut server = start_server(options, &minio, &data, &dist)?;
    println!("Slipway is ready: http://{}:{}", options.public_host.as_deref().unwrap_or("127.0.0.1"), options.port);
    let ended = watch(&mut minio, &mut server);
    // First, while the calls that it finishes still have storage.
    server.stop()?;
    minio.stop()?;
    ended
}

/// Told before anything is built.
fn refuse_ports_in_use(options: &Options) -> Result<()> {
    let host = options.listen_host();
    for (port, what, flag) in [(options.port, "the page", "--port"), (options.minio_port, "storage", "--minio-port")] {
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
        let Some(data) = &self.data else { return Ok((root.join(".slipway"), root.join("dist"))) };
        // trunk runs in the workspace's root, wherever we were started.
        let data = std::path::absolute(data)?;
        Ok((data.clone(), data.join("page")))
    }

    fn listen_host(&self) -> &'static str {
        if self.public_host.is_some() { "0.0.0.0" } else { "127.0.0.1" }
    }
}

fn start_minio(options: &Options, data: &Path) -> Result<Minio> {
    let keys_file = data.join("storage-keys");
    let minio = Minio::start(MinioOptions {
        data_dir: Some(data.join("storage")),
        port: Some(options.minio_port),
        host: Some(options.listen_host().into()),
        keys: read_keys(&keys_file),
        ..Default::default()
    })?;
    write_keys(&keys_file, minio.access_key(), minio.secret_key())?;
    Ok(minio)
}

fn start_server(options: &Options, minio: &Minio, data: &Path, dist: &Path) -> Result<DevServer> {
    let public = options.public_host.iter().map(|host| format!("http://{host}:{}", options.minio_port));
    DevServer::start(DevServerOptions {
        public_endpoints: public.collect(),
        table: format!("embedded:{}", data.join("table.sqlite").display()),
        page_dir: Some(dist.to_path_buf()),
        own_origin: options.own_origin,
        addr: format!("{}:{}", options.listen_host(), options.port),
        log: Some(data.join("dev-server.log")),
        ..DevServerOptions::new(minio)
    })
}

/// Until we are asked to end, or one of them ends by itself.
fn watch(minio: &mut Minio, server: &mut DevServer) -> Result<()> {
    const LOOK: Duration = Duration::from_millis(100);
    while !interrupt::asked() {
        minio.check()?;
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
    use super::*;

    fn options(port: u16, minio_port: u16) -> Options {
        Options { port, minio_port, public_host: None, own_origin: false, release: false, data: None }
    }

    #[test]
    fn a_port_in_use_names_the_flag() {
        let held = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let (port, free) = (held.local_addr().unwrap().port(), local_stack::free_port().unwrap());
        let error = refuse_ports_in_use(&options(free, port)).unwrap_err().to_string();
        assert!(error.contains(&port.to_string()) && error.contains("--minio-port"), "{error}");
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
