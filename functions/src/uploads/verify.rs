//! Under the lease: from parts in storage to a file in the room.
//!
//! An earlier attempt may have stopped at any line, and responses may have been lost. So each step reads the state of
//! storage first and skips what is done already.

use std::collections::BTreeMap;

use slipway_protocol::wire::digest::composite_etag;
use slipway_protocol::wire::error::ErrorCode;
use slipway_protocol::wire::id::PartNumber;
use slipway_protocol::wire::plan::Plan;
use slipway_protocol::wire::{FileInfo, StoredPart};

use super::{closed, lease, publish, remove};
use crate::app::App;
use crate::edge::error::ApiFailure;
use crate::faults::Point;
use crate::records::plan::{self, Promises};
use crate::records::upload::{self, Reason, UploadRecord};
use crate::storage::{S3UploadId, StorageError, StoredObject};

/// The state of the upload in storage.
enum InStorage {
    /// The whole object.
    Object(StoredObject),
    /// These parts are missing or not as promised.
    Lacks(Vec<PartNumber>),
    /// Neither the upload nor the object.
    Nothing,
}

/// Brings the file into the room.
pub(super) async fn run(app: &App, upload: &UploadRecord) -> Result<FileInfo, ApiFailure> {
    let promises = match plan::all(&app.tables, upload.upload_id).await {
        Ok(promises) => promises,
        // Released, or the retry would be told to wait until the lease ends.
        Err(error) => return release(app, upload, error.into()).await,
    };
    match assemble(app, upload, &promises).await {
        Ok(InStorage::Object(object)) if is_as_promised(&object, &upload.plan, &promises) => {
            app.faults.at(Point::CompleteVerified).await;
            publish::publish(app, upload, &promises, &object.etag).await
        }
        Ok(InStorage::Object(_)) => fail(app, upload, Reason::ObjectMismatch).await,
        Ok(InStorage::Nothing) => fail(app, upload, Reason::LostByStorage).await,
        Ok(InStorage::Lacks(parts)) => release(app, upload, parts_incomplete(parts)).await,
        Err(error) => release(app, upload, error.into()).await,
    }
}

async fn assemble(app: &App, upload: &UploadRecord, promises: &Promises) -> Result<InStorage, StorageError> {
    let Some(s3) = &upload.s3_upload_id else {
        // A single PUT has nothing to complete: its object is there, or was never sent.
        return match app.storage.head(&upload.object_key()).await {
            Err(StorageError::NotFound) => Ok(InStorage::Lacks(vec![PartNumber::FIRST])),
            object => object.map(InStorage::Object),
        };
    };
    let parts = match app.storage.list_parts(&upload.object_key(), s3).await {
        Ok(page) => page.parts,
        // Completed by an attempt whose response was lost, or removed.
        Err(StorageError::NoSuchUpload) => return object_or(app, upload, Ok(InStorage::Nothing)).await,
        Err(error) => return Err(error),
    };
    // Before completing, since no part can be sent again after it.
    let wrong = wrong_parts(&upload.plan, promises, &parts);
    if !wrong.is_empty() {
        return Ok(InStorage::Lacks(wrong));
    }
    app.faults.at(Point::CompleteListed).await;
    complete(app, upload, s3, promises).await
}

async fn complete(
    app: &App,
    upload: &UploadRecord,
    s3: &S3UploadId,
    promises: &Promises,
) -> Result<InStorage, StorageError> {
    let key = upload.object_key();
    // The promised ETags, not the listed ones: S3 refuses the complete if a part is another by now.
    let parts = promises.iter().map(|(part, digest)| (*part, *digest));
    let result = app.storage.complete(&key, s3, parts).await;
    app.faults.at(Point::CompleteInStorage).await;
    match result {
        Ok(()) | Err(StorageError::NoSuchUpload) => object_or(app, upload, Ok(InStorage::Nothing)).await,
        // Only this upload can write to the key, so an earlier attempt completed it.
        Err(StorageError::Precondition) => {
            // The parts of this attempt would be paid for until the rule of the bucket deletes them after 31 days.
            app.storage.abort(&key, s3).await?;
            object_or(app, upload, Ok(InStorage::Nothing)).await
        }
        // Without a response the outcome is unknown. A missing object may still appear, so that is no proof of failure.
        Err(error @ StorageError::Unreachable(_)) => object_or(app, upload, Err(error)).await,
        Err(error) => Err(error),
    }
}

async fn object_or(
    app: &App,
    upload: &UploadRecord,
    absent: Result<InStorage, StorageError>,
) -> Result<InStorage, StorageError> {
    match app.storage.head(&upload.object_key()).await {
        Err(StorageError::NotFound) => absent,
        object => object.map(InStorage::Object),
    }
}

