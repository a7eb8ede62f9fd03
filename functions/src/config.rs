//! Configuration from environment variables, read once at the start. Errors name the variable.

mod env;
mod forms;

use std::time::Duration;

use aws_credential_types::Credentials;
use slipway_protocol::wire::{DOWNLOAD_URL_SECONDS, PART_URL_SECONDS, UPLOAD_IDLE_SECONDS, UPLOAD_LIFE_SECONDS};

use crate::edge::source::CdnSecret;
use crate::storage::PublicEndpoint;

pub use env::Env;

/// An invalid environment. The message names the variable.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// A required variable is missing.
    #[error("the environment variable {0} is missing: {1}")]
    Missing(&'static str, &'static str),
    /// A variable has an invalid value, which is not repeated: it may be a secret.
    #[error("the environment variable {0} is not right: expected {1}")]
    Bad(&'static str, &'static str),
}

/// Names of the three tables.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableNames {
    /// Rooms, uploads, files, events.
    pub main: String,
    /// Links, members, tokens.
    pub access: String,
    /// The audit log.
    pub audit: String,
}

/// Where the tables are reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TableEndpoint {
    /// DynamoDB of the region.
    Aws,
    /// A DynamoDB-compatible server at this URL.
    Url(String),
}

/// Limits of each room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RoomLimits {
    /// Bytes stored and reserved.
    pub max_bytes: u64,
    /// Files listed and reserved.
    pub max_files: u64,
    /// Uploads open at a time.
    pub max_open_uploads: u64,
}

/// Rate limits per minute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rates {
    /// Calls that sign or create, for each member.
    pub calls_per_minute: u64,
    /// Joins, for each source address.
    pub joins_per_minute: u64,
    /// New rooms, for each source address.
    pub rooms_per_minute: u64,
    /// Wrong guesses at rooms, links and tokens, for each source address.
    pub misses_per_minute: u64,
}

impl Rates {
    /// All rates, from the one that is configured.
    ///
    /// Many people can join from one address (a school, an office), so joins are a quarter of it. Creating rooms is
    /// rarer, and wrong guesses are rarer still.
    pub fn from_calls(calls_per_minute: u64) -> Self {
        Self {
            calls_per_minute,
            joins_per_minute: (calls_per_minute / 4).max(1),
            rooms_per_minute: (calls_per_minute / 10).max(1),
            misses_per_minute: (calls_per_minute / 20).max(1),
        }
    }
}

/// Limits of each source address per day, over all rooms: creating a room needs no account, so limits of rooms bound
/// nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SourceLimits {
    /// Rooms made.
    pub rooms_per_day: u64,
    /// Bytes of the uploads begun, whether they were sent or not.
    pub bytes_per_day: u64,
}

/// Time limits of calls and passes. The gateway ends a call at 30 s, with an error that has no code for programs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CallTimes {
    /// Until the answer, which is an error then.
    pub answer: Duration,
    /// Until an unfinished completion is handed to `finish`.
    pub complete: Duration,
    /// Until another pass of the sweep may begin after one that was killed. A running one renews it.
    pub sweep_lease: Duration,
}

impl Default for CallTimes {
    fn default() -> Self {
        // The gateway ends a call at 30 s. Between the two a running completion is handed over.
        // Lambda repeats a failed pass after a minute: the lease of the one that failed is over by then.
        let sweep_lease = Duration::from_secs(45);
        Self { answer: Duration::from_secs(28), complete: Duration::from_secs(20), sweep_lease }
    }
}

/// Everything that is configured.
#[derive(Clone, Debug)]
pub struct Config {
    /// Name of the bucket.
    pub bucket: String,
    /// Names of the tables.
    pub tables: TableNames,
    /// The region that requests are signed for.
    pub region: String,
    /// The credentials that sign requests.
    pub credentials: Credentials,
    /// Where the functions reach storage; none in AWS.
    pub s3_endpoint: Option<String>,
    /// Where browsers reach storage; empty: at the functions' own endpoint.
    pub s3_public_endpoints: Vec<PublicEndpoint>,
    /// The path of the page's own origin to which browsers send parts, forwarded to the functions' own endpoint; none: the
    /// public endpoints.
    pub s3_upload_path: Option<String>,
    /// `endpoint/bucket/key` in place of `bucket.endpoint/key`.
    pub s3_path_style: bool,
    /// Where the tables are.
    pub table_endpoint: TableEndpoint,
    /// Other origins that may call, as a browser writes them in `Origin`.
    pub page_origins: Vec<String>,
    /// The function that completes large uploads; none: a task in this process.
    pub finish_function: Option<String>,
    /// Lifetime of a signed part request, in seconds.
    pub part_url_seconds: u64,
    /// Lifetime of a download URL, in seconds.
    pub download_url_seconds: u64,
    /// Time without a new part after which an upload expires, in seconds.
    pub upload_idle_seconds: u64,
    /// Time after its initiate at which an upload expires, in seconds.
    pub upload_life_seconds: u64,
    /// Limits of each room.
    pub room: RoomLimits,
    /// Rate limits.
    pub rates: Rates,
    /// Limits of each source address.
    pub source: SourceLimits,
    /// Time limits of a call.
    pub call: CallTimes,
    /// The secret by which the CDN proves that it set the client's address; none: there is no CDN.
    pub cdn_secret: Option<CdnSecret>,
}

