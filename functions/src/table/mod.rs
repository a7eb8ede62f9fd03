//! The three DynamoDB tables: keys, reads, conditional writes and transactions.
//!
//! A key says which table its item is in, so that transactions and batch reads can span the tables. The same code runs on
//! DynamoDB and on compatible servers.

mod create;
mod error;
mod key;
mod query;
mod send;
mod write;

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::retry::RetryConfig;
use aws_sdk_dynamodb::config::timeout::TimeoutConfig;
use aws_sdk_dynamodb::types::{AttributeValue, KeysAndAttributes};
use aws_types::SdkConfig;
use serde::de::DeserializeOwned;

use crate::config::{TableEndpoint, TableNames};

pub use error::TableError;
pub use key::{Key, TableId};
pub use query::{Page, Query};
pub use write::Write;

/// An item of the SDK.
pub type Item = HashMap<String, AttributeValue>;

/// The attribute by which DynamoDB expires an item, in seconds since 1970. Expiry can be days late, so code checks it, too.
pub const TTL: &str = "ttl";

/// Time-out of one attempt. DynamoDB answers in milliseconds.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(8);
/// Time-out of a call with all its attempts.
const CALL_TIMEOUT: Duration = Duration::from_secs(20);
/// Opening a connection takes milliseconds where the table is up.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// The attribute that holds the version of a record's format.
pub const VERSION_ATTRIBUTE: &str = "v";
/// The version that this code writes, and the only one that it reads and changes.
///
/// An item of another version was written by another release. Reading it is an error that says so
/// ([`TableError::UnknownVersion`]), and no write replaces, changes or deletes it: see [`Write`].
pub const VERSION: u64 = 1;

/// The tables. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Tables {
    client: Client,
    names: Arc<TableNames>,
    conflicts: Arc<AtomicU32>,
}

impl Tables {
    /// Creates the client, without network access.
    pub fn new(sdk: &SdkConfig, names: &TableNames, endpoint: &TableEndpoint) -> Self {
        let timeouts = TimeoutConfig::builder()
            .connect_timeout(CONNECT_TIMEOUT)
            .operation_attempt_timeout(ATTEMPT_TIMEOUT)
            .operation_timeout(CALL_TIMEOUT);
        let mut builder = aws_sdk_dynamodb::config::Builder::from(sdk)
            .retry_config(RetryConfig::standard().with_max_attempts(4))
            .timeout_config(timeouts.build());
        if let TableEndpoint::Url(url) = endpoint {
            builder = builder.endpoint_url(url);
        }
        Self { client: Client::from_conf(builder.build()), names: Arc::new(names.clone()), conflicts: Arc::default() }
    }

    /// The table's name in this deployment.
    pub fn name(&self, table: TableId) -> &str {
        match table {
            TableId::Main => &self.names.main,
            TableId::Access => &self.names.access,
            TableId::Audit => &self.names.audit,
        }
    }

    /// The item, as of now.
    pub async fn get<T: DeserializeOwned>(&self, key: &Key) -> Result<Option<T>, TableError> {
        let request = self.client.get_item().table_name(self.name(key.table)).set_key(Some(key.to_item()));
        // An eventually consistent read can miss what the previous call wrote, such as the removal of a member.
        request.consistent_read(true).send().await?.item.map(read).transpose()
    }

    /// Several items at once, of any of the tables, at most 100, in the order of the keys, as of now.
    pub async fn get_many(&self, keys: &[Key]) -> Result<Vec<Option<Item>>, TableError> {
        let mut found = HashMap::new();
        let mut wanted = keys.to_vec();
        // DynamoDB refuses an empty batch.
        for _ in 0..MAX_BATCH_ROUNDS {
            if wanted.is_empty() {
                break;
            }
            wanted = self.get_batch(&wanted, &mut found).await?;
        }
        if !wanted.is_empty() {
            return Err(TableError::Busy);
        }
        // DynamoDB answers a batch in any order.
        Ok(keys.iter().map(|key| found.remove(key)).collect())
    }

    /// The same for items of one kind.
    pub async fn get_all<T: DeserializeOwned>(&self, keys: &[Key]) -> Result<Vec<Option<T>>, TableError> {
        self.get_many(keys).await?.into_iter().map(|item| item.map(read).transpose()).collect()
    }

    /// Sends one batch; returns the unprocessed keys.
    async fn get_batch(&self, keys: &[Key], found: &mut HashMap<Key, Item>) -> Result<Vec<Key>, TableError> {
        let mut request = self.client.batch_get_item();
        for table in TableId::ALL {
            let keys: Vec<_> = keys.iter().filter(|key| key.table == table).map(Key::to_item).collect();
            if !keys.is_empty() {
                let wanted = KeysAndAttributes::builder().set_keys(Some(keys)).consistent_read(true).build();
                let wanted = wanted.map_err(|error| TableError::Broken(error.to_string()))?;
                request = request.request_items(self.name(table), wanted);
            }
        }
        let answer = request.send().await?;
        let (mut items, mut left) = (answer.responses.unwrap_or_default(), answer.unprocessed_keys.unwrap_or_default());
        let mut wanted = Vec::new();
        for table in TableId::ALL {
            for item in items.remove(self.name(table)).unwrap_or_default() {
                found.insert(Key::of_item(table, &item)?, item);
            }
            let keys = left.remove(self.name(table)).map(|left| left.keys).unwrap_or_default();
            wanted.extend(keys.iter().map(|key| Key::of_item(table, key)).collect::<Result<Vec<_>, _>>()?);
        }
        Ok(wanted)
    }

