//! A presigned part URL takes exactly the bytes it was signed for.

use std::time::Duration;

use slipway_protocol::wire::id::PartNumber;

use super::bucket::{Bucket, answer, body, key, promise, send};

#[tokio::test]
async fn the_promised_bytes_are_taken_and_the_etag_is_their_md5() {
    let bucket = Bucket::new().await;
    let key = key();
    let upload = bucket.storage.create_multipart(&key).await.unwrap();
    let bytes = body(1, 70_000);
    let request = bucket.sign(&key, &upload, 3, &bytes).await;
    assert_eq!(request.headers.keys().collect::<Vec<_>>(), ["content-md5"]);
    let sent = send(&request, &bytes).await;
    assert_eq!((sent.status, sent.etag), (200, promise(&bytes).digest.hex()));
}

#[tokio::test]
async fn another_length_is_refused() {
    let bucket = Bucket::new().await;
    let key = key();
    let upload = bucket.storage.create_multipart(&key).await.unwrap();
    let bytes = body(1, 1000);
    let request = bucket.sign(&key, &upload, 1, &bytes).await;
    for wrong in [body(1, 999), body(1, 1001)] {
        let sent = send(&request, &wrong).await;
        assert_eq!((sent.status, sent.code.as_str()), (403, "SignatureDoesNotMatch"));
    }
}

#[tokio::test]
async fn other_bytes_are_refused() {
    let bucket = Bucket::new().await;
    let key = key();
    let upload = bucket.storage.create_multipart(&key).await.unwrap();
    let request = bucket.sign(&key, &upload, 1, &body(1, 1000)).await;
    let sent = send(&request, &body(2, 1000)).await;
    assert_eq!((sent.status, sent.code.as_str()), (400, "BadDigest"));
    assert!(bucket.storage.list_parts(&key, &upload).await.unwrap().parts.is_empty());
}

#[tokio::test]
async fn the_digest_cannot_be_left_out_or_replaced() {
    let bucket = Bucket::new().await;
    let key = key();
    let upload = bucket.storage.create_multipart(&key).await.unwrap();
    let (bytes, other) = (body(1, 1000), body(2, 1000));
    let mut request = bucket.sign(&key, &upload, 1, &bytes).await;
    request.headers.insert("content-md5".into(), promise(&other).digest.base64());
    let sent = send(&request, &other).await;
    assert_eq!((sent.status, sent.code.as_str()), (403, "SignatureDoesNotMatch"));
    request.headers.clear();
    let sent = send(&request, &bytes).await;
    assert_eq!((sent.status, sent.code.as_str()), (400, "AccessDenied"));
}

#[tokio::test]
async fn a_url_ends_with_its_time() {
    let bucket = Bucket::new().await;
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

#[tokio::test]
async fn a_url_is_for_one_part_of_one_upload() {
    let bucket = Bucket::new().await;
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

#[tokio::test]
async fn each_host_has_its_own_signature() {
    let bucket = Bucket::new().await;
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

#[tokio::test]
async fn a_page_of_another_origin_may_put_and_read_the_etag() {
    let bucket = Bucket::new().await;
    let key = key();
    let upload = bucket.storage.create_multipart(&key).await.unwrap();
    let bytes = body(1, 10);
    let request = bucket.sign(&key, &upload, 1, &bytes).await;
    let preflight = reqwest::Client::new()
        .request(reqwest::Method::OPTIONS, &request.url)
        .header("origin", "http://page.test")
        .header("access-control-request-method", "PUT")
        .header("access-control-request-headers", "content-md5,content-type,if-none-match");
    let headers = preflight.send().await.unwrap().error_for_status().unwrap().headers().clone();
    assert!(headers["access-control-allow-methods"].to_str().unwrap().contains("PUT"));
    let allowed = headers["access-control-allow-headers"].to_str().unwrap().to_ascii_lowercase();
    assert!(allowed.contains("content-md5") && allowed.contains("if-none-match"), "{allowed}");

    let mut put = reqwest::Client::new().put(&request.url).body(bytes.clone()).header("origin", "http://page.test");
    put = put.header("content-md5", &request.headers["content-md5"]);
    let headers = put.send().await.unwrap().headers().clone();
    assert!(headers.contains_key("access-control-allow-origin"));
    let exposed = headers["access-control-expose-headers"].to_str().unwrap().to_ascii_lowercase();
    assert!(exposed.contains("etag"), "{exposed}");
}

#[tokio::test]
async fn nobody_gets_in_without_a_signature() {
    let bucket = Bucket::new().await;
    let key = key();
    let url = format!("{}/{}/{key}", bucket.endpoint(), bucket.config.bucket);
    let sent = answer(reqwest::Client::new().put(&url).body("x")).await;
    assert_eq!((sent.status, sent.code.as_str()), (403, "AccessDenied"));
    let sent = answer(reqwest::Client::new().get(&url)).await;
    assert_eq!((sent.status, sent.code.as_str()), (403, "AccessDenied"));
}
