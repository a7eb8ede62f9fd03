//! One change of one item, alone or in a transaction.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use serde::Serialize;

use super::{Item, Key, TTL};

/// A put, update, delete or check of one item, with its condition.
///
/// Expressions are DynamoDB's own. A name in them is written `#name` and stands for the attribute `name`, so that
/// reserved words do no harm; a value is written `:value` and given by [`Write::bind`].
#[derive(Clone, Debug)]
pub struct Write {
    pub(super) kind: Kind,
    pub(super) key: Key,
    pub(super) label: &'static str,
    pub(super) condition: Option<String>,
    pub(super) values: HashMap<String, AttributeValue>,
}

#[derive(Clone, Debug)]
pub(super) enum Kind {
    Put(Item),
    Update(String),
    Delete,
    Check,
}

impl Write {
    /// Puts the whole item.
    pub fn put(key: &Key, item: &impl Serialize) -> Self {
        let mut all = to_item(item);
        all.extend(key.to_item());
        Self::new(key, Kind::Put(all))
    }

    /// Changes an item, by an update expression such as `SET #state = :next ADD #count :one`.
    pub fn update(key: &Key, expression: impl Into<String>) -> Self {
        Self::new(key, Kind::Update(expression.into()))
    }

    /// Deletes the item.
    pub fn delete(key: &Key) -> Self {
        Self::new(key, Kind::Delete)
    }

    /// Changes nothing; its condition holds back the transaction. Only in transactions.
    pub fn check(key: &Key) -> Self {
        Self::new(key, Kind::Check)
    }

    fn new(key: &Key, kind: Kind) -> Self {
        Self { kind, key: key.clone(), label: "", condition: None, values: HashMap::new() }
    }

    /// Only if this condition expression holds. Called again: both have to hold.
    #[must_use]
    pub fn when(mut self, condition: &str) -> Self {
        self.condition = Some(match self.condition {
            None => condition.to_owned(),
            Some(before) => format!("({before}) AND ({condition})"),
        });
        self
    }

    /// Gives the value of `:name`, without the colon.
    #[must_use]
    pub fn bind(mut self, name: &str, value: impl Serialize) -> Self {
        self.values.insert(format!(":{name}"), to_value(&value));
        self
    }

    /// What a refusal is told by: see [`super::TableError::refused`].
    #[must_use]
    pub fn label(mut self, label: &'static str) -> Self {
        self.label = label;
        self
    }

    /// When the item may be dropped, in seconds since 1970. Of puts only: an update sets `#ttl` itself.
    #[must_use]
    pub fn ttl(mut self, seconds: Option<u64>) -> Self {
        if let (Kind::Put(item), Some(seconds)) = (&mut self.kind, seconds) {
            item.insert(TTL.to_owned(), AttributeValue::N(seconds.to_string()));
        }
        self
    }

    /// Every `#name` of the expressions with its attribute; none when there are none.
    pub(super) fn names(&self) -> Option<HashMap<String, String>> {
        let update = if let Kind::Update(expression) = &self.kind { expression } else { "" };
        let names = [update, self.condition.as_deref().unwrap_or_default()].into_iter().flat_map(placeholders);
        some_if_any(names.collect())
    }

    pub(super) fn values(&self) -> Option<HashMap<String, AttributeValue>> {
        some_if_any(self.values.clone())
    }
}

/// DynamoDB refuses an empty map where it takes none at all.
pub(super) fn some_if_any<V>(map: HashMap<String, V>) -> Option<HashMap<String, V>> {
    if map.is_empty() { None } else { Some(map) }
}

/// `#name` → `name` for each name in an expression.
pub(super) fn placeholders(expression: &str) -> impl Iterator<Item = (String, String)> {
    expression.split('#').skip(1).map(|rest| {
        let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(rest.len());
        (format!("#{}", &rest[..end]), rest[..end].to_owned())
    })
}

/// A value as an attribute.
///
/// # Panics
/// For what DynamoDB cannot hold, such as a map with keys that are no strings. Records are plain data.
pub(super) fn to_value(value: &impl Serialize) -> AttributeValue {
    serde_dynamo::to_attribute_value(value).expect("records are plain data")
}

fn to_item(item: &impl Serialize) -> Item {
    serde_dynamo::to_item(item).expect("records are structs of plain data")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_found_in_both_expressions() {
        let key = Key::new("A", "B");
        let write = Write::update(&key, "SET #state = :x, #p1 = :y").when("#state = :z").when("size(#p1) > :n");
        let mut names: Vec<_> = write.names().unwrap().into_iter().collect();
        names.sort();
        assert_eq!(names, [("#p1".to_owned(), "p1".to_owned()), ("#state".to_owned(), "state".to_owned())]);
        assert_eq!(write.condition.as_deref(), Some("(#state = :z) AND (size(#p1) > :n)"));
    }

    #[test]
    fn a_put_carries_its_key_and_ttl() {
        #[derive(Serialize)]
        struct Record {
            count: u64,
        }
        let write = Write::put(&Key::new("A", "B"), &Record { count: 3 }).ttl(Some(7));
        let Kind::Put(item) = write.kind else { panic!("not a put") };
        assert_eq!(item["pk"], AttributeValue::S("A".into()));
        assert_eq!(item["count"], AttributeValue::N("3".into()));
        assert_eq!(item[TTL], AttributeValue::N("7".into()));
    }
}