impl Config {
    /// Reads the process's environment.
    pub fn from_env() -> Result<Self, ConfigError> {
        Self::read(&|name| std::env::var(name).ok())
    }

    /// Reads the variables through `get`.
    pub fn read(get: &dyn Fn(&str) -> Option<String>) -> Result<Self, ConfigError> {
        let env = Env::new(get);
        Ok(Self {
            bucket: env.required("SLIPWAY_BUCKET", "the name of the bucket")?,
            tables: env.table_names()?,
            region: env.text("AWS_REGION").unwrap_or_else(|| "us-east-1".into()),
            credentials: env.credentials()?,
            s3_endpoint: env.url("SLIPWAY_S3_ENDPOINT")?,
            s3_public_endpoints: env.public_endpoints()?,
            s3_upload_path: env.path("SLIPWAY_S3_UPLOAD_PATH")?,
            s3_path_style: env.switch("SLIPWAY_S3_PATH_STYLE")?,
            table_endpoint: env.table_endpoint()?,
            page_origins: env.urls("SLIPWAY_PAGE_ORIGIN")?,
            finish_function: env.text("SLIPWAY_FINISH_FUNCTION"),
            part_url_seconds: env.seconds("SLIPWAY_PART_URL_SECONDS", PART_URL_SECONDS)?,
            download_url_seconds: env.seconds("SLIPWAY_DOWNLOAD_URL_SECONDS", DOWNLOAD_URL_SECONDS)?,
            upload_idle_seconds: env.seconds("SLIPWAY_UPLOAD_IDLE_SECONDS", UPLOAD_IDLE_SECONDS)?,
            upload_life_seconds: env.seconds("SLIPWAY_UPLOAD_LIFE_SECONDS", UPLOAD_LIFE_SECONDS)?,
            room: env.room_limits()?,
            rates: Rates::from_calls(env.number("SLIPWAY_RATE_PER_MINUTE", 1200)?),
            source: env.source_limits()?,
            call: CallTimes::default(),
            cdn_secret: env.cdn_secret()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use slipway_protocol::wire::MAX_UPLOADS_PER_CALL;

    use super::*;

    const GOOD: &[(&str, &str)] = &[
        ("SLIPWAY_BUCKET", "files"),
        ("SLIPWAY_MAIN_TABLE", "slipway-main"),
        ("SLIPWAY_ACCESS_TABLE", "slipway-access"),
        ("SLIPWAY_AUDIT_TABLE", "slipway-audit"),
        ("AWS_ACCESS_KEY_ID", "key"),
        ("AWS_SECRET_ACCESS_KEY", "very-secret"),
    ];

    fn read(changes: &[(&str, &str)]) -> Result<Config, ConfigError> {
        let all = [GOOD, changes].concat();
        let find = |name: &str| all.iter().rev().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned());
        Config::read(&find)
    }

    #[test]
    fn the_defaults_are_as_designed() {
        let config = read(&[]).unwrap();
        assert_eq!(config.table_endpoint, TableEndpoint::Aws);
        assert_eq!((config.part_url_seconds, config.download_url_seconds), (900, 60));
        assert_eq!(config.upload_idle_seconds, 7 * 24 * 3600);
        assert_eq!(config.room.max_bytes, 10 << 40);
        let batches = 10_000_u64.div_ceil(MAX_UPLOADS_PER_CALL as u64);
        assert!(
            2 * batches <= config.rates.calls_per_minute,
            "10,000 files begin and complete within a member's minute"
        );
    }

    #[test]
    fn what_is_missing_is_named() {
        for (name, _) in GOOD {
            let error = read(&[(name, " ")]).unwrap_err();
            assert!(matches!(&error, ConfigError::Missing(missing, _) if missing == name), "{error}");
        }
    }

    #[test]
    fn what_is_wrong_is_named_and_not_repeated() {
        let wrong = [
            ("SLIPWAY_S3_ENDPOINT", "localhost:9000"),
            ("SLIPWAY_S3_ENDPOINT", "http://user:pass@host"),
            ("SLIPWAY_S3_PUBLIC_ENDPOINTS", "http://a,ftp://b"),
            ("SLIPWAY_S3_PUBLIC_ENDPOINTS", "http://a/other-bucket"),
            ("SLIPWAY_S3_UPLOAD_PATH", "parts"),
            ("SLIPWAY_S3_UPLOAD_PATH", "/parts/"),
            ("SLIPWAY_S3_UPLOAD_PATH", "/parts/here"),
            ("SLIPWAY_S3_UPLOAD_PATH", "/Parts"),
            ("SLIPWAY_S3_PATH_STYLE", "maybe"),
            ("SLIPWAY_TABLE_ENDPOINT", "table"),
            ("SLIPWAY_PAGE_ORIGIN", "https://page.example/path"),
            ("SLIPWAY_PART_URL_SECONDS", "00"),
            ("SLIPWAY_PART_URL_SECONDS", "604801"),
            ("SLIPWAY_ROOM_MAX_BYTES", "10 TiB"),
            ("SLIPWAY_ROOM_MAX_BYTES", "9007199254740992"),
            ("SLIPWAY_RATE_PER_MINUTE", "-1"),
            ("SLIPWAY_SOURCE_BYTES_PER_DAY", "much"),
            ("SLIPWAY_CDN_SECRET", "too-short"),
        ];
        for (name, value) in wrong {
            let text = read(&[(name, value)]).unwrap_err().to_string();
            assert!(text.contains(name) && !text.contains(value), "{text}");
        }
    }

    #[test]
    fn lists_and_endpoints_are_read() {
        let config = read(&[
            ("SLIPWAY_S3_PUBLIC_ENDPOINTS", "http://a:9000/, http://b:9000"),
            ("SLIPWAY_S3_UPLOAD_PATH", "/to-storage-1"),
            ("SLIPWAY_TABLE_ENDPOINT", "http://table:8000"),
            ("SLIPWAY_PAGE_ORIGIN", "https://page.example"),
        ])
        .unwrap();
        let urls: Vec<_> = config.s3_public_endpoints.iter().map(|endpoint| endpoint.url.as_str()).collect();
        assert_eq!(urls, ["http://a:9000", "http://b:9000"]);
        assert_eq!(config.s3_upload_path.as_deref(), Some("/to-storage-1"));
        assert_eq!(config.table_endpoint, TableEndpoint::Url("http://table:8000".into()));
        assert_eq!(config.page_origins, ["https://page.example"]);
    }

    #[test]
    fn an_endpoint_with_the_bucket_as_its_path_is_path_style() {
        let list = "https://s3.example,https://s3.example/files/,https://files/files,https://files";
        let bases = |changes: &[(&str, &str)]| {
            let config = read(&[&[("SLIPWAY_S3_PUBLIC_ENDPOINTS", list)], changes].concat()).unwrap();
            config.s3_public_endpoints.iter().map(|endpoint| endpoint.base("files")).collect::<Vec<_>>()
        };
        let (own, path) = (
            ["https://files.s3.example", "https://files.files"],
            ["https://s3.example/files/", "https://files/files/"],
        );
        assert_eq!(bases(&[]), [own[0], path[0], path[1], own[1]]);
        assert_eq!(bases(&[("SLIPWAY_S3_PATH_STYLE", "true")]), [path[0], path[0], path[1], path[1]]);
    }

    #[test]
    fn parts_are_not_sent_to_where_something_else_is() {
        for path in ["/", "/api", "/r", "/ws"] {
            assert!(read(&[("SLIPWAY_S3_UPLOAD_PATH", path)]).is_err(), "{path}");
        }
    }

    #[test]
    fn credentials_are_not_printed() {
        let secret = "a-cdn-secret-of-32-characters-or-more";
        let text = format!("{:?}", read(&[("SLIPWAY_CDN_SECRET", secret)]).unwrap());
        assert!(!text.contains("very-secret") && !text.contains(secret));
    }
}
