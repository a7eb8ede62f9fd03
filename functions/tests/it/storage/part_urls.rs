//! A presigned part URL takes exactly the bytes it was signed for.

use std::time::Duration;

use slipway_protocol::wire::id::PartNumber;

use super::bucket::{Bucket, answer, body, key, promise, send, try_send};
use super::differences::{Case, expected};

async fn the_promised_bytes_are_taken_and_the_etag_is_their_md5(bucket: Bucket) {
    let key = key();
    let upload = bucket.storage.create_multipart(&key).await.unwrap();
    let bytes = body(1, 70_000);
    let request = bucket.sign(&key, &upload, 3, &bytes).await;
    assert_eq!(request.headers.keys().collect::<Vec<_>>(), ["content-md5"]);
    let sent = send(&request, &bytes).await;
    assert_eq!((sent.status, sent.etag), (200, promise(&bytes).digest.hex()));
}
on_each_storage!(the_promised_bytes_are_taken_and_the_etag_is_their_md5);

async fn another_length_is_refused(bucket: Bucket) {
    let key = key();
    let upload = bucket.storage.create_multipart(&key).await.unwrap();
    let bytes = body(1, 1000);
    let request = bucket.sign(&key, &upload, 1, &bytes).await;
    for wrong in [body(1, 999), body(1, 1001)] {
        let sent = send(&request, &wrong).await;
        assert_eq!((sent.status, sent.code.as_str()), (403, "SignatureDoesNotMatch"));
    }
}
on_each_storage!(another_length_is_refused);

async fn other_bytes_are_refused(bucket: Bucket) {
    let key = key();
    let upload = bucket.storage.create_multipart(&key).await.unwrap();
    let request = bucket.sign(&key, &upload, 1, &body(1, 1000)).await;
    let sent = send(&request, &body(2, 1000)).await;
    assert_eq!((sent.status, sent.code.as_str()), (400, "BadDigest"));
    assert!(bucket.storage.list_parts(&key, &upload).await.unwrap().parts.is_empty());
}
on_each_storage!(other_bytes_are_refused);

async fn the_digest_cannot_be_left_out_or_replaced(bucket: Bucket) {
    let key = key();
    let upload = bucket.storage.create_multipart(&key).await.unwrap();
    let (bytes, other) = (body(1, 1000), body(2, 1000));
    let mut request = bucket.sign(&key, &upload, 1, &bytes).await;
    request.headers.insert("content-md5".into(), promise(&other).digest.base64());
    let sent = send(&request, &other).await;
    assert_eq!((sent.status, sent.code.as_str()), (403, "SignatureDoesNotMatch"));
    request.headers.clear();
    let sent = send(&request, &bytes).await;
    assert_eq!(sent.short(), expected(Case::HeaderLeftOut, bucket.kind));
}
on_each_storage!(the_digest_cannot_be_left_out_or_replaced);

/// A browser must be able to tell a refusal from a broken connection.
async fn a_refusal_is_answered_also_where_the_body_is_large(bucket: Bucket) {
    let key = key();
    let upload = bucket.storage.create_multipart(&key).await.unwrap();
    let bytes = body(1, 16 << 20);
    let mut request = bucket.sign(&key, &upload, 1, &bytes).await;
    request.headers.insert("content-md5".into(), promise(b"other").digest.base64());
    let sent = try_send(&request, &bytes).await.map_or("connection lost".into(), |sent| sent.short());
    let expected = expected(Case::LargeRefusal, bucket.kind);
    assert!(expected.split(" or ").any(|one| one == sent), "{sent} in place of {expected}");
}
on_each_storage!(a_refusal_is_answered_also_where_the_body_is_large);

