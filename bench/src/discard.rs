//! A room whose storage discards what it gets: files of any size can be sent from a disk that holds none of them.

use std::path::Path;

use anyhow::Result;
use lab::browser::{Browser, Kind};
use lab::files::TestFile;
use local_stack::{DevServer, DevServerOptions, S3Options, S3Server};
use tempfile::TempDir;

use crate::sink::Sink;
use crate::stage::{BUCKET, open_room};

/// A browser in a new room.
pub(crate) struct Discard {
    pub(crate) browser: Browser,
    pub(crate) sink: Sink,
    server: DevServer,
    folder: TempDir,
    /// For its keys only.
    _minio: S3Server,
}

impl Discard {
    pub(crate) async fn start(page: &Path) -> Result<Self> {
        let folder = TempDir::with_prefix("slipway-bench-")?;
        let (sink, minio) = (Sink::start().await?, S3Server::start(S3Options::default())?);
        let server = DevServer::start(DevServerOptions {
            page_dir: Some(page.to_owned()),
            bucket: BUCKET.into(),
            extra_env: vec![("SLIPWAY_S3_ENDPOINT".into(), sink.url())],
            ..DevServerOptions::new(&minio)
        })?;
        let browser = Browser::start(Kind::Chromium).await?;
        let stage = Self { browser, sink, server, folder, _minio: minio };
        stage.enter().await?;
        Ok(stage)
    }

    /// Leaves for a new room, with the page reloaded.
    pub(crate) async fn enter(&self) -> Result<()> {
        open_room(&self.browser, self.server.url()).await.map(drop)
    }

    /// Zeros that take no room on the disk.
    pub(crate) fn sparse(&self, name: &str, size: u64) -> Result<TestFile> {
        self.sparse_behind(name, size, 0)
    }

    /// The same behind this many bytes that are there, and in the system's cache as those of a file just made: to read holes
    /// costs the system more than to read those.
    pub(crate) fn sparse_behind(&self, name: &str, size: u64, there: u64) -> Result<TestFile> {
        let start = TestFile::make(self.folder.path(), name, there.min(size), 1)?;
        std::fs::File::options().write(true).open(&start.path)?.set_len(size)?;
        TestFile { size, ..start }.at_rest()
    }
}
