//! THREATS 13: whatever the filter, no log holds a token, a signature, a secret or the caller's own words.

use serde_json::{Value, json};
use slipway_protocol::wire::digest::{Digest, Md5};
use slipway_protocol::wire::link::Role;

use crate::client::NewRoom;
use crate::start::{Running, on_storage};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn logs_hold_request_ids_and_no_secrets() {
    let storage = on_storage().await;
    // Everything there is to log, of every crate.
    let mut environment = storage.environment();
    environment.push(("SLIPWAY_LOG", "trace"));
    let server = Running::start(&environment).await;
    let client = &server.client;

    let room = NewRoom::create(client).await;
    let member = room.join(client, Role::Manage).await;
    let answer = client.get(&room.path("/events?after=in-the-query"), Some(&member)).await;
    let request_id = answer.headers["x-request-id"].to_str().unwrap().to_owned();
    client.post(&room.path("/members"), Some(&member), &"in-the-body").await;
    room.try_join(client, Role::View, Some(&member)).await;
    let part = json!({ "partNumber": 1, "digest": Digest(Md5::of(b"bytes")) });
    let upload = json!({ "meta": { "v": 1, "name": "in-the-name" }, "size": 5, "firstParts": [part] });
    let started: Value = client.post(&room.path("/uploads"), Some(&member), &json!({ "uploads": [upload] })).await.ok();
    let url = started["uploads"][0]["requests"][0]["url"].as_str().expect("a signed URL").to_owned();
    let (_, signature) = url.split_once("X-Amz-Signature=").expect("a signature");
    let signature = signature.split('&').next().unwrap_or_default().to_owned();

    let text = server.stop().await;
    assert_eq!(text.matches(r#""message":"answered""#).count(), 6, "a line for each call: {text}");
    assert!(text.contains(r#""level":"TRACE""#), "the filter is obeyed: {text}");
    assert!(text.lines().all(|line| serde_json::from_str::<Value>(line).is_ok()), "JSON lines");
    assert!(text.contains(&request_id), "the call is in the log");
    assert!(text.contains("/api/rooms/{roomId}/events"), "by its route");
    let secrets = Role::ALL.map(|role| room.auth_token(role).expose());
    for secret in secrets.iter().chain([&member, &signature, &storage.minio.secret_key().to_owned()]) {
        assert!(!text.contains(secret.as_str()), "a secret is in the log");
    }
    for words in ["in-the-query", "in-the-body", "in-the-name", "X-Amz-Signature", "Signature=", "Bearer"] {
        assert!(!text.contains(words), "{words} is in the log");
    }
}