async fn a_part_that_is_sent_again_replaces_the_first(bucket: Bucket) {
    let key = key();
    let upload = bucket.storage.create_multipart(&key).await.unwrap();
    for bytes in [body(1, 1000), body(2, 2000)] {
        bucket.put_part(&key, &upload, 1, &bytes).await;
        let parts = bucket.storage.list_parts(&key, &upload).await.unwrap().parts;
        let stored: Vec<_> = parts.iter().map(|part| (part.size, part.digest.0)).collect();
        assert_eq!(stored, [(bytes.len() as u64, promise(&bytes).digest)]);
    }
}
on_each_storage!(a_part_that_is_sent_again_replaces_the_first);

async fn a_url_ends_with_its_time(bucket: Bucket) {
    let key = key();
    let upload = bucket.storage.create_multipart(&key).await.unwrap();
    let bytes = body(1, 10);
    let one_second = (0, Duration::from_secs(1));
    let request =
        bucket.storage.presign_part(&key, &upload, PartNumber::FIRST, promise(&bytes), one_second).await.unwrap();
    tokio::time::sleep(Duration::from_millis(2100)).await;
    let sent = send(&request, &bytes).await;
    assert_eq!((sent.status, sent.code.as_str()), (403, "AccessDenied"));
    assert!(sent.text.contains("Request has expired"), "{}", sent.text);
}
on_each_storage!(a_url_ends_with_its_time);

async fn a_url_is_for_one_part_of_one_upload(bucket: Bucket) {
    let key = key();
    let upload = bucket.storage.create_multipart(&key).await.unwrap();
    let other = bucket.storage.create_multipart(&key).await.unwrap();
    let bytes = body(1, 10);
    let request = bucket.sign(&key, &upload, 1, &bytes).await;
    let mut elsewhere = request.clone();
    elsewhere.url = request.url.replace("partNumber=1", "partNumber=2");
    assert_eq!(send(&elsewhere, &bytes).await.code, "SignatureDoesNotMatch");
    elsewhere.url = request.url.replace(upload.as_str(), other.as_str());
    assert_ne!(elsewhere.url, request.url);
    assert_eq!(send(&elsewhere, &bytes).await.code, "SignatureDoesNotMatch");
}
on_each_storage!(a_url_is_for_one_part_of_one_upload);

async fn each_host_has_its_own_signature(bucket: Bucket) {
    let key = key();
    let upload = bucket.storage.create_multipart(&key).await.unwrap();
    let bytes = body(1, 10);
    let local = bucket.endpoint().replace("127.0.0.1", "localhost");
    let storage = bucket.through(bucket.endpoint(), &[bucket.endpoint(), &local]);
    assert_eq!(storage.hosts(), 2);
    for (host, endpoint) in [bucket.endpoint(), &local].into_iter().enumerate() {
        let lane = (u8::try_from(host).unwrap(), Duration::from_secs(60));
        let request = storage.presign_part(&key, &upload, PartNumber::FIRST, promise(&bytes), lane).await.unwrap();
        assert!(request.url.starts_with(endpoint), "{host}");
        assert_eq!(send(&request, &bytes).await.status, 200, "{host}");
    }
    // As a page asks that was loaded when there were three.
    let lane = (2, Duration::from_secs(60));
    let request = storage.presign_part(&key, &upload, PartNumber::FIRST, promise(&bytes), lane).await.unwrap();
    assert!(request.url.starts_with(bucket.endpoint()), "{}", request.url);
    assert_eq!(send(&request, &bytes).await.status, 200);
}
on_each_storage!(each_host_has_its_own_signature);

async fn nobody_gets_in_without_a_signature(bucket: Bucket) {
    let key = key();
    let url = format!("{}/{}/{key}", bucket.endpoint(), bucket.config.bucket);
    let sent = answer(reqwest::Client::new().put(&url).body("x")).await;
    assert_eq!((sent.status, sent.code.as_str()), (403, "AccessDenied"));
    let sent = answer(reqwest::Client::new().get(&url)).await;
    assert_eq!((sent.status, sent.code.as_str()), (403, "AccessDenied"));
}
on_each_storage!(nobody_gets_in_without_a_signature);
