//! Sends single writes and transactions, and retries those that conflict with other writes.

use std::time::Duration;

use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::delete_item::DeleteItemError;
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::{
    CancellationReason, ConditionCheck, Delete, Put, ReturnValue, TransactWriteItem, Update,
};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use serde::de::DeserializeOwned;

use super::write::Kind;
use super::{Item, TableError, Tables, Write, read};
use crate::ids;

/// The most writes DynamoDB takes in one transaction.
pub(super) const MAX_WRITES: usize = 100;
/// Attempts of a write that conflicts with others.
const MAX_TRIES: u32 = 10;
/// The first wait is below this, each next one below twice as much.
const FIRST_WAIT_MS: u64 = 20;
/// No wait is longer. With [`MAX_TRIES`] all waits together stay under four seconds.
const LONGEST_WAIT_MS: u64 = 640;

impl Tables {
    /// Writes one item.
    ///
    /// # Errors
    /// [`TableError::Refused`] when its condition does not hold.
    pub async fn write(&self, write: &Write) -> Result<(), TableError> {
        self.with_retries(|| self.write_once(write)).await.map(drop)
    }

    /// Updates one item and returns it as it is then.
    ///
    /// # Errors
    /// [`TableError::Refused`] when its condition does not hold.
    pub async fn update_returning<T: DeserializeOwned>(&self, write: &Write) -> Result<T, TableError> {
        let item = self.with_retries(|| self.write_once(write)).await?;
        read(item.ok_or_else(|| TableError::Broken("an update without an answer".into()))?)
    }

    /// Writes all or nothing, at most 100 items, no item twice.
    ///
    /// # Errors
    /// [`TableError::Refused`] with the labels of all writes whose conditions did not hold.
    pub async fn transact(&self, writes: &[Write]) -> Result<(), TableError> {
        if writes.len() > MAX_WRITES {
            return Err(TableError::Broken(format!("{} writes in one transaction", writes.len())));
        }
        self.with_retries(|| self.transact_once(writes)).await
    }

    async fn with_retries<T, F>(&self, send: impl Fn() -> F) -> Result<T, TableError>
    where
        F: Future<Output = Result<T, TableError>>,
    {
        for attempt in 1.. {
            let result = if self.take_conflict() { Err(TableError::Busy) } else { send().await };
            match result {
                Err(TableError::Busy) if attempt < MAX_TRIES => wait(attempt).await,
                result => return result,
            }
        }
        Err(TableError::Busy)
    }

    async fn write_once(&self, write: &Write) -> Result<Option<Item>, TableError> {
        match &write.kind {
            Kind::Put(item) => self.put(write, item).await,
            Kind::Update(expression) => self.update(write, expression).await,
            Kind::Delete => self.delete(write).await,
            Kind::Check => Err(TableError::Broken("a check outside of a transaction".into())),
        }
    }

    async fn put(&self, write: &Write, item: &Item) -> Result<Option<Item>, TableError> {
        let request = self.client.put_item().table_name(self.name(write.key.table)).set_item(Some(item.clone()));
        let request = request.condition_expression(write.condition());
        let request = request.set_expression_attribute_names(Some(write.names()));
        let answer = request.set_expression_attribute_values(Some(write.values())).send().await;
        answer
            .map(|answer| answer.attributes)
            .map_err(|error| sort(write, error, PutItemError::is_conditional_check_failed_exception))
    }

    async fn update(&self, write: &Write, expression: &str) -> Result<Option<Item>, TableError> {
        let request =
            self.client.update_item().table_name(self.name(write.key.table)).set_key(Some(write.key.to_item()));
        let request = request.update_expression(expression).return_values(ReturnValue::AllNew);
        let request = request.condition_expression(write.condition());
        let request = request.set_expression_attribute_names(Some(write.names()));
        let answer = request.set_expression_attribute_values(Some(write.values())).send().await;
        answer
            .map(|answer| answer.attributes)
            .map_err(|error| sort(write, error, UpdateItemError::is_conditional_check_failed_exception))
    }

    async fn delete(&self, write: &Write) -> Result<Option<Item>, TableError> {
        let request =
            self.client.delete_item().table_name(self.name(write.key.table)).set_key(Some(write.key.to_item()));
        let request = request.condition_expression(write.condition());
        let request = request.set_expression_attribute_names(Some(write.names()));
        let answer = request.set_expression_attribute_values(Some(write.values())).send().await;
        answer
            .map(|answer| answer.attributes)
            .map_err(|error| sort(write, error, DeleteItemError::is_conditional_check_failed_exception))
    }

    async fn transact_once(&self, writes: &[Write]) -> Result<(), TableError> {
        let items = writes.iter().map(|write| self.transact_item(write)).collect::<Result<_, _>>()?;
        // The SDK adds an idempotency token, so that its own retry after a lost response does not write twice.
        let answer = self.client.transact_write_items().set_transact_items(Some(items)).send().await;
        answer.map(drop).map_err(|error| sort_cancelled(writes, error))
    }

