//! Start and end of dev-server. Every error is one sentence that says what to do.

use std::io::Write as _;
use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context as _, anyhow, bail};
use axum::Router;
use functions::app::App;
use functions::config::TableEndpoint;
use functions::logging;
use functions::routers;
use functions::storage::StorageError;
use functions::sweep::{begin, sweep};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

use crate::config::DevConfig;
use crate::{EmbeddedTable, Expiry, Limits, Page, Site, ToStorage, serve_until};

/// The embedded table logs a warning for each condition that fails.
const QUIET: [&str; 1] = ["dynoxide=error"];

/// Runs dev-server until Ctrl-C or SIGTERM. `--openapi` prints the API's document instead, and `--routes`
/// which function answers which route.
pub async fn run(arguments: impl Iterator<Item = String>) -> anyhow::Result<()> {
    match arguments.collect::<Vec<_>>().as_slice() {
        [] => serve().await,
        [only] if only == "--openapi" => print_line(&routers::document().to_pretty_json()?),
        [only] if only == "--routes" => print_line(&serde_json::to_string_pretty(&routers::served())?),
        _ => {
            bail!(
                "dev-server takes no arguments but --openapi and --routes; everything else is configured by environment variables"
            )
        }
    }
}

async fn serve() -> anyhow::Result<()> {
    logging::start(&QUIET)?;
    let DevConfig { addr, page_dir, sweep_every, embedded, functions: mut config } =
        DevConfig::read(&|name| std::env::var(name).ok())?;
    // The port first: it is the most likely error, and nothing has been changed yet.
    let listener = listen(addr).await?;
    let embedded = match embedded {
        Some(place) => Some(EmbeddedTable::start(&place).await?),
        None => None,
    };
    if let Some(table) = &embedded {
        table.refuse_other_tables(&config.tables)?;
        config.table_endpoint = table.endpoint();
    }
    let page = page_dir.as_deref().map(|folder| Page::open(folder, &config)).transpose()?;
    let storage = ToStorage::new(&config)?;
    let app = App::connect(config);
    check_tables(&app).await?;
    check_bucket(&app).await?;
    let stopped = stop_signal()?;
    let sweeper =
        tokio::spawn(sweep_at_intervals(app.clone(), sweep_every, embedded.as_ref().map(EmbeddedTable::expiry)));
    print_line(&format!("listening on http://{}", listener.local_addr()?))?;
    serve_until(listener, Site { calls: routes(app, page), storage }, Limits::default(), stopped).await;
    // At any line: each step of the sweep is a conditional write, and the next one resumes.
    sweeper.abort();
    if let Some(table) = embedded {
        table.stop().await;
    }
    Ok(())
}

fn routes(app: App, page: Option<Page>) -> Router {
    let api = routers::serve(app, routers::all());
    match page {
        Some(page) => page.beside(api),
        None => api,
    }
}

async fn listen(addr: SocketAddr) -> anyhow::Result<TcpListener> {
    TcpListener::bind(addr).await.map_err(|error| match error.kind() {
        std::io::ErrorKind::AddrInUse => {
            anyhow!("{addr} is in use: end the program that listens there, or set SLIPWAY_ADDR to another port")
        }
        _ => anyhow!("cannot listen on {addr} ({error}): set SLIPWAY_ADDR to an address of this machine"),
    })
}

/// Only local tables are created: in the cloud the template creates them, and a wrong name must not become a new table.
async fn check_tables(app: &App) -> anyhow::Result<()> {
    match &app.config.table_endpoint {
        TableEndpoint::Url(url) => {
            let advice = || format!("the tables at {url} cannot be used: is DynamoDB running there?");
            if app.tables.create_if_missing().await.with_context(advice)? {
                begin(app).await.with_context(advice)?;
            }
            Ok(())
        }
        TableEndpoint::Aws => match app.tables.missing().await? {
            None => Ok(()),
            Some(name) => bail!("there is no table {name}: create it, or correct SLIPWAY_MAIN_TABLE and its like"),
        },
    }
}

/// Only local buckets are created, for the same reason.
async fn check_bucket(app: &App) -> anyhow::Result<()> {
    let name = &app.config.bucket;
    let local = app.config.s3_endpoint.as_deref();
    let place = local.unwrap_or("AWS");
    let advice = |error: StorageError| match error {
        StorageError::Unreachable(why) => {
            anyhow!("storage at {place} does not answer ({why}): start MinIO, or correct SLIPWAY_S3_ENDPOINT")
        }
        error => anyhow!("the bucket {name} at {place} cannot be used: {error}"),
    };
    match (app.storage.bucket_exists().await.map_err(advice)?, local) {
        (true, _) => Ok(()),
        (false, Some(_)) => app.storage.create_bucket().await.map_err(advice),
        (false, None) => bail!("there is no bucket {name}: create it, or correct SLIPWAY_BUCKET"),
    }
}

async fn sweep_at_intervals(app: App, every: Duration, expiry: Option<Expiry>) {
    let mut ticks = tokio::time::interval(every.max(Duration::from_millis(100)));
    // After a slow pass the missed ones would all run at once otherwise.
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        if let Some(expiry) = &expiry {
            match expiry.drop_expired().await {
                Ok(count) => tracing::debug!(count, "dropped expired items"),
                Err(error) => tracing::warn!("{error}"),
            }
        }
        match sweep(&app).await {
            Ok(report) => tracing::debug!(?report, "swept"),
            Err(failure) => tracing::warn!(cause = failure.cause(), "the sweep failed; it is repeated"),
        }
    }
}

/// Ready at the first of Ctrl-C and SIGTERM.
fn stop_signal() -> anyhow::Result<impl Future<Output = ()>> {
    let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
}

fn print_line(line: &str) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{line}")?;
    Ok(out.flush()?)
}
