//! Whole objects, and the bucket.

use aws_sdk_s3::types::{BucketLocationConstraint, CreateBucketConfiguration};

use super::multipart::refuse_kms;
use super::{ObjectKey, Storage, StorageError};

/// The properties of a stored object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredObject {
    /// In bytes.
    pub size: u64,
    /// Without quotes.
    pub etag: String,
}

impl Storage {
    /// Reads an object's properties.
    pub async fn head(&self, key: &ObjectKey) -> Result<StoredObject, StorageError> {
        let call = self.client.head_object().bucket(&*self.bucket).key(key.as_str());
        let answer = call.send().await.map_err(StorageError::from_sdk)?;
        refuse_kms(answer.server_side_encryption())?;
        let size = answer.content_length().and_then(|len| u64::try_from(len).ok());
        match (size, answer.e_tag()) {
            // The quotes belong to the syntax of the header (RFC 9110, section 8.8.3).
            (Some(size), Some(etag)) => Ok(StoredObject { size, etag: etag.trim_matches('"').to_owned() }),
            _ => Err(StorageError::Other("an object without a size or an ETag".into())),
        }
    }

    /// Removes an object. A missing one is no error.
    pub async fn delete(&self, key: &ObjectKey) -> Result<(), StorageError> {
        let call = self.client.delete_object().bucket(&*self.bucket).key(key.as_str());
        match call.send().await.map_err(StorageError::from_sdk) {
            // S3 reports a missing key as deleted, and removals are repeated.
            Ok(_) | Err(StorageError::NotFound) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Whether the bucket exists and can be used.
    pub async fn bucket_exists(&self) -> Result<bool, StorageError> {
        match self.client.head_bucket().bucket(&*self.bucket).send().await.map_err(StorageError::from_sdk) {
            Ok(_) => Ok(true),
            Err(StorageError::NotFound) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Creates the bucket, for development and tests. An own existing one is no error.
    pub async fn create_bucket(&self) -> Result<(), StorageError> {
        let region = self.client.config().region().map_or("us-east-1", AsRef::as_ref).to_owned();
        let mut call = self.client.create_bucket().bucket(&*self.bucket);
        // S3 refuses this region as a constraint: it is what a missing constraint means.
        if region != "us-east-1" {
            let place = BucketLocationConstraint::from(region.as_str());
            call = call
                .create_bucket_configuration(CreateBucketConfiguration::builder().location_constraint(place).build());
        }
        match call.send().await.map_err(StorageError::from_sdk) {
            Ok(_) => Ok(()),
            // Another process was first.
            Err(StorageError::Other(code)) if code == "BucketAlreadyOwnedByYou" => Ok(()),
            Err(error) => Err(error),
        }
    }
}
