//! Makes the table where it is missing: local tables only, since in the cloud the template makes it.

use std::time::Duration;

use aws_sdk_dynamodb::error::ProvideErrorMetadata;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, KeySchemaElement, KeyType, ScalarAttributeType, TableStatus,
    TimeToLiveSpecification,
};

use super::{TTL, Table, TableError};

/// Local tables are there at once; this is for slow machines.
const MAX_ASKS: u32 = 50;
const ASK_EVERY: Duration = Duration::from_millis(100);

impl Table {
    /// Whether the table answers and is ready.
    pub async fn is_ready(&self) -> Result<bool, TableError> {
        match self.client.describe_table().table_name(&*self.name).send().await.map_err(TableError::from) {
            Ok(answer) => Ok(answer.table.and_then(|table| table.table_status) == Some(TableStatus::Active)),
            Err(TableError::NoTable) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Makes the table with its time-to-live, unless it is there; whether this call made it.
    pub async fn create_if_missing(&self) -> Result<bool, TableError> {
        if self.is_ready().await? {
            return Ok(false);
        }
        let made = self.create().await?;
        for _ in 0..MAX_ASKS {
            if self.is_ready().await? {
                self.expire_by_ttl().await?;
                return Ok(made);
            }
            tokio::time::sleep(ASK_EVERY).await;
        }
        Err(TableError::Unreachable("the new table does not become ready".into()))
    }

    async fn create(&self) -> Result<bool, TableError> {
        let mut request = self.client.create_table().table_name(&*self.name).billing_mode(BillingMode::PayPerRequest);
        for (name, kind) in [("pk", KeyType::Hash), ("sk", KeyType::Range)] {
            let attribute = AttributeDefinition::builder().attribute_name(name).attribute_type(ScalarAttributeType::S);
            let key = KeySchemaElement::builder().attribute_name(name).key_type(kind);
            request = request.attribute_definitions(attribute.build().map_err(broken)?);
            request = request.key_schema(key.build().map_err(broken)?);
        }
        match request.send().await {
            // Another process was quicker.
            Err(error) if error.code() == Some("ResourceInUseException") => Ok(false),
            answer => answer.map(|_| true).map_err(TableError::from),
        }
    }

    async fn expire_by_ttl(&self) -> Result<(), TableError> {
        let ttl = TimeToLiveSpecification::builder().attribute_name(TTL).enabled(true).build().map_err(broken)?;
        let request = self.client.update_time_to_live().table_name(&*self.name).time_to_live_specification(ttl);
        match request.send().await {
            // Already enabled, by whoever was quicker.
            Err(error) if error.code() == Some("ValidationException") => Ok(()),
            answer => answer.map(drop).map_err(TableError::from),
        }
    }

    /// The attribute that drops items, if it is enabled.
    pub async fn ttl_attribute(&self) -> Result<Option<String>, TableError> {
        let answer = self.client.describe_time_to_live().table_name(&*self.name).send().await?;
        Ok(answer.time_to_live_description.and_then(|ttl| ttl.attribute_name))
    }
}

#[allow(clippy::needless_pass_by_value, reason = "the shape that map_err asks for")]
fn broken(error: aws_smithy_types::error::operation::BuildError) -> TableError {
    TableError::Broken(error.to_string())
}
