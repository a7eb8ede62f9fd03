//! The real stack on free ports, with a proxy before storage and one before the functions.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use local_stack::{DevServer, DevServerOptions, S3Kind, S3Options, S3Server};
use tempfile::TempDir;

use crate::files::TestFile;
use crate::proxy::{Entry, Proxy};
use crate::s3::Bucket;

const BUCKET: &str = "slipway";

/// Storage, dev-server with the page, and the two proxies that a browser sees.
#[derive(Debug)]
pub struct Stack {
    /// Between the browser and storage. URLs are signed for it.
    pub storage: Proxy,
    /// Between the browser and dev-server: page and API.
    pub api: Proxy,
    pub server: DevServer,
    pub s3: S3Server,
    pub bucket: Bucket,
    /// For the files of the story.
    pub folder: TempDir,
    logs: PathBuf,
}

impl Drop for Stack {
    /// Leaves what went over the wires beside what the servers wrote.
    fn drop(&mut self) {
        for (name, proxy) in [("storage", &self.storage), ("api", &self.api)] {
            let lines: Vec<String> = proxy.log().iter().map(|entry| format!("{entry}\n")).collect();
            let _ = std::fs::write(self.logs.join(format!("{name}-wire.log")), lines.concat());
        }
    }
}

/// What differs from story to story.
#[derive(Clone, Debug, Default)]
pub struct StackOptions {
    /// Set for dev-server.
    pub env: Vec<(&'static str, String)>,
    /// Whether the built page is needed.
    pub page: bool,
    /// What storage is. On versitygw the bucket has the template's CORS rule, for this stack's page alone.
    pub s3: S3Kind,
}

impl Stack {
    /// With the built page, for a browser.
    pub async fn start() -> Result<Self> {
        Self::start_with(StackOptions { page: true, ..StackOptions::default() }).await
    }

    /// The functions and storage only.
    pub async fn without_page() -> Result<Self> {
        Self::start_with(StackOptions::default()).await
    }

    pub async fn start_with(options: StackOptions) -> Result<Self> {
        let folder = TempDir::with_prefix("slipway-e2e-")?;
        let logs = log_folder()?;
        let log = Some(logs.join(format!("{}.log", options.s3.program())));
        let s3 = S3Server::start(S3Options { kind: options.s3, log, ..S3Options::default() })?;
        let storage = Proxy::start(([127, 0, 0, 1], s3.port()).into()).await?;
        let page = if options.page { Some(page_dir()?) } else { None };
        let server = DevServer::start(DevServerOptions {
            public_endpoints: vec![storage.url()],
            // On a file, so that a restart in the middle loses nothing.
            table: format!("embedded:{}", folder.path().join("table.sqlite").display()),
            page_dir: page,
            extra_env: options.env.into_iter().map(|(name, value)| (name.to_owned(), value)).collect(),
            bucket: BUCKET.into(),
            log: Some(logs.join("dev-server.log")),
            ..DevServerOptions::new(&s3)
        })?;
        let api = Proxy::start(([127, 0, 0, 1], server.port()).into()).await?;
        let bucket = Bucket::new(s3.endpoint(), BUCKET, s3.access_key(), s3.secret_key());
        if s3.kind() == S3Kind::Versitygw {
            bucket.allow_only(&api.url()).await?;
        }
        Ok(Self { storage, api, server, s3, bucket, folder, logs })
    }

    /// Where a browser finds page and API, without a slash at the end.
    pub fn url(&self) -> String {
        self.api.url()
    }

    /// Makes a file in the story's folder.
    pub fn file(&self, name: &str, size: u64) -> Result<TestFile> {
        // Files of a story differ, and the same story has the same ones each time.
        let seed = name.bytes().fold(size, |seed, byte| seed.wrapping_mul(31).wrapping_add(u64::from(byte)));
        TestFile::make(&self.folder.path().join("files"), name, size, seed)
    }

    /// Kills dev-server and starts it again.
    pub fn restart_server(&mut self) -> Result<()> {
        // It blocks, and the proxies need this thread meanwhile.
        tokio::task::block_in_place(|| self.server.restart())
    }

    /// Kills storage and starts it again.
    pub fn restart_s3(&mut self) -> Result<()> {
        tokio::task::block_in_place(|| self.s3.restart())
    }

    /// Bytes of bodies sent to storage so far.
    pub fn bytes_sent(&self) -> u64 {
        self.storage.log().iter().filter(|entry| entry.method == "PUT").map(|entry| entry.sent_bytes).sum()
    }

    /// Parts that storage has taken so far.
    pub fn parts_stored(&self) -> usize {
        self.storage.log().iter().filter(|entry| entry.is_stored_put()).count()
    }

