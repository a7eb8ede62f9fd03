//! Configuration beyond that of the functions: address, page, embedded table.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use functions::config::{Config, ConfigError, Env};

const TABLE_ENDPOINT: &str = "SLIPWAY_TABLE_ENDPOINT";

/// The configuration of dev-server.
#[derive(Clone, Debug)]
pub(crate) struct DevConfig {
    /// Where it listens; port 0 picks one.
    pub(crate) addr: SocketAddr,
    /// The folder of the built page; none: no page.
    pub(crate) page_dir: Option<PathBuf>,
    /// How often the sweep runs.
    pub(crate) sweep_every: Duration,
    /// The embedded table; none: an external one.
    pub(crate) embedded: Option<EmbeddedIn>,
    /// The functions' configuration. The endpoint of an embedded table is set once it runs.
    pub(crate) functions: Config,
}

/// Where the embedded table stores its items.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EmbeddedIn {
    /// In this SQLite file.
    File(PathBuf),
    /// In memory: lost at the end of the process.
    Memory,
}

impl DevConfig {
    /// Reads the variables through `get`.
    pub(crate) fn read(get: &dyn Fn(&str) -> Option<String>) -> Result<Self, ConfigError> {
        let env = Env::new(get);
        let embedded = embedded(&env)?;
        // The functions know no embedded table: its URL is set once it runs.
        let of_functions = |name: &str| get(name).filter(|_| embedded.is_none() || name != TABLE_ENDPOINT);
        Ok(Self {
            functions: Config::read(&of_functions)?,
            addr: addr(&env)?,
            page_dir: env.text("SLIPWAY_PAGE_DIR").map(PathBuf::from),
            sweep_every: Duration::from_secs(env.seconds("SLIPWAY_SWEEP_SECONDS", 60)?),
            embedded,
        })
    }
}

fn addr(env: &Env<'_>) -> Result<SocketAddr, ConfigError> {
    let text = env.text("SLIPWAY_ADDR").unwrap_or_else(|| "127.0.0.1:8080".into());
    text.parse().map_err(|_| ConfigError::Bad("SLIPWAY_ADDR", "an address and port, such as 127.0.0.1:8080"))
}

fn embedded(env: &Env<'_>) -> Result<Option<EmbeddedIn>, ConfigError> {
    let text = env.text(TABLE_ENDPOINT).unwrap_or_default();
    match text.strip_prefix("embedded:") {
        None => Ok(None),
        Some("memory") => Ok(Some(EmbeddedIn::Memory)),
        Some("") => Err(ConfigError::Bad(TABLE_ENDPOINT, "a path, or `memory`, behind the colon")),
        Some(path) => Ok(Some(EmbeddedIn::File(path.into()))),
    }
}

#[cfg(test)]
mod tests {
    use functions::config::TableEndpoint;

    use super::*;

    fn read(changes: &[(&str, &str)]) -> Result<DevConfig, ConfigError> {
        let needed = [
            "SLIPWAY_BUCKET",
            "SLIPWAY_MAIN_TABLE",
            "SLIPWAY_ACCESS_TABLE",
            "SLIPWAY_AUDIT_TABLE",
            "AWS_ACCESS_KEY_ID",
            "AWS_SECRET_ACCESS_KEY",
        ];
        let all = [&needed.map(|name| (name, "given"))[..], changes].concat();
        let find = |name: &str| all.iter().rev().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned());
        DevConfig::read(&find)
    }

    #[test]
    fn the_defaults_are_as_designed() {
        let config = read(&[]).unwrap();
        assert_eq!((config.addr.port(), config.embedded), (8080, None));
        assert_eq!(config.functions.table_endpoint, TableEndpoint::Aws);
    }

    #[test]
    fn what_is_wrong_is_named_and_not_repeated() {
        for (name, value) in [
            ("SLIPWAY_TABLE_ENDPOINT", "embedded:"),
            ("SLIPWAY_TABLE_ENDPOINT", "table"),
            ("SLIPWAY_ADDR", "9191"),
            ("SLIPWAY_SWEEP_SECONDS", "often"),
        ] {
            let text = read(&[(name, value)]).unwrap_err().to_string();
            assert!(text.contains(name) && !text.contains(value), "{text}");
        }
    }

    #[test]
    fn the_table_inside_is_in_a_file_or_in_memory() {
        let embedded = |text| read(&[("SLIPWAY_TABLE_ENDPOINT", text)]).unwrap().embedded;
        assert_eq!(embedded("embedded:.slipway/table.db"), Some(EmbeddedIn::File(".slipway/table.db".into())));
        assert_eq!(embedded("embedded:memory"), Some(EmbeddedIn::Memory));
        assert_eq!(embedded("http://127.0.0.1:8000"), None);
    }
}
