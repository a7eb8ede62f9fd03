//! Keys of items.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;

use super::{Item, TableError};

/// One of the three tables. IAM distinguishes them by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TableId {
    /// Rooms, uploads, files, events, and everything that is in neither of the other two.
    Main,
    /// Access rights: links, members, tokens. Most functions only read it.
    Access,
    /// The audit log. Functions put entries, and only the one that shows them reads.
    Audit,
}

impl TableId {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Main, Self::Access, Self::Audit];
}

/// The table of an item, and its key there. Made in [`crate::records`] and nowhere else.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Key {
    /// Where the item is.
    pub table: TableId,
    /// Partition key, such as `ROOM#…`.
    pub pk: String,
    /// Sort key, such as `META`.
    pub sk: String,
}

impl Key {
    /// Of an item in Main.
    pub fn main(pk: impl Into<String>, sk: impl Into<String>) -> Self {
        Self { table: TableId::Main, pk: pk.into(), sk: sk.into() }
    }

    /// Of an item in Access.
    pub fn access(pk: impl Into<String>, sk: impl Into<String>) -> Self {
        Self { table: TableId::Access, pk: pk.into(), sk: sk.into() }
    }

    /// Of an item in Audit.
    pub fn audit(pk: impl Into<String>, sk: impl Into<String>) -> Self {
        Self { table: TableId::Audit, pk: pk.into(), sk: sk.into() }
    }

    pub(super) fn to_item(&self) -> Item {
        HashMap::from([
            ("pk".to_owned(), AttributeValue::S(self.pk.clone())),
            ("sk".to_owned(), AttributeValue::S(self.sk.clone())),
        ])
    }

    pub(super) fn of_item(table: TableId, item: &Item) -> Result<Self, TableError> {
        let part = |name: &str| item.get(name).and_then(|value| value.as_s().ok()).cloned();
        let key = part("pk").zip(part("sk")).map(|(pk, sk)| Self { table, pk, sk });
        key.ok_or_else(|| TableError::Broken("an item without a key".into()))
    }
}
