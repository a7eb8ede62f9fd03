//! A small file is one PUT, which never replaces an object.

use functions::storage::{StorageError, StoredObject};

use super::bucket::{Bucket, QUARTER_HOUR, answer, body, key, promise, send, to_send};
use super::differences::{Case, expected};

async fn one_put_makes_the_object_with_its_md5_as_etag(bucket: Bucket) {
    for bytes in [body(1, 0), body(1, 1), body(1, 1 << 20)] {
        let key = key();
        let request = bucket.storage.presign_single(&key, promise(&bytes), (0, QUARTER_HOUR)).await.unwrap();
        assert_eq!(request.headers["content-type"], "application/octet-stream");
        assert_eq!(request.headers["if-none-match"], "*");
        assert_eq!(send(&request, &bytes).await.status, 200);
        let object = StoredObject { size: bytes.len() as u64, etag: promise(&bytes).digest.hex() };
        assert_eq!(bucket.storage.head(&key).await, Ok(object));
        assert_eq!(bucket.read(&key).await, bytes);
    }
}
on_each_storage!(one_put_makes_the_object_with_its_md5_as_etag);

async fn an_object_is_never_replaced(bucket: Bucket) {
    let key = key();
    let (first, second) = (body(1, 100), body(2, 100));
    let one = bucket.storage.presign_single(&key, promise(&first), (0, QUARTER_HOUR)).await.unwrap();
    let two = bucket.storage.presign_single(&key, promise(&second), (0, QUARTER_HOUR)).await.unwrap();
    assert_eq!(send(&one, &first).await.status, 200);
    assert_eq!(send(&two, &second).await.status, 412);
    assert_eq!(send(&one, &first).await.status, 412);
    assert_eq!(bucket.read(&key).await, first);
}
on_each_storage!(an_object_is_never_replaced);

async fn of_conditional_puts_at_once_one_is_taken(bucket: Bucket) {
    let key = key();
    let bodies = (1..=16).map(|seed| body(seed, 1000)).collect::<Vec<_>>();
    let client = reqwest::Client::new();
    let mut puts = Vec::new();
    for bytes in &bodies {
        let request = bucket.storage.presign_single(&key, promise(bytes), (0, QUARTER_HOUR)).await.unwrap();
        puts.push(answer(to_send(&client, &request, bytes)));
    }
    let sent = futures::future::join_all(puts).await;
    let taken: Vec<_> = (0..sent.len()).filter(|&at| sent[at].status == 200).collect();
    assert_eq!(taken.len(), 1, "{sent:?}");
    assert_eq!(bucket.read(&key).await, bodies[taken[0]]);
}
on_each_storage!(of_conditional_puts_at_once_one_is_taken);

async fn the_condition_cannot_be_left_out(bucket: Bucket) {
    let key = key();
    let bytes = body(1, 100);
    let mut request = bucket.storage.presign_single(&key, promise(&bytes), (0, QUARTER_HOUR)).await.unwrap();
    request.headers.remove("if-none-match");
    let sent = send(&request, &bytes).await;
    assert_eq!(sent.short(), expected(Case::HeaderLeftOut, bucket.kind));
    assert_eq!(bucket.storage.head(&key).await, Err(StorageError::NotFound));
}
on_each_storage!(the_condition_cannot_be_left_out);

async fn other_bytes_or_another_length_are_refused(bucket: Bucket) {
    let key = key();
    let request = bucket.storage.presign_single(&key, promise(&body(1, 100)), (0, QUARTER_HOUR)).await.unwrap();
    assert_eq!(send(&request, &body(2, 100)).await.code, "BadDigest");
    assert_eq!(send(&request, &body(1, 101)).await.code, "SignatureDoesNotMatch");
    assert_eq!(bucket.storage.head(&key).await, Err(StorageError::NotFound));
}
on_each_storage!(other_bytes_or_another_length_are_refused);

async fn a_deleted_object_is_gone_and_deleting_twice_is_no_error(bucket: Bucket) {
    let key = key();
    let bytes = body(1, 100);
    let request = bucket.storage.presign_single(&key, promise(&bytes), (0, QUARTER_HOUR)).await.unwrap();
    send(&request, &bytes).await;
    bucket.storage.delete(&key).await.unwrap();
    assert_eq!(bucket.storage.head(&key).await, Err(StorageError::NotFound));
    bucket.storage.delete(&key).await.unwrap();
}
on_each_storage!(a_deleted_object_is_gone_and_deleting_twice_is_no_error);

async fn a_missing_bucket_and_a_dead_server_are_different_errors(bucket: Bucket) {
    let mut elsewhere = bucket.config.clone();
    elsewhere.bucket.push_str("-missing");
    let storage = functions::storage::Storage::new(&bucket.sdk, &elsewhere);
    assert_eq!(storage.bucket_exists().await, Ok(false));
    assert_eq!(bucket.storage.bucket_exists().await, Ok(true));
    assert_eq!(bucket.storage.create_bucket().await, Ok(()), "one that is ours already");
    assert_eq!(storage.create_multipart(&key()).await, Err(StorageError::Other("NoSuchBucket".into())));

    let dead = bucket.away();
    assert!(matches!(dead.storage.head(&key()).await, Err(StorageError::Unreachable(_))));
}
on_each_storage!(a_missing_bucket_and_a_dead_server_are_different_errors);
