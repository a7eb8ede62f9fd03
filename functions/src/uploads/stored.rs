//! The stored parts of an upload.

use slipway_protocol::wire::StoredPart;
use slipway_protocol::wire::digest::{Digest, Md5};
use slipway_protocol::wire::id::PartNumber;

use crate::app::App;
use crate::records::upload::UploadRecord;
use crate::storage::{PARTS_PER_PAGE, PartPage, StorageError};

/// A page of the stored parts. The object of a single PUT counts as its one part.
pub(super) async fn stored(
    app: &App,
    upload: &UploadRecord,
    after: Option<PartNumber>,
) -> Result<PartPage, StorageError> {
    let key = upload.object_key();
    if let Some(s3) = &upload.s3_upload_id {
        return app.storage.list_part_page(&key, s3, after, PARTS_PER_PAGE).await;
    }
    let object = match app.storage.head(&key).await {
        Ok(object) => Some(object),
        Err(StorageError::NotFound) => None,
        Err(error) => return Err(error),
    };
    // The object stands for part 1, so no page follows.
    let part = object.filter(|_| after.is_none()).and_then(|object| {
        let digest = Digest(Md5::from_etag(&object.etag)?);
        Some(StoredPart { part_number: PartNumber::FIRST, size: object.size, digest })
    });
    Ok(PartPage { parts: part.into_iter().collect(), next_after: None, newest: None })
}
