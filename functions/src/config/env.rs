//! Parses variables.

use aws_credential_types::Credentials;

use super::{ConfigError, RoomLimits, SourceLimits, TableEndpoint, TableNames, forms};
use crate::edge::source::CdnSecret;
use crate::storage::PublicEndpoint;

/// Parses variables.
#[expect(missing_debug_implementations, reason = "where they come from has none")]
pub struct Env<'a> {
    get: &'a dyn Fn(&str) -> Option<String>,
}

impl<'a> Env<'a> {
    /// Reads the variables through `get`.
    pub fn new(get: &'a dyn Fn(&str) -> Option<String>) -> Self {
        Self { get }
    }

    /// An empty variable counts as absent: templates and shells set them so.
    pub fn text(&self, name: &str) -> Option<String> {
        (self.get)(name).map(|value| value.trim().to_owned()).filter(|value| !value.is_empty())
    }

    pub(super) fn required(&self, name: &'static str, what: &'static str) -> Result<String, ConfigError> {
        self.text(name).ok_or(ConfigError::Missing(name, what))
    }

    pub(super) fn number(&self, name: &'static str, default: u64) -> Result<u64, ConfigError> {
        let Some(text) = self.text(name) else { return Ok(default) };
        // The page reads numbers as doubles, and refuses a room whose limits it can't hold.
        let is_exact = |number: &u64| (1..=(1_u64 << 53) - 1).contains(number);
        text.parse().ok().filter(is_exact).ok_or(ConfigError::Bad(name, "a whole number above 0 and below 2^53"))
    }

    /// S3 signs for seven days at most, and a year of seconds is an error in any of these.
    pub fn seconds(&self, name: &'static str, default: u64) -> Result<u64, ConfigError> {
        let most = if name.contains("_URL_") { 7 * 24 * 3600 } else { 366 * 24 * 3600 };
        let seconds = self.number(name, default)?;
        if seconds > most { Err(ConfigError::Bad(name, "seconds, not that many")) } else { Ok(seconds) }
    }

    pub(super) fn switch(&self, name: &'static str) -> Result<bool, ConfigError> {
        match self.text(name).as_deref() {
            None | Some("false" | "0") => Ok(false),
            Some("true" | "1") => Ok(true),
            Some(_) => Err(ConfigError::Bad(name, "true or false")),
        }
    }

    pub(super) fn url(&self, name: &'static str) -> Result<Option<String>, ConfigError> {
        self.text(name).map(|text| forms::url(&text).ok_or(ConfigError::Bad(name, forms::URL))).transpose()
    }

    pub(super) fn urls(&self, name: &'static str) -> Result<Vec<String>, ConfigError> {
        self.list(name).map(|part| forms::url(&part).ok_or(ConfigError::Bad(name, forms::URL))).collect()
    }

    /// What is between commas.
    pub(super) fn list(&self, name: &str) -> std::vec::IntoIter<String> {
        let text = self.text(name).unwrap_or_default();
        let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
        parts.map(str::to_owned).collect::<Vec<_>>().into_iter()
    }

    /// An endpoint with the bucket as its path is path-style, whatever the others are.
    pub(super) fn public_endpoints(&self) -> Result<Vec<PublicEndpoint>, ConfigError> {
        const NAME: &str = "SLIPWAY_S3_PUBLIC_ENDPOINTS";
        let bucket = self.text("SLIPWAY_BUCKET").unwrap_or_default();
        let path_style = self.switch("SLIPWAY_S3_PATH_STYLE")?;
        let read = |text: String| {
            let endpoint = forms::endpoint(&text, &bucket).ok_or(ConfigError::Bad(NAME, forms::ENDPOINT))?;
            Ok(PublicEndpoint { path_style: endpoint.path_style || path_style, ..endpoint })
        };
        self.list(NAME).map(read).collect()
    }

    pub(super) fn path(&self, name: &'static str) -> Result<Option<String>, ConfigError> {
        self.text(name).map(|text| forms::path(text).ok_or(ConfigError::Bad(name, forms::PATH))).transpose()
    }

    pub(super) fn credentials(&self) -> Result<Credentials, ConfigError> {
        let id = self.required("AWS_ACCESS_KEY_ID", "requests to storage and table are signed with it")?;
        let key = self.required("AWS_SECRET_ACCESS_KEY", "requests to storage and table are signed with it")?;
        // The credentials of a Lambda are temporary: without their session token AWS refuses them.
        Ok(Credentials::new(id, key, self.text("AWS_SESSION_TOKEN"), None, "environment"))
    }

    pub(super) fn table_names(&self) -> Result<TableNames, ConfigError> {
        Ok(TableNames {
            main: self.required("SLIPWAY_MAIN_TABLE", "the name of the table of rooms, uploads and files")?,
            access: self.required("SLIPWAY_ACCESS_TABLE", "the name of the table of links, members and tokens")?,
            audit: self.required("SLIPWAY_AUDIT_TABLE", "the name of the table of the audit log")?,
        })
    }

    pub(super) fn table_endpoint(&self) -> Result<TableEndpoint, ConfigError> {
        Ok(self.url("SLIPWAY_TABLE_ENDPOINT")?.map_or(TableEndpoint::Aws, TableEndpoint::Url))
    }

    pub(super) fn room_limits(&self) -> Result<RoomLimits, ConfigError> {
        Ok(RoomLimits {
            max_bytes: self.number("SLIPWAY_ROOM_MAX_BYTES", 10 << 40)?,
            max_files: self.number("SLIPWAY_ROOM_MAX_FILES", 100_000)?,
            max_open_uploads: self.number("SLIPWAY_ROOM_MAX_OPEN_UPLOADS", 2_000)?,
        })
    }

    pub(super) fn source_limits(&self) -> Result<SourceLimits, ConfigError> {
        Ok(SourceLimits {
            rooms_per_day: self.number("SLIPWAY_SOURCE_ROOMS_PER_DAY", 500)?,
            bytes_per_day: self.number("SLIPWAY_SOURCE_BYTES_PER_DAY", 20 << 40)?,
        })
    }

    pub(super) fn cdn_secret(&self) -> Result<Option<CdnSecret>, ConfigError> {
        const NAME: &str = "SLIPWAY_CDN_SECRET";
        let Some(text) = self.text(NAME) else { return Ok(None) };
        CdnSecret::new(&text).map(Some).ok_or(ConfigError::Bad(NAME, "at least 32 characters"))
    }
}
