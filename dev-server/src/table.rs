//! The embedded table: a DynamoDB equivalent on a loopback port of this process, which the SDK uses like DynamoDB.

use std::net::Ipv4Addr;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, anyhow, bail};
use dynoxide::Database;
use dynoxide::actions::list_tables::ListTablesRequest;
use functions::config::{TableEndpoint, TableNames};
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::config::EmbeddedIn;

/// Time that running requests have to end. They take milliseconds.
const STOP_LIMIT: Duration = Duration::from_secs(3);

/// A table that runs until it is stopped or dropped.
#[expect(missing_debug_implementations, reason = "the database has none")]
pub struct EmbeddedTable {
    place: EmbeddedIn,
    url: String,
    database: Database,
    stop: Option<oneshot::Sender<()>>,
    server: JoinHandle<Result<(), String>>,
}

impl EmbeddedTable {
    /// Starts it.
    ///
    /// # Errors
    /// A sentence: the file cannot be opened or written.
    pub async fn start(place: &EmbeddedIn) -> anyhow::Result<Self> {
        let database = match place {
            EmbeddedIn::Memory => Database::memory().map_err(|error| anyhow!("the table: {error}"))?,
            EmbeddedIn::File(path) => open(path)?,
        };
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.context("no free port for the table")?;
        let url = format!("http://{}", listener.local_addr()?);
        let (stop, stopped) = oneshot::channel::<()>();
        let shutdown = async {
            let _ = stopped.await;
        };
        let server = tokio::spawn(dynoxide::server::serve_with_shutdown(listener, database.clone(), shutdown));
        Ok(Self { place: place.clone(), url, database, stop: Some(stop), server })
    }

    /// Refuses a file with tables of an earlier release, whose items would be invisible.
    ///
    /// # Errors
    /// A sentence: there are tables of other names.
    pub fn refuse_other_tables(&self, ours: &TableNames) -> anyhow::Result<()> {
        let found = self.database.list_tables(ListTablesRequest::default()).map_err(|error| anyhow!("{error}"))?;
        let is_ours = |name: &String| [&ours.main, &ours.access, &ours.audit].contains(&name);
        let others: Vec<_> = found.table_names.into_iter().filter(|name| !is_ours(name)).collect();
        if others.is_empty() {
            return Ok(());
        }
        // A table in memory is new, so there is a file.
        let EmbeddedIn::File(path) = &self.place else { bail!("a new table in memory has tables of other names") };
        bail!(
            "the table's file {} holds tables of another release ({}), which this one does not read: move the file away to \
             begin with empty rooms, or run the release that wrote it",
            path.display(),
            others.join(", ")
        )
    }

    /// Its endpoint for the SDK.
    pub fn endpoint(&self) -> TableEndpoint {
        TableEndpoint::Url(self.url.clone())
    }

    /// Its expiry of items.
    pub fn expiry(&self) -> Expiry {
        Expiry { database: self.database.clone() }
    }

    /// Stops it and closes its file.
    pub async fn stop(mut self) {
        self.stop.take();
        let _ = tokio::time::timeout(STOP_LIMIT, &mut self.server).await;
    }
}

/// Expiry of items by their time to live. DynamoDB does it by itself, days late at times, so the code does not rely on it and
/// checks every time itself.
#[derive(Clone)]
#[expect(missing_debug_implementations, reason = "the database has none")]
pub struct Expiry {
    database: Database,
}

impl Expiry {
    /// Drops expired items, and returns their number.
    ///
    /// # Errors
    /// A sentence: the file cannot be written.
    pub async fn drop_expired(&self) -> anyhow::Result<usize> {
        let database = self.database.clone();
        // SQLite blocks its thread.
        let dropped = tokio::task::spawn_blocking(move || database.sweep_ttl()).await?;
        dropped.map_err(|error| anyhow!("the table could not drop expired items: {error}"))
    }
}

fn open(path: &Path) -> anyhow::Result<Database> {
    let advice = || {
        format!("the table's file {} cannot be opened: check that its folder exists and can be written", path.display())
    };
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).with_context(advice)?;
    }
    let text = path.to_str().ok_or_else(|| anyhow!("the table's path has to be valid UTF-8"))?;
    Database::new(text).map_err(|error| anyhow!("{error}")).with_context(advice)
}
