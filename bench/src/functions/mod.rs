//! The functions by themselves: cold starts and signing.

mod cold;
mod process;
mod runtime;
mod signing;

use std::path::Path;

use anyhow::{Context, Result};
use local_stack::{DevServer, DevServerOptions, DynamoDbLocal, S3Options, S3Server};

pub(crate) use cold::ColdStart;
pub(crate) use signing::Signing;

/// What the functions took.
#[derive(Debug)]
pub(crate) struct Functions {
    cold: Vec<ColdStart>,
    signing: Signing,
}

/// `folder` holds the binaries of the profile that is deployed, built for this machine.
pub(crate) async fn measure(folder: &Path, rounds: usize) -> Result<Functions> {
    let (minio, table) = (S3Server::start(S3Options::default())?, DynamoDbLocal::start()?);
    let options = DevServerOptions {
        table: table.endpoint().to_owned(),
        extra_env: vec![("SLIPWAY_RATE_PER_MINUTE".into(), "1000000".into())],
        ..DevServerOptions::new(&minio)
    };
    let env = options.environment();
    let server = DevServer::start(options)?;
    let names = names(folder)?;
    let cold = cold::measure(folder, &names, &env, rounds).await?;
    let signing = signing::measure(&folder.join("presign"), &env, server.url()).await?;
    Ok(Functions { cold, signing })
}

/// A program for each source of the functions.
fn names(folder: &Path) -> Result<Vec<String>> {
    let sources = local_stack::workspace().join("functions/src/bin");
    let entries = std::fs::read_dir(&sources).with_context(|| format!("cannot read {}", sources.display()))?;
    let mut names: Vec<String> =
        entries.flatten().filter_map(|entry| Some(entry.path().file_stem()?.to_str()?.to_owned())).collect();
    names.retain(|name| folder.join(name).is_file());
    names.sort();
    Ok(names)
}

/// The tables.
pub(crate) fn section(functions: &Functions) -> String {
    format!("{}\n{}", signing::section(&functions.signing), cold::section(&functions.cold))
}