    /// Fails the next `count` writes with a conflict before they are sent, as a busy DynamoDB would. For tests: the local
    /// tables never raise one.
    pub fn inject_conflicts(&self, count: u32) {
        self.conflicts.store(count, Ordering::SeqCst);
    }

    /// Injected conflicts that are left.
    pub fn conflicts_left(&self) -> u32 {
        self.conflicts.load(Ordering::SeqCst)
    }

    fn take_conflict(&self) -> bool {
        self.conflicts.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)).is_ok()
    }
}

/// A batch read leaves keys over only under throttling.
const MAX_BATCH_ROUNDS: u32 = 5;

/// An item as a record.
///
/// # Errors
/// [`TableError::UnknownVersion`] for an item of another release.
pub fn read<T: DeserializeOwned>(item: Item) -> Result<T, TableError> {
    let version = item.get(VERSION_ATTRIBUTE).and_then(|value| value.as_n().ok());
    if version.is_none_or(|version| *version != VERSION.to_string()) {
        return Err(TableError::UnknownVersion(version.cloned().unwrap_or_else(|| "none".to_owned())));
    }
    serde_dynamo::from_item(item).map_err(|error| TableError::Broken(format!("a record cannot be read: {error}")))
}

/// Whether a write happened: false when its condition, or that of the version, refused it.
pub fn was_written(result: Result<(), TableError>) -> Result<bool, TableError> {
    match result {
        Ok(()) => Ok(true),
        Err(TableError::Refused(_)) => Ok(false),
        Err(error) => Err(error),
    }
}

/// An item as a record; none for an item of another release. For lists, which show what this release knows.
///
/// # Errors
/// [`TableError::Broken`] for an item of this release that can't be read.
pub fn read_known<T: DeserializeOwned>(item: Item) -> Result<Option<T>, TableError> {
    match read(item) {
        Ok(record) => Ok(Some(record)),
        Err(TableError::UnknownVersion(_)) => Ok(None),
        Err(error) => Err(error),
    }
}

/// The records of a list of this partition. Logs how many items of another release it leaves out.
///
/// # Errors
/// As [`read_known`].
pub fn read_list<T: DeserializeOwned>(list: &'static str, of: &str, items: Vec<Item>) -> Result<Vec<T>, TableError> {
    let all = items.len();
    let known: Vec<T> = items.into_iter().filter_map(|item| read_known(item).transpose()).collect::<Result<_, _>>()?;
    log_left_out(list, of, all - known.len());
    Ok(known)
}

/// Logs that a list is not whole, where it is not. `of`: whose list it is. Not a warning: each poll of the room repeats it.
pub fn log_left_out(list: &'static str, of: &str, count: usize) {
    if count > 0 {
        tracing::info!(list, of, count, "left out items of another release");
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::io::Write;
    use std::sync::Mutex;

    use super::*;

    fn item(version: Option<&str>) -> Item {
        let version = version.map(|v| (VERSION_ATTRIBUTE.to_owned(), AttributeValue::N(v.to_owned())));
        version.into_iter().collect()
    }

    #[test]
    fn a_list_leaves_out_items_of_other_versions() {
        let items = [Some("1"), Some("2"), None, Some("1")].map(item).to_vec();
        assert_eq!(read_list::<BTreeMap<String, u64>>("files", "ROOM#7", items).unwrap().len(), 2);
    }

    /// What is logged.
    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<u8>>>);

    impl Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn the_log_says_how_many_were_left_out_of_which_list() {
        let lines = Lines::default();
        let writer = lines.clone();
        let log = tracing_subscriber::fmt().json().flatten_event(true).with_writer(move || writer.clone()).finish();
        tracing::subscriber::with_default(log, || {
            for versions in [[Some("1"), Some("1")], [Some("2"), None]] {
                read_list::<BTreeMap<String, u64>>("files", "ROOM#7", versions.map(item).to_vec()).unwrap();
            }
        });
        let text = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
        assert_eq!(text.lines().count(), 1, "{text}");
        assert!(text.contains("\"list\":\"files\",\"of\":\"ROOM#7\",\"count\":2"), "{text}");
    }

    #[test]
    fn only_items_of_this_version_are_read() {
        assert!(read::<BTreeMap<String, u64>>(item(Some("1"))).is_ok());
        for (version, named) in [(None, "none"), (Some("0"), "0"), (Some("2"), "2")] {
            let error = read::<BTreeMap<String, u64>>(item(version)).unwrap_err();
            assert_eq!(error, TableError::UnknownVersion(named.to_owned()));
        }
    }
}
