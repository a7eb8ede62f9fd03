//! Which S3 server, and where its program is.

use std::path::PathBuf;

use anyhow::{Context, Result, bail};

use crate::{on_path, tools};

/// A server that speaks S3.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum S3Kind {
    #[default]
    Minio,
    Versitygw,
}

impl S3Kind {
    pub const ALL: [Self; 2] = [Self::Minio, Self::Versitygw];

    /// As its makers spell it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Minio => "MinIO",
            Self::Versitygw => "versitygw",
        }
    }

    /// Its program.
    pub fn program(self) -> &'static str {
        match self {
            Self::Minio => "minio",
            Self::Versitygw => "versitygw",
        }
    }

    /// The environment variable that names another program file.
    pub fn program_variable(self) -> &'static str {
        match self {
            Self::Minio => "SLIPWAY_MINIO",
            Self::Versitygw => "SLIPWAY_VERSITYGW",
        }
    }

    /// The environment variable that names a running server, for tests to share.
    pub fn shared_variable(self) -> &'static str {
        match self {
            Self::Minio => "SLIPWAY_TEST_MINIO",
            Self::Versitygw => "SLIPWAY_TEST_VERSITYGW",
        }
    }

    /// The one that the variable names, the one on PATH, or the one that xtask built.
    pub(super) fn binary(self) -> Result<PathBuf> {
        let variable = self.program_variable();
        if let Some(named) = std::env::var_os(variable).map(PathBuf::from) {
            if named.is_file() {
                return Ok(named);
            }
            bail!("{variable} names {}, which is not a file", named.display());
        }
        let (name, program) = (self.name(), self.program());
        let ours = tools().join("bin").join(program);
        on_path(program).or_else(|| ours.is_file().then_some(ours)).with_context(|| {
            format!(
                "{name} is not installed. `cargo xtask setup` builds it (it needs Go or Docker), or put `{program}` on PATH"
            )
        })
    }
}
