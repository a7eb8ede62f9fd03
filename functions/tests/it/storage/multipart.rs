//! Listing, completing and aborting multipart uploads.

use functions::storage::{ObjectKey, PARTS_PER_PAGE, S3UploadId, StorageError};
use slipway_protocol::wire::digest::{Md5, composite_etag};
use slipway_protocol::wire::id::PartNumber;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::bucket::{Bucket, body, key, send};
use super::differences::{Case, expected};

const FIVE_MIB: usize = 5 << 20;

fn part(number: u16) -> PartNumber {
    PartNumber::new(number).unwrap()
}

/// An upload with a part of 5 MiB and a last one of 10 bytes, both stored.
async fn two_parts(bucket: &Bucket, key: &ObjectKey) -> (S3UploadId, Vec<(PartNumber, Md5)>) {
    let upload = bucket.storage.create_multipart(key).await.unwrap();
    let bodies = [body(1, FIVE_MIB), body(2, 10)];
    for (number, bytes) in (1..).zip(&bodies) {
        bucket.put_part(key, &upload, number, bytes).await;
    }
    (upload, (1..).map(part).zip(bodies.iter().map(|bytes| Md5::of(bytes))).collect())
}

async fn a_complete_object_has_the_composite_etag(bucket: Bucket) {
    let key = key();
    let (upload, parts) = two_parts(&bucket, &key).await;
    bucket.storage.complete(&key, &upload, parts.iter().copied()).await.unwrap();
    let object = bucket.storage.head(&key).await.unwrap();
    assert_eq!(object.size, FIVE_MIB as u64 + 10);
    assert_eq!(object.etag, composite_etag(parts.into_iter().map(|(_, digest)| digest)));
    assert_eq!(bucket.read(&key).await, [body(1, FIVE_MIB), body(2, 10)].concat());
}
on_each_storage!(a_complete_object_has_the_composite_etag);

async fn a_second_complete_changes_nothing(bucket: Bucket) {
    let key = key();
    let (upload, parts) = two_parts(&bucket, &key).await;
    bucket.storage.complete(&key, &upload, parts.iter().copied()).await.unwrap();
    let again = bucket.storage.complete(&key, &upload, parts.iter().copied()).await;
    // Whatever it says, the object's ETag decides.
    let said = match again {
        Ok(()) => "200",
        Err(StorageError::NoSuchUpload) => "404 NoSuchUpload",
        Err(StorageError::Precondition) => "412 PreconditionFailed",
        Err(other) => panic!("{other}"),
    };
    assert_eq!(said, expected(Case::CompleteAgain, bucket.kind));
    let object = bucket.storage.head(&key).await.unwrap();
    assert_eq!(object.etag, composite_etag(parts.into_iter().map(|(_, digest)| digest)));
    assert_eq!(bucket.storage.list_parts(&key, &upload).await.unwrap_err(), StorageError::NoSuchUpload);
}
on_each_storage!(a_second_complete_changes_nothing);

async fn complete_does_not_replace_an_object(bucket: Bucket) {
    let key = key();
    let (one, parts) = two_parts(&bucket, &key).await;
    let (two, same_parts) = two_parts(&bucket, &key).await;
    bucket.storage.complete(&key, &one, parts.into_iter()).await.unwrap();
    let refused = bucket.storage.complete(&key, &two, same_parts.into_iter()).await;
    assert_eq!(refused, Err(StorageError::Precondition));
}
on_each_storage!(complete_does_not_replace_an_object);

async fn a_part_with_another_etag_cannot_be_completed(bucket: Bucket) {
    let key = key();
    let (upload, mut parts) = two_parts(&bucket, &key).await;
    parts[1].1 = Md5::of(b"something else");
    let refused = bucket.storage.complete(&key, &upload, parts.into_iter()).await;
    assert_eq!(refused, Err(StorageError::Other("InvalidPart".into())));
    assert_eq!(bucket.storage.head(&key).await, Err(StorageError::NotFound));
}
on_each_storage!(a_part_with_another_etag_cannot_be_completed);

