//! Creates missing tables, locally only: in the cloud the template creates them.

use std::time::Duration;

use aws_sdk_dynamodb::error::ProvideErrorMetadata;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, KeySchemaElement, KeyType, ScalarAttributeType, TableStatus,
    TimeToLiveSpecification,
};

use super::{TTL, TableError, TableId, Tables};

/// Checks whether a new table is ready. Local tables are at once; the others are for slow machines.
const MAX_ASKS: u32 = 50;
const ASK_EVERY: Duration = Duration::from_millis(100);

impl Tables {
    /// Whether all tables answer and are ready. The name of one that is not.
    pub async fn missing(&self) -> Result<Option<&str>, TableError> {
        for table in TableId::ALL {
            if !self.is_ready(table).await? {
                return Ok(Some(self.name(table)));
            }
        }
        Ok(None)
    }

    /// Creates the missing tables. Returns whether this call created Main.
    pub async fn create_if_missing(&self) -> Result<bool, TableError> {
        let mut made_main = false;
        for table in TableId::ALL {
            made_main |= self.create_one_if_missing(table).await? && table == TableId::Main;
        }
        Ok(made_main)
    }

    /// The attribute that drops items, if it is enabled.
    pub async fn ttl_attribute(&self, table: TableId) -> Result<Option<String>, TableError> {
        let answer = self.client.describe_time_to_live().table_name(self.name(table)).send().await?;
        Ok(answer.time_to_live_description.and_then(|ttl| ttl.attribute_name))
    }

    async fn is_ready(&self, table: TableId) -> Result<bool, TableError> {
        match self.client.describe_table().table_name(self.name(table)).send().await.map_err(TableError::from) {
            Ok(answer) => Ok(answer.table.and_then(|table| table.table_status) == Some(TableStatus::Active)),
            Err(TableError::NoTable) => Ok(false),
            Err(error) => Err(error),
        }
    }

    async fn create_one_if_missing(&self, table: TableId) -> Result<bool, TableError> {
        if self.is_ready(table).await? {
            return Ok(false);
        }
        let made = self.create(table).await?;
        for _ in 0..MAX_ASKS {
            if self.is_ready(table).await? {
                // Only now: DynamoDB refuses it while the table is being created.
                self.expire_by_ttl(table).await?;
                return Ok(made);
            }
            tokio::time::sleep(ASK_EVERY).await;
        }
        Err(TableError::Unreachable("the new table does not become ready".into()))
    }

    async fn create(&self, table: TableId) -> Result<bool, TableError> {
        let request = self.client.create_table().table_name(self.name(table));
        let mut request = request.billing_mode(BillingMode::PayPerRequest);
        for (name, kind) in [("pk", KeyType::Hash), ("sk", KeyType::Range)] {
            let attribute = AttributeDefinition::builder().attribute_name(name).attribute_type(ScalarAttributeType::S);
            let key = KeySchemaElement::builder().attribute_name(name).key_type(kind);
            request = request.attribute_definitions(attribute.build().map_err(broken)?);
            request = request.key_schema(key.build().map_err(broken)?);
        }
        match request.send().await {
            // Another process was first.
            Err(error) if error.code() == Some("ResourceInUseException") => Ok(false),
            answer => answer.map(|_| true).map_err(TableError::from),
        }
    }

    async fn expire_by_ttl(&self, table: TableId) -> Result<(), TableError> {
        let ttl = TimeToLiveSpecification::builder().attribute_name(TTL).enabled(true).build().map_err(broken)?;
        let request = self.client.update_time_to_live().table_name(self.name(table)).time_to_live_specification(ttl);
        match request.send().await {
            // Already enabled by another process.
            Err(error) if error.code() == Some("ValidationException") => Ok(()),
            answer => answer.map(drop).map_err(TableError::from),
        }
    }
}

#[allow(clippy::needless_pass_by_value, reason = "the shape that map_err asks for")]
fn broken(error: aws_smithy_types::error::operation::BuildError) -> TableError {
    TableError::Broken(error.to_string())
}
