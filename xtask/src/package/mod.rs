//! `cargo xtask package`: what a deployment needs, in `target/package`.

mod functions;
mod page;

use anyhow::Result;
use clap::ValueEnum;

pub(crate) use functions::lambda_names;
pub(crate) use page::{build as build_page, script_hashes};

use crate::setup::{self, Needs};

#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Only this half
    #[arg(value_enum)]
    only: Option<Half>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Half {
    Functions,
    Page,
}

pub(crate) fn run(options: &Options) -> Result<()> {
    let folder = local_stack::workspace().join("target/package");
    if options.only != Some(Half::Functions) {
        setup::ensure(Needs { page: true, ..Default::default() })?;
        page::package(&folder)?;
    }
    if options.only != Some(Half::Page) {
        functions::package(&folder)?;
    }
    println!("\nPackaged in {}. infra/README.md says how to deploy it.", folder.display());
    Ok(())
}

/// Such as `1.4 MiB`.
fn size(bytes: u64) -> String {
    match bytes {
        0..1024 => format!("{bytes} B"),
        1024..1_048_576 => format!("{:.1} KiB", bytes as f64 / 1024.0),
        _ => format!("{:.2} MiB", bytes as f64 / 1_048_576.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_read_well() {
        assert_eq!([size(1023), size(1536), size(3 << 20)], ["1023 B", "1.5 KiB", "3.00 MiB"]);
    }
}
