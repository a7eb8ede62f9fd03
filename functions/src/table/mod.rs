//! The one DynamoDB table: keys, reads, conditional writes and transactions.
//!
//! The same calls go to DynamoDB and to whatever speaks as it does.

mod create;
mod error;
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

use crate::config::TableEndpoint;

pub use error::TableError;
pub use query::{Page, Query};
pub use write::Write;

/// An item as the SDK has it.
pub type Item = HashMap<String, AttributeValue>;

/// The attribute by which DynamoDB drops an item, in seconds since 1970. It is late by up to days: code checks too.
pub const TTL: &str = "ttl";

/// How long one try may take. DynamoDB answers in milliseconds.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(8);
/// How long one call may take with its tries.
const CALL_TIMEOUT: Duration = Duration::from_secs(20);
/// Opening a connection takes milliseconds where the table is up.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// What an item is found by.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Key {
    /// Partition key, such as `ROOM#…`.
    pub pk: String,
    /// Sort key, such as `META`.
    pub sk: String,
}

impl Key {
    /// From both parts.
    pub fn new(pk: impl Into<String>, sk: impl Into<String>) -> Self {
        Self { pk: pk.into(), sk: sk.into() }
    }

    fn to_item(&self) -> Item {
        HashMap::from([
            ("pk".to_owned(), AttributeValue::S(self.pk.clone())),
            ("sk".to_owned(), AttributeValue::S(self.sk.clone())),
        ])
    }
}

/// The table. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Table {
    client: Client,
    name: Arc<str>,
    conflicts: Arc<AtomicU32>,
}

impl Table {
    /// Makes the client. Nothing is sent yet.
    pub fn new(sdk: &SdkConfig, name: &str, endpoint: &TableEndpoint) -> Self {
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
        Self { client: Client::from_conf(builder.build()), name: name.into(), conflicts: Arc::default() }
    }

    /// The item, as of now.
    pub async fn get<T: DeserializeOwned>(&self, key: &Key) -> Result<Option<T>, TableError> {
        let request = self.client.get_item().table_name(&*self.name).set_key(Some(key.to_item())).consistent_read(true);
        request.send().await?.item.map(read).transpose()
    }

    /// Several items at once, at most 100, in the order of the keys, as of now.
    pub async fn get_many(&self, keys: &[Key]) -> Result<Vec<Option<Item>>, TableError> {
        let mut found = HashMap::new();
        let mut wanted: Vec<Item> = keys.iter().map(Key::to_item).collect();
        // The table refuses to be asked for nothing.
        for _ in 0..MAX_BATCH_ROUNDS {
            if wanted.is_empty() {
                break;
            }
            wanted = self.get_batch(wanted, &mut found).await?;
        }
        if !wanted.is_empty() {
            return Err(TableError::Busy);
        }
        Ok(keys.iter().map(|key| found.remove(key)).collect())
    }

    /// The same for items of one kind.
    pub async fn get_all<T: DeserializeOwned>(&self, keys: &[Key]) -> Result<Vec<Option<T>>, TableError> {
        self.get_many(keys).await?.into_iter().map(|item| item.map(read).transpose()).collect()
    }

    /// Asks once; returns the keys that the table left for another round.
    async fn get_batch(&self, keys: Vec<Item>, found: &mut HashMap<Key, Item>) -> Result<Vec<Item>, TableError> {
        let wanted = KeysAndAttributes::builder().set_keys(Some(keys)).consistent_read(true).build();
        let wanted = wanted.map_err(|error| TableError::Broken(error.to_string()))?;
        let answer = self.client.batch_get_item().request_items(&*self.name, wanted).send().await?;
        for item in answer.responses.unwrap_or_default().remove(&*self.name).unwrap_or_default() {
            found.insert(key_of(&item)?, item);
        }
        let left = answer.unprocessed_keys.unwrap_or_default().remove(&*self.name);
        Ok(left.map(|left| left.keys).unwrap_or_default())
    }

    /// Lets the next `count` writes meet a conflict before they are sent, as a busy DynamoDB would. For tests:
    /// the local tables never raise one.
    pub fn inject_conflicts(&self, count: u32) {
        self.conflicts.store(count, Ordering::SeqCst);
    }

    /// How many injected conflicts have not been met yet.
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
pub fn read<T: DeserializeOwned>(item: Item) -> Result<T, TableError> {
    serde_dynamo::from_item(item).map_err(|error| TableError::Broken(format!("a record cannot be read: {error}")))
}

fn key_of(item: &Item) -> Result<Key, TableError> {
    let part = |name: &str| item.get(name).and_then(|value| value.as_s().ok()).cloned();
    let key = part("pk").zip(part("sk")).map(|(pk, sk)| Key { pk, sk });
    key.ok_or_else(|| TableError::Broken("an item without a key".into()))
}