async fn a_small_part_in_the_middle_cannot_be_completed(bucket: Bucket) {
    let key = key();
    let upload = bucket.storage.create_multipart(&key).await.unwrap();
    let bytes = body(1, 100);
    for number in [1, 2] {
        bucket.put_part(&key, &upload, number, &bytes).await;
    }
    let parts = [part(1), part(2)].map(|number| (number, Md5::of(&bytes)));
    let refused = bucket.storage.complete(&key, &upload, parts.into_iter()).await;
    assert_eq!(refused, Err(StorageError::Other("EntityTooSmall".into())));
}
on_each_storage!(a_small_part_in_the_middle_cannot_be_completed);

async fn after_an_abort_the_upload_does_not_exist(bucket: Bucket) {
    let key = key();
    let (upload, parts) = two_parts(&bucket, &key).await;
    let late = body(3, 100);
    let request = bucket.sign(&key, &upload, 3, &late).await;
    bucket.storage.abort(&key, &upload).await.unwrap();
    assert_eq!(bucket.storage.list_parts(&key, &upload).await.unwrap_err(), StorageError::NoSuchUpload);
    assert_eq!(send(&request, &late).await.code, "NoSuchUpload");
    let refused = bucket.storage.complete(&key, &upload, parts.into_iter()).await;
    assert_eq!(refused, Err(StorageError::NoSuchUpload));
    bucket.storage.abort(&key, &upload).await.expect("a second abort is no error");
}
on_each_storage!(after_an_abort_the_upload_does_not_exist);

/// 999, 1,000 and 1,001 parts: below, at and above one page. Parts of a byte can be listed, if not completed.
async fn listing_goes_through_all_pages(bucket: Bucket) {
    let key = key();
    let upload = bucket.storage.create_multipart(&key).await.unwrap();
    let mut stored = 0;
    for count in [999, 1000, 1001] {
        put_tiny_parts(&bucket, &key, &upload, stored + 1..=count).await;
        stored = count;
        let page = bucket.storage.list_part_page(&key, &upload, None, PARTS_PER_PAGE).await.unwrap();
        assert_eq!(page.next_after, (count == 1001).then(|| part(1000)), "{count}");
        let all = bucket.storage.list_parts(&key, &upload).await.unwrap();
        assert_eq!(all.parts.iter().map(|p| p.part_number.get()).collect::<Vec<_>>(), (1..=count).collect::<Vec<_>>());
        assert!(all.next_after.is_none() && all.newest.is_some());
    }
    let tail = bucket.storage.list_part_page(&key, &upload, Some(part(998)), 2).await.unwrap();
    assert_eq!(tail.parts.iter().map(|p| p.part_number.get()).collect::<Vec<_>>(), [999, 1000]);
    assert_eq!(tail.next_after, Some(part(1000)));
}
on_each_storage!(listing_goes_through_all_pages);

async fn put_tiny_parts(bucket: &Bucket, key: &ObjectKey, upload: &S3UploadId, numbers: std::ops::RangeInclusive<u16>) {
    use futures::StreamExt as _;
    let puts = numbers.map(|number| bucket.put_part(key, upload, number, b"x"));
    futures::stream::iter(puts).buffer_unordered(16).collect::<Vec<_>>().await;
}

/// S3 sends 200 before it knows, and can find out later. MinIO cannot be made to: one answer is written by hand.
#[tokio::test]
async fn an_error_inside_a_200_is_an_error() {
    let body = "<?xml version=\"1.0\"?>\n<Error><Code>InternalError</Code><Message>try again</Message></Error>";
    let head = format!("HTTP/1.1 200 OK\r\ncontent-type: application/xml\r\ncontent-length: {}\r\n\r\n", body.len());
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        let (mut socket, _) = listener.accept().await.unwrap();
        let mut request = [0; 16 * 1024];
        let _ = socket.read(&mut request).await.unwrap();
        socket.write_all(format!("{head}{body}").as_bytes()).await.unwrap();
    });
    let bucket = Bucket::new().await;
    let storage = bucket.through(&endpoint, &[]);
    let upload = S3UploadId("any".into());
    let refused = storage.complete(&key(), &upload, [(part(1), Md5::of(b""))].into_iter()).await;
    assert_eq!(refused, Err(StorageError::Unreachable("InternalError".into())));
}
