//! One change of one item, alone or in a transaction.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use serde::Serialize;

use super::{Item, Key, TTL, VERSION, VERSION_ATTRIBUTE};

/// A put, update, delete or check of one item, with its condition.
///
/// Expressions are DynamoDB's own. A name in them is written `#name` and stands for the attribute `name`, so that
/// reserved words do no harm; a value is written `:value` and given by [`Write::bind`].
///
/// Each write leaves an item of this release's [`VERSION`], and is refused, as by a condition of its own, where there is an
/// item of another one: what a newer release wrote is never lost to an older one that is still running.
#[derive(Clone, Debug)]
pub struct Write {
    pub(super) kind: Kind,
    pub(super) key: Key,
    pub(super) label: &'static str,
    condition: Option<String>,
    values: HashMap<String, AttributeValue>,
}

/// Holds for no item, or for one of this release's version.
const OF_THIS_VERSION: &str = "attribute_not_exists(#pk) OR #v = :v";

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
        all.insert(VERSION_ATTRIBUTE.to_owned(), version());
        Self::new(key, Kind::Put(all))
    }

    /// Changes an item, by an update expression such as `SET #state = :next ADD #count :one`.
    pub fn update(key: &Key, expression: impl Into<String>) -> Self {
        Self::new(key, Kind::Update(with_version(&expression.into())))
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
        let values = HashMap::from([(":v".to_owned(), version())]);
        Self { kind, key: key.clone(), label: "", condition: None, values }
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

    /// Names the write in a refusal: see [`super::TableError::refused`].
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

    pub(super) fn condition(&self) -> String {
        match &self.condition {
            None => OF_THIS_VERSION.to_owned(),
            Some(own) => format!("({own}) AND ({OF_THIS_VERSION})"),
        }
    }

    /// Every `#name` of the expressions with its attribute.
    pub(super) fn names(&self) -> HashMap<String, String> {
        let update = if let Kind::Update(expression) = &self.kind { expression } else { "" };
        placeholders(update).chain(placeholders(&self.condition())).collect()
    }

    pub(super) fn values(&self) -> HashMap<String, AttributeValue> {
        self.values.clone()
    }
}

fn version() -> AttributeValue {
    AttributeValue::N(VERSION.to_string())
}

/// An update can make an item, so it sets the version as well. An expression has one SET at most.
fn with_version(expression: &str) -> String {
    match expression.split_once("SET ") {
        Some((before, after)) => format!("{before}SET #v = :v, {after}"),
        None => format!("{expression} SET #v = :v"),
    }
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

    fn key() -> Key {
        Key::main("A", "B")
    }

    #[test]
    fn names_are_found_in_both_expressions() {
        let write = Write::update(&key(), "SET #state = :x, #p1 = :y").when("#state = :z").when("size(#p1) > :n");
        let mut names: Vec<_> = write.names().into_values().collect();
        names.sort();
        assert_eq!(names, ["p1", "pk", "state", "v"]);
        let own = "((#state = :z) AND (size(#p1) > :n))";
        assert_eq!(write.condition(), format!("{own} AND (attribute_not_exists(#pk) OR #v = :v)"));
    }

    #[test]
    fn a_put_carries_its_key_its_version_and_its_ttl() {
        #[derive(Serialize)]
        struct Record {
            count: u64,
        }
        let write = Write::put(&key(), &Record { count: 3 }).ttl(Some(7));
        let Kind::Put(item) = write.kind else { panic!("not a put") };
        assert_eq!(item["pk"], AttributeValue::S("A".into()));
        assert_eq!(item["count"], AttributeValue::N("3".into()));
        assert_eq!(item[VERSION_ATTRIBUTE], AttributeValue::N("1".into()));
        assert_eq!(item[TTL], AttributeValue::N("7".into()));
    }

    #[test]
    fn an_update_sets_the_version_whatever_else_it_does() {
        for (own, whole) in [
            ("SET #a = :a", "SET #v = :v, #a = :a"),
            ("ADD #n :one", "ADD #n :one SET #v = :v"),
            ("ADD #n :one SET #ttl = :ttl", "ADD #n :one SET #v = :v, #ttl = :ttl"),
        ] {
            let Kind::Update(expression) = Write::update(&key(), own).kind else { panic!("not an update") };
            assert_eq!(expression, whole);
        }
    }
}