    /// Waits until storage has taken `count` parts.
    pub async fn until_parts_stored(&self, count: usize, limit: Duration) -> Result<()> {
        let wait = async {
            while self.parts_stored() < count {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        let done = tokio::time::timeout(limit, wait).await;
        done.with_context(|| format!("{} of {count} parts stored after {limit:?}", self.parts_stored()))
    }

    /// Waits until a call of this kind has come to the proxy before the functions.
    pub async fn until_called(&self, method: &str, path: &str, limit: Duration) -> Result<()> {
        let is_it = |entry: &Entry| entry.method == method && entry.path.contains(path);
        let wait = async {
            while !self.api.log().iter().any(is_it) {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        tokio::time::timeout(limit, wait).await.with_context(|| format!("no {method} {path} after {limit:?}"))
    }

    /// Nothing that storage had taken, and had said so to the browser, was sent to it again.
    pub fn assert_no_stored_part_sent_again(&self) -> Result<()> {
        let log = self.storage.log();
        let puts: Vec<&Entry> = log.iter().filter(|entry| entry.method == "PUT").collect();
        for (index, put) in puts.iter().enumerate() {
            let again = puts[..index].iter().any(|before| {
                // Without its answer the browser could not know that the part was stored.
                before.is_stored_put()
                    && before.delivered
                    && before.path == put.path
                    && before.query == put.query
                    && before.ended.is_some_and(|ended| ended < put.began)
            });
            ensure!(!again, "part {:?} of {} was in storage and was sent again", put.part(), put.path);
        }
        Ok(())
    }

    /// The multipart uploads that storage was asked about: key and upload id.
    pub fn multipart_uploads(&self) -> Vec<(String, String)> {
        let prefix = format!("/{BUCKET}/");
        let mut uploads: Vec<_> = self
            .storage
            .log()
            .iter()
            .filter_map(|entry| Some((entry.path.strip_prefix(&prefix)?.to_owned(), entry.upload_id()?.to_owned())))
            .collect();
        uploads.sort();
        uploads.dedup();
        uploads
    }

    /// Nothing is left in storage: no object, and no upload that the proxy has seen.
    pub async fn assert_storage_is_empty(&self) -> Result<()> {
        let keys = self.bucket.keys("").await?;
        ensure!(keys.is_empty(), "objects left in storage: {keys:?}");
        // One by one, by the ids on the wire: MinIO lists multipart uploads from a cache that a restart empties.
        for (key, upload) in self.multipart_uploads() {
            let parts = self.bucket.parts(&key, &upload).await?;
            ensure!(parts.is_none(), "parts left in storage: {parts:?}");
        }
        Ok(())
    }

    /// Both logs of the run hold none of these texts. dev-server's has to hold `witness`, which says that it logs at all.
    pub fn assert_logs_hold_none_of(&self, secrets: &[String], witness: &str) -> Result<()> {
        let log = std::fs::read_to_string(self.server.log_path())?;
        ensure!(log.contains(witness), "dev-server does not log `{witness}`");
        for path in [self.server.log_path(), self.s3.log_path()] {
            let log = String::from_utf8_lossy(&std::fs::read(path)?).into_owned();
            for secret in secrets {
                ensure!(
                    !log.contains(secret.as_str()),
                    "a secret of {} characters is in {}",
                    secret.len(),
                    path.display()
                );
            }
        }
        Ok(())
    }
}

/// The test that runs here: its name, as nextest or the test's thread tells it.
pub fn test_name() -> String {
    let thread = || std::thread::current().name().filter(|name| *name != "main").map(str::to_owned);
    let name = std::env::var("NEXTEST_TEST_NAME").ok().or_else(thread);
    name.unwrap_or_else(|| std::process::id().to_string())
}

/// The same as a file's name.
pub fn story() -> String {
    test_name().replace("::", "-")
}

/// `target/e2e-logs/STORY`, emptied: what the servers wrote is there when a story has failed.
fn log_folder() -> Result<PathBuf> {
    let folder = local_stack::workspace().join("target/e2e-logs").join(story());
    if folder.exists() {
        std::fs::remove_dir_all(&folder)?;
    }
    std::fs::create_dir_all(&folder)?;
    Ok(folder)
}

/// SLIPWAY_PAGE_DIR, or `dist` where trunk puts it.
fn page_dir() -> Result<PathBuf> {
    let named = std::env::var_os("SLIPWAY_PAGE_DIR").map(PathBuf::from);
    let page = named.unwrap_or_else(|| local_stack::workspace().join("dist"));
    ensure!(
        Path::new(&page).join("index.html").is_file(),
        "no page in {}: `trunk build` makes it, or name its folder in SLIPWAY_PAGE_DIR",
        page.display()
    );
    Ok(page)
}