    fn transact_item(&self, write: &Write) -> Result<TransactWriteItem, TableError> {
        let item = TransactWriteItem::builder();
        let item = match &write.kind {
            Kind::Put(put) => item.put(self.filled(Put::builder().set_item(Some(put.clone())), write)?),
            Kind::Update(expression) => {
                item.update(self.filled(Update::builder().update_expression(expression), write)?)
            }
            Kind::Delete => item.delete(self.filled(Delete::builder(), write)?),
            Kind::Check => item.condition_check(self.filled(ConditionCheck::builder(), write)?),
        };
        Ok(item.build())
    }

    fn filled<B: Fill>(&self, builder: B, write: &Write) -> Result<B::Built, TableError> {
        builder.fill(self.name(write.key.table), write).map_err(|error| TableError::Broken(error.to_string()))
    }
}

/// What the four kinds of a transaction's items have in common.
trait Fill {
    type Built;
    fn fill(self, table: &str, write: &Write) -> Result<Self::Built, aws_smithy_types::error::operation::BuildError>;
}

macro_rules! fill {
    ($($builder:ty => $built:ty $(, $key:ident)?;)*) => {
        $(impl Fill for $builder {
            type Built = $built;

            fn fill(self, table: &str, write: &Write) -> Result<$built, aws_smithy_types::error::operation::BuildError> {
                self.table_name(table)
                    $(.$key(Some(write.key.to_item())))?
                    .condition_expression(write.condition())
                    .set_expression_attribute_names(Some(write.names()))
                    .set_expression_attribute_values(Some(write.values()))
                    .build()
            }
        })*
    };
}

fill! {
    aws_sdk_dynamodb::types::builders::PutBuilder => Put;
    aws_sdk_dynamodb::types::builders::UpdateBuilder => Update, set_key;
    aws_sdk_dynamodb::types::builders::DeleteBuilder => Delete, set_key;
    aws_sdk_dynamodb::types::builders::ConditionCheckBuilder => ConditionCheck, set_key;
}

/// Full jitter: a random wait up to a bound that doubles.
async fn wait(attempt: u32) {
    let bound = (FIRST_WAIT_MS << (attempt - 1).min(10)).min(LONGEST_WAIT_MS);
    // Random from zero up: writers that collided would collide again after equal waits.
    tokio::time::sleep(Duration::from_millis(ids::random_below(bound))).await;
}

fn sort<E>(write: &Write, error: SdkError<E, HttpResponse>, is_refusal: impl Fn(&E) -> bool) -> TableError
where
    E: aws_sdk_dynamodb::error::ProvideErrorMetadata,
{
    match error.as_service_error() {
        Some(service) if is_refusal(service) => TableError::Refused(vec![write.label]),
        _ => error.into(),
    }
}

fn sort_cancelled(writes: &[Write], error: SdkError<TransactWriteItemsError, HttpResponse>) -> TableError {
    match error.as_service_error() {
        Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) => {
            sort_reasons(writes, cancelled.cancellation_reasons())
        }
        _ => error.into(),
    }
}

/// A refusal takes precedence over a conflict: a retry would not change it.
fn sort_reasons(writes: &[Write], reasons: &[CancellationReason]) -> TableError {
    let code = |reason: &CancellationReason| reason.code().unwrap_or_default().to_owned();
    let refused = |reason: &CancellationReason| reason.code() == Some("ConditionalCheckFailed");
    let labels: Vec<_> =
        writes.iter().zip(reasons).filter(|(_, reason)| refused(reason)).map(|(write, _)| write.label).collect();
    if !labels.is_empty() {
        return TableError::Refused(labels);
    }
    let codes: Vec<_> = reasons.iter().map(code).filter(|code| code != "None" && !code.is_empty()).collect();
    let busy = ["TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"];
    // All of them: any other reason would come back with every retry.
    if !codes.is_empty() && codes.iter().all(|code| busy.contains(&code.as_str())) {
        return TableError::Busy;
    }
    TableError::Broken(format!("transaction cancelled: {}", codes.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::Key;

    fn reasons(codes: &[&str]) -> Vec<CancellationReason> {
        codes.iter().map(|code| CancellationReason::builder().code(*code).build()).collect()
    }

    fn two_writes() -> Vec<Write> {
        let key = Key::main("A", "B");
        vec![Write::check(&key).label("first"), Write::delete(&key).label("second")]
    }

    #[test]
    fn a_conflict_is_worth_another_try() {
        assert_eq!(sort_reasons(&two_writes(), &reasons(&["None", "TransactionConflict"])), TableError::Busy);
        assert_eq!(sort_reasons(&two_writes(), &reasons(&["ThrottlingError", "None"])), TableError::Busy);
    }

    #[test]
    fn a_refusal_names_its_write() {
        let error = sort_reasons(&two_writes(), &reasons(&["TransactionConflict", "ConditionalCheckFailed"]));
        assert!(error.refused("second") && !error.refused("first"));
    }

    #[test]
    fn other_reasons_are_not_tried_again() {
        let error = sort_reasons(&two_writes(), &reasons(&["ValidationError", "None"]));
        assert!(matches!(error, TableError::Broken(_)), "{error}");
    }
}