/// Planned parts that are missing, or stored with another size or digest.
fn wrong_parts(plan: &Plan, promises: &Promises, stored: &[StoredPart]) -> Vec<PartNumber> {
    let stored: BTreeMap<_, _> = stored.iter().map(|part| (part.part_number, part)).collect();
    let is_right = |part: &PartNumber| {
        let (there, promised, range) = (stored.get(part)?, promises.get(part)?, plan.range(*part)?);
        (there.size == range.len && there.digest.0 == *promised).then_some(())
    };
    plan.parts().filter(|part| is_right(part).is_none()).collect()
}

pub(super) fn is_as_promised(object: &StoredObject, plan: &Plan, promises: &Promises) -> bool {
    let digests: Option<Vec<_>> = plan.parts().map(|part| promises.get(&part).copied()).collect();
    let expected = match (digests, plan.is_single()) {
        (None, _) => return false,
        // The ETag of a single PUT is its MD5, and that of a multipart upload the MD5 of the MD5s of its parts.
        (Some(digests), true) => digests[0].hex(),
        (Some(digests), false) => composite_etag(digests),
    };
    object.size == plan.size && object.etag == expected
}

/// The parts that are missing or wrong.
pub(super) fn parts_incomplete(parts: Vec<PartNumber>) -> ApiFailure {
    let message = format!("{} parts are missing or not as promised. Send them, then complete again.", parts.len());
    ApiFailure::new(ErrorCode::PartsIncomplete, message).parts(parts)
}

/// Releases the lease, so that the upload is open again, and returns the failure.
async fn release<T>(app: &App, upload: &UploadRecord, failure: ApiFailure) -> Result<T, ApiFailure> {
    lease::release(app, upload).await?;
    Err(failure)
}

/// Fails the upload. Its parts or object are removed now, or by the sweep.
async fn fail<T>(app: &App, upload: &UploadRecord, reason: Reason) -> Result<T, ApiFailure> {
    let failed = match app.tables.update_returning(&upload.failing(reason)).await {
        Ok(failed) => failed,
        // The lease was lost, and its new holder decides.
        Err(error) if error.refused(upload::STATE) => return Err(closed(upload)),
        Err(error) => return Err(error.into()),
    };
    // The verdict stands whether the removal works or not. The visit that was noted with the lease repeats it.
    if let Err(error) = remove::remove(app, &failed).await {
        tracing::warn!(cause = error.cause(), "a failed upload is left to sweep");
    }
    Err(closed(&failed))
}

#[cfg(test)]
mod tests {
    use slipway_protocol::wire::digest::{Digest, Md5};

    use super::*;

    const MIB: u64 = 1 << 20;

    fn part(number: u16) -> PartNumber {
        PartNumber::new(number).unwrap()
    }

    fn three_parts() -> (Plan, Promises, Vec<StoredPart>) {
        let plan = Plan::new(33 * MIB, None).unwrap();
        let promises: Promises = plan.parts().map(|part| (part, Md5::of(&part.get().to_be_bytes()))).collect();
        let stored = plan.parts().map(|part| StoredPart {
            part_number: part,
            size: plan.range(part).unwrap().len,
            digest: Digest(promises[&part]),
        });
        (plan, promises.clone(), stored.collect())
    }

    #[test]
    fn every_part_has_to_be_there_as_planned_and_promised() {
        let (plan, promises, stored) = three_parts();
        assert_eq!(wrong_parts(&plan, &promises, &stored), []);
        assert_eq!(wrong_parts(&plan, &promises, &stored[..2]), [part(3)]);
        assert_eq!(wrong_parts(&plan, &promises, &stored[1..]), [part(1)]);
        let mut short = stored.clone();
        short[1].size -= 1;
        assert_eq!(wrong_parts(&plan, &promises, &short), [part(2)]);
        let mut other = stored.clone();
        other[2].digest = Digest(Md5::of(b"other"));
        assert_eq!(wrong_parts(&plan, &promises, &other), [part(3)]);
        assert_eq!(wrong_parts(&plan, &Promises::new(), &stored), [part(1), part(2), part(3)]);
    }

    #[test]
    fn an_object_has_to_have_its_size_and_etag() {
        let (plan, promises, _) = three_parts();
        let right = StoredObject { size: 33 * MIB, etag: composite_etag(promises.values().copied()) };
        assert!(is_as_promised(&right, &plan, &promises));
        assert!(!is_as_promised(&StoredObject { size: 33 * MIB - 1, ..right.clone() }, &plan, &promises));
        assert!(!is_as_promised(&StoredObject { etag: promises[&part(1)].hex(), ..right.clone() }, &plan, &promises));
        let fewer: Promises = promises.into_iter().take(2).collect();
        assert!(!is_as_promised(&right, &plan, &fewer));
    }
}
