//! A download comes as an attachment, in ranges, and only for a while.

use std::time::Duration;

use functions::storage::{Storage, StorageError};

use super::bucket::{Bucket, QUARTER_HOUR, answer, body, key, promise, send};
use super::differences::{Case, expected};

async fn a_download_is_an_attachment_that_no_browser_runs(bucket: Bucket) {
    let key = key();
    let bytes = b"<script>alert(1)</script>".to_vec();
    let request = bucket.storage.presign_single(&key, promise(&bytes), (0, QUARTER_HOUR)).await.unwrap();
    send(&request, &bytes).await;
    let url = bucket.storage.presign_get(&key, "Übung \"1\".html", QUARTER_HOUR).await.unwrap();
    let answer = reqwest::get(&url).await.unwrap();
    assert_eq!(answer.headers()["content-type"], "application/octet-stream");
    let disposition = answer.headers()["content-disposition"].to_str().unwrap();
    assert_eq!(disposition, "attachment; filename=\"_bung _1_.html\"; filename*=UTF-8''%C3%9Cbung%20_1_.html");

    let range = reqwest::Client::new().get(&url).header("range", "bytes=8-12").send().await.unwrap();
    assert_eq!(range.status(), 206);
    assert_eq!(range.bytes().await.unwrap(), bytes[8..13]);
}
on_each_storage!(a_download_is_an_attachment_that_no_browser_runs);

async fn what_is_missing_and_who_is_unknown_is_said_by_code(bucket: Bucket) {
    let get = async |storage: &Storage| {
        let url = storage.presign_get(&key(), "a", QUARTER_HOUR).await.unwrap();
        answer(reqwest::Client::new().get(url)).await.short()
    };
    assert_eq!(get(&bucket.storage).await, "404 NoSuchKey");
    let keys = bucket.credentials();
    let stranger = bucket.with_keys("nobody", keys.secret_access_key());
    assert_eq!(get(&stranger).await, expected(Case::UnknownKey, bucket.kind));
    let liar = bucket.with_keys(keys.access_key_id(), "another-secret");
    assert_eq!(get(&liar).await, "403 SignatureDoesNotMatch");
    // The answer to a HEAD has no body, and so no code.
    assert_eq!(liar.head(&key()).await, Err(StorageError::Other("status 403".into())));
}
on_each_storage!(what_is_missing_and_who_is_unknown_is_said_by_code);

async fn a_download_url_is_for_one_object_and_ends(bucket: Bucket) {
    let (key, other) = (key(), key());
    for key in [&key, &other] {
        let bytes = body(1, 100);
        let request = bucket.storage.presign_single(key, promise(&bytes), (0, QUARTER_HOUR)).await.unwrap();
        send(&request, &bytes).await;
    }
    let url = bucket.storage.presign_get(&key, "a", Duration::from_secs(1)).await.unwrap();
    let client = reqwest::Client::new();
    let swapped = url.replace(key.as_str(), other.as_str());
    assert_ne!(swapped, url);
    assert_eq!(answer(client.get(swapped)).await.code, "SignatureDoesNotMatch");
    tokio::time::sleep(Duration::from_millis(2100)).await;
    let late = answer(client.get(url)).await;
    assert_eq!((late.status, late.code.as_str()), (403, "AccessDenied"));
}
on_each_storage!(a_download_url_is_for_one_object_and_ends);
