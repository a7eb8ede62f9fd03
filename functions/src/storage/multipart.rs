//! Multipart uploads: begin, list, complete, abort.

use aws_sdk_s3::config::Config;
use aws_sdk_s3::config::retry::RetryConfig;
use aws_sdk_s3::config::timeout::TimeoutConfig;
use aws_sdk_s3::types::{CompletedMultipartUpload, CompletedPart, Part, ServerSideEncryption};
use slipway_protocol::wire::StoredPart;
use slipway_protocol::wire::digest::{Digest, Md5};
use slipway_protocol::wire::id::PartNumber;

use super::presign::OCTET_STREAM;
use super::{COMPLETE_TIMEOUT, CONNECT_TIMEOUT, ObjectKey, PARTS_PER_PAGE, S3UploadId, Storage, StorageError};

/// Attempts of an abort: parts that were in flight can arrive after it, so it is repeated until storage knows no upload.
const MAX_ABORTS: u32 = 10;

/// A page of the stored parts, ascending.
#[derive(Clone, Debug)]
pub struct PartPage {
    /// The parts.
    pub parts: Vec<StoredPart>,
    /// The part to list the next page after.
    pub next_after: Option<PartNumber>,
    /// When the latest of these parts arrived, in milliseconds since 1970, by storage's clock.
    pub newest: Option<u64>,
}

impl Storage {
    /// Begins a multipart upload.
    pub async fn create_multipart(&self, key: &ObjectKey) -> Result<S3UploadId, StorageError> {
        let call = self.client.create_multipart_upload().bucket(&*self.bucket).key(key.as_str());
        // The type of the object is fixed here, since parts carry none: no upload must ever be shown as a page.
        let answer = call.content_type(OCTET_STREAM).send().await.map_err(StorageError::from_sdk)?;
        // Now, before a whole file is sent that could not be verified.
        refuse_kms(answer.server_side_encryption())?;
        answer.upload_id.map(S3UploadId).ok_or_else(|| StorageError::Other("an upload without an id".into()))
    }

    /// One page of the stored parts, at most `limit` (1 to 1,000) of them.
    pub async fn list_part_page(
        &self,
        key: &ObjectKey,
        upload: &S3UploadId,
        after: Option<PartNumber>,
        limit: u16,
    ) -> Result<PartPage, StorageError> {
        let answer = self
            .client
            .list_parts()
            .bucket(&*self.bucket)
            .key(key.as_str())
            .upload_id(upload.as_str())
            .set_part_number_marker(after.map(|part| part.to_string()))
            .max_parts(i32::from(limit.min(PARTS_PER_PAGE)))
            .send()
            .await
            .map_err(StorageError::from_sdk)?;
        let parts = answer.parts().iter().map(stored_part).collect::<Result<Vec<_>, _>>()?;
        let more = answer.is_truncated().unwrap_or_default();
        let next_after = parts.last().filter(|_| more).map(|part| part.part_number);
        let newest = answer.parts().iter().filter_map(|part| part.last_modified()?.to_millis().ok()).max();
        Ok(PartPage { parts, next_after, newest: newest.and_then(|at| u64::try_from(at).ok()) })
    }

    /// Every stored part, ascending: all pages in one.
    pub async fn list_parts(&self, key: &ObjectKey, upload: &S3UploadId) -> Result<PartPage, StorageError> {
        let mut all = self.list_part_page(key, upload, None, PARTS_PER_PAGE).await?;
        while let Some(after) = all.next_after {
            let page = self.list_part_page(key, upload, Some(after), PARTS_PER_PAGE).await?;
            all.parts.extend(page.parts);
            all.next_after = page.next_after;
            all.newest = all.newest.max(page.newest);
        }
        Ok(all)
    }

    /// Completes the upload, unless there is an object of that key.
    ///
    /// An error inside a response of status 200 is returned as an error. The call can take minutes; after a lost
    /// response the outcome is unknown until the object is checked.
    pub async fn complete(
        &self,
        key: &ObjectKey,
        upload: &S3UploadId,
        parts: impl Iterator<Item = (PartNumber, Md5)>,
    ) -> Result<(), StorageError> {
        let parts = parts.map(|(part, digest)| {
            CompletedPart::builder().part_number(i32::from(part.get())).e_tag(format!("\"{}\"", digest.hex())).build()
        });
        self.client
            .complete_multipart_upload()
            .bucket(&*self.bucket)
            .key(key.as_str())
            .upload_id(upload.as_str())
            // An earlier attempt whose answer was lost may have written the object, and the room may list it by now.
            .if_none_match("*")
            .multipart_upload(CompletedMultipartUpload::builder().set_parts(Some(parts.collect())).build())
            .customize()
            .config_override(patient())
            .send()
            .await
            .map_err(StorageError::from_sdk)?;
        Ok(())
    }

    /// Removes the upload and its parts, and repeats that until storage reports that the upload does not exist.
    pub async fn abort(&self, key: &ObjectKey, upload: &S3UploadId) -> Result<(), StorageError> {
        for _ in 0..MAX_ABORTS {
            match self.abort_once(key, upload).await {
                Ok(()) | Err(StorageError::NoSuchUpload) => {}
                Err(error) => return Err(error),
            }
            // ListParts, since MinIO lists multipart uploads from a cache that is empty after a restart.
            match self.list_part_page(key, upload, None, 1).await {
                Err(StorageError::NoSuchUpload) => return Ok(()),
                Ok(_) => {}
                Err(error) => return Err(error),
            }
        }
        Err(StorageError::Unreachable("the upload is still listed after its abort".into()))
    }

    async fn abort_once(&self, key: &ObjectKey, upload: &S3UploadId) -> Result<(), StorageError> {
        let call = self.client.abort_multipart_upload().bucket(&*self.bucket).key(key.as_str());
        call.upload_id(upload.as_str()).send().await.map_err(StorageError::from_sdk)?;
        Ok(())
    }
}

/// A time-out for thousands of parts, and no retries: the caller checks the object before it tries again.
fn patient() -> aws_sdk_s3::config::Builder {
    let timeouts = TimeoutConfig::builder()
        .connect_timeout(CONNECT_TIMEOUT)
        .operation_attempt_timeout(COMPLETE_TIMEOUT)
        .operation_timeout(COMPLETE_TIMEOUT);
    // No retries by the SDK: after a lost answer a second complete gets NoSuchUpload, and only the object tells what
    // happened.
    Config::builder().timeout_config(timeouts.build()).retry_config(RetryConfig::disabled())
}

/// Under SSE-KMS an ETag is no MD5, so nothing could be verified.
pub(super) fn refuse_kms(encryption: Option<&ServerSideEncryption>) -> Result<(), StorageError> {
    match encryption {
        Some(ServerSideEncryption::AwsKms | ServerSideEncryption::AwsKmsDsse) => {
            Err(StorageError::Other("the bucket encrypts with KMS, which hides the MD5; use SSE-S3".into()))
        }
        _ => Ok(()),
    }
}

fn stored_part(part: &Part) -> Result<StoredPart, StorageError> {
    let number = part.part_number().and_then(|n| u16::try_from(n).ok()).and_then(PartNumber::new);
    let size = part.size().and_then(|size| u64::try_from(size).ok());
    let digest = part.e_tag().and_then(Md5::from_etag);
    match (number, size, digest) {
        (Some(part_number), Some(size), Some(digest)) => Ok(StoredPart { part_number, size, digest: Digest(digest) }),
        _ => Err(StorageError::Other("a part without a number, a size or an MD5".into())),
    }
}
