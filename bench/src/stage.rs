//! Everything a case needs: storage, functions, a browser with two tabs.

use std::path::Path;

use anyhow::{Context, Result};
use lab::browser::{Browser, Kind, Tab};
use lab::files::TestFile;
use lab::front::Front;
use lab::proxy::{Aim, Fault, Proxy, Rule};
use lab::s3::Bucket;
use local_stack::{DevServer, DevServerOptions, S3Options, S3Server};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::cases::{Calls, Case};
use crate::served::Served;
use crate::signer;

pub(crate) const BUCKET: &str = "slipway";

/// One tab shows Slipway's room, the other the page of the peers.
pub(crate) struct Stage {
    pub(crate) browser: Browser,
    pub(crate) bucket: Bucket,
    pub(crate) slipway: Tab,
    pub(crate) peers: Tab,
    /// For the peers' own signing.
    pub(crate) store: Value,
    pub(crate) files: Vec<TestFile>,
    folder: TempDir,
    proxies: Vec<Proxy>,
    _calls: Vec<Proxy>,
    _front: Option<Front>,
    _signer: Served,
    _server: DevServer,
    _minio: S3Server,
}

impl Stage {
    pub(crate) async fn set(case: &Case, page: &Path) -> Result<Self> {
        let folder = TempDir::with_prefix("slipway-bench-")?;
        let minio = S3Server::start(S3Options::default())?;
        let (mut proxies, mut calls) = (Vec::new(), Vec::new());
        for _ in 0..if case.link.is_some() { case.hosts } else { 0 } {
            proxies.push(shaped(minio.port(), case).await?);
        }
        let endpoints: Vec<String> = proxies.iter().map(Proxy::url).collect();
        let endpoint = endpoints.first().cloned().unwrap_or_else(|| minio.endpoint().to_owned());
        let server = DevServer::start(DevServerOptions {
            public_endpoints: endpoints,
            own_origin: case.calls.has_parts(),
            page_dir: Some(page.to_owned()),
            bucket: BUCKET.into(),
            ..DevServerOptions::new(&minio)
        })?;
        let signer = signer::start(bucket(&minio, &endpoint), page).await?;
        let bucket = bucket(&minio, minio.endpoint());
        let browser = Browser::start(Kind::Chromium).await?;
        let mut ports = [server.port(), signer.port()];
        if case.calls != Calls::Near {
            for port in &mut ports {
                let far = shaped(*port, case).await?;
                *port = far.port();
                calls.push(far);
            }
        }
        let [slipway_port, peers_port] = ports;
        let front = match case.calls {
            Calls::FarWithPartsByHttp2 => Some(Front::start(([127, 0, 0, 1], slipway_port).into()).await?),
            _ => None,
        };
        let room_url = front.as_ref().map_or_else(|| format!("http://127.0.0.1:{slipway_port}"), Front::url);
        let slipway = open_room(&browser, &room_url).await?;
        let peers = browser.new_tab().await?;
        browser.switch_to(&peers).await?;
        browser.goto(&format!("http://127.0.0.1:{peers_port}/bench/index.html")).await?;
        let store = json!({
            "endpoint": endpoint, "bucket": BUCKET,
            "accessKey": minio.access_key(), "secretKey": minio.secret_key(),
        });
        let files = make_files(folder.path(), case)?;
        Ok(Self {
            browser,
            bucket,
            slipway,
            peers,
            store,
            files,
            folder,
            proxies,
            _calls: calls,
            _front: front,
            _signer: signer,
            _server: server,
            _minio: minio,
        })
    }

    /// The same bytes under new names, so that no run is taken for one before it.
    pub(crate) fn files_named(&self, run: &str) -> Result<Vec<TestFile>> {
        let folder = self.folder.path().join(run);
        std::fs::create_dir_all(&folder)?;
        self.files.iter().map(|file| link(file, &folder, run)).collect()
    }

    /// Re-arms the case's resets: each run is hit at the same requests.
    pub(crate) fn arm(&self, case: &Case) {
        for proxy in self.proxies.iter().filter(|_| case.reset_every > 0) {
            let reset = Fault::Reset { after: case.part_bytes / 2 };
            proxy.clear();
            proxy.rule(Rule::new(Aim::method("PUT"), reset).every(case.reset_every).always());
        }
    }

    /// Empties the bucket and lets the disk settle.
    pub(crate) async fn clear(&self) -> Result<()> {
        loop {
            let keys = self.bucket.keys("").await?;
            if keys.is_empty() {
                break;
            }
            for key in keys {
                self.bucket.delete(&key).await?;
            }
        }
        let _ = std::process::Command::new("sync").status();
        Ok(())
    }
}

fn link(file: &TestFile, folder: &Path, run: &str) -> Result<TestFile> {
    let path = folder.join(format!("{run}-{}", file.name()));
    std::fs::hard_link(&file.path, &path)?;
    Ok(TestFile { path, size: file.size })
}

async fn shaped(port: u16, case: &Case) -> Result<Proxy> {
    let proxy = Proxy::start(([127, 0, 0, 1], port).into()).await?;
    proxy.set_link(case.link.unwrap_or_default());
    Ok(proxy)
}

fn bucket(minio: &S3Server, endpoint: &str) -> Bucket {
    Bucket::new(endpoint, BUCKET, minio.access_key(), minio.secret_key())
}

fn make_files(folder: &Path, case: &Case) -> Result<Vec<TestFile>> {
    let make =
        |index: usize| TestFile::make(folder, &format!("f{index}.bin"), case.file_bytes, index as u64 + 1)?.at_rest();
    (0..case.file_count).map(make).collect()
}

pub(crate) async fn open_room(browser: &Browser, url: &str) -> Result<Tab> {
    browser.goto(url).await?;
    browser.fill("room-name", "Bench").await?;
    browser.fill("display-name", "Bench").await?;
    browser.click("new-room").await?;
    browser.until_present("file-input").await.context("the room")?;
    browser.tab().await
}
