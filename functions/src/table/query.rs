//! Reads the items of one partition, in the order of their sort keys.

use serde::de::DeserializeOwned;

use super::write::{placeholders, to_value};
use super::{Item, Key, TableError, Tables, read, read_list};

/// Which items of a partition.
#[derive(Clone, Debug)]
pub struct Query {
    from: Key,
    after: Option<String>,
    descending: bool,
    limit: u32,
}

/// A page of items.
#[derive(Clone, Debug)]
pub struct Page<T> {
    /// In the order of the query.
    pub items: Vec<T>,
    /// The sort key to continue after, if there may be more.
    pub next: Option<String>,
}

impl Query {
    /// The items of the key's partition whose sort key begins with its sort key, at most `limit` of them.
    pub fn new(prefix: Key, limit: u32) -> Self {
        Self { from: prefix, after: None, descending: false, limit }
    }

    /// Only what comes after this sort key, which need not exist but must begin with the prefix.
    #[must_use]
    pub fn after(mut self, sk: Option<String>) -> Self {
        self.after = sk;
        self
    }

    /// The last first.
    #[must_use]
    pub fn descending(mut self) -> Self {
        self.descending = true;
        self
    }
}

const BEGINS: &str = "#pk = :pk AND begins_with(#sk, :prefix)";

impl Tables {
    /// One page, as of now. A page holds less than its limit when its items are large (1 MB a page).
    pub async fn query<T: DeserializeOwned>(&self, query: &Query) -> Result<Page<T>, TableError> {
        let Page { items, next } = self.query_items(query).await?;
        Ok(Page { items: items.into_iter().map(read).collect::<Result<_, _>>()?, next })
    }

    /// One page without the items of another release. Its `next` covers them all the same.
    pub async fn query_known<T: DeserializeOwned>(
        &self,
        list: &'static str,
        query: &Query,
    ) -> Result<Page<T>, TableError> {
        let Page { items, next } = self.query_items(query).await?;
        Ok(Page { items: read_list(list, &query.from.pk, items)?, next })
    }

    /// All pages, at most `most` items.
    pub async fn query_all<T: DeserializeOwned>(&self, query: &Query, most: usize) -> Result<Vec<T>, TableError> {
        self.query_all_items(query, most).await?.into_iter().map(read).collect()
    }

    /// The same, unread: for callers that go on where this release can't read an item.
    pub async fn query_all_items(&self, query: &Query, most: usize) -> Result<Vec<Item>, TableError> {
        let (mut query, mut all) = (query.clone(), Vec::new());
        loop {
            let page = self.query_items(&query).await?;
            all.extend(page.items);
            if page.next.is_none() || all.len() >= most {
                all.truncate(most);
                return Ok(all);
            }
            query.after = page.next;
        }
    }

    /// One page, unread.
    pub async fn query_items(&self, query: &Query) -> Result<Page<Item>, TableError> {
        let from = &query.from;
        let start = query.after.as_ref().map(|sk| Key { sk: sk.clone(), ..from.clone() }.to_item());
        let request = self.client.query().table_name(self.name(from.table)).consistent_read(true);
        let request = request.key_condition_expression(BEGINS).set_exclusive_start_key(start);
        let request = request.set_expression_attribute_names(Some(placeholders(BEGINS).collect()));
        let request = request.expression_attribute_values(":pk", to_value(&from.pk));
        let request = request.expression_attribute_values(":prefix", to_value(&from.sk));
        let limit = i32::try_from(query.limit).unwrap_or(i32::MAX);
        let answer = request.limit(limit).scan_index_forward(!query.descending).send().await?;
        let next = answer.last_evaluated_key.map(|item| Key::of_item(from.table, &item)).transpose()?.map(|key| key.sk);
        Ok(Page { items: answer.items.unwrap_or_default(), next })
    }
}
