//! THREATS 13: whatever the filter, no log holds a token, a signature, a secret or the caller's own words.

use http::Method;
use serde_json::{Value, json};
use slipway_protocol::wire::digest::{Digest, Md5};
use slipway_protocol::wire::link::Role;

use super::dev_server::{Running, on_storage};
use crate::support::{Call, NewRoom};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn logs_hold_request_ids_and_no_secrets() {
    let storage = on_storage().await;
    // Everything there is to log, of every crate.
    let mut environment = storage.environment();
    environment.push(("SLIPWAY_LOG", "trace"));
    let server = Running::start(&environment).await;
    let api = &server.api;

    let room = NewRoom::create(api).await;
    let member = room.join(api, Role::Manage).await;
    let answer = api.get(&room.path("/events?after=in-the-query"), member.token()).await;
    let request_id = answer.headers["x-request-id"].to_str().unwrap().to_owned();
    api.send(Call::new(Method::POST, &room.path("/members")).json(&"in-the-body").token(member.token())).await;
    room.try_join(api, Role::View, member.token()).await;
    let part = json!({ "partNumber": 1, "digest": Digest(Md5::of(b"bytes")) });
    let upload = json!({ "meta": { "v": 1, "name": "in-the-name" }, "size": 5, "firstParts": [part] });
    let started: Value = api.post(&room.path("/uploads"), member.token(), &json!({ "uploads": [upload] })).await.ok();
    let url = started["uploads"][0]["requests"][0]["url"].as_str().expect("a signed URL").to_owned();
    let (_, signature) = url.split_once("X-Amz-Signature=").expect("a signature");
    let signature = signature.split('&').next().unwrap_or_default().to_owned();

    let text = server.stop().await;
    assert_eq!(text.matches(r#""message":"answered""#).count(), 6, "a line for each call: {text}");
    assert!(text.contains(r#""level":"TRACE""#), "the filter is obeyed: {text}");
    assert!(text.lines().all(|line| serde_json::from_str::<Value>(line).is_ok()), "JSON lines");
    assert!(text.contains(&request_id), "the call is in the log");
    assert!(text.contains("/api/rooms/{roomId}/events"), "by its route");
    let secrets = Role::ALL.map(|role| room.secret(role).auth_token(room.id).expose());
    for secret in secrets.iter().chain([&member.token, &signature, &storage.minio.secret_key().to_owned()]) {
        assert!(!text.contains(secret.as_str()), "a secret is in the log");
    }
    for words in ["in-the-query", "in-the-body", "in-the-name", "X-Amz-Signature", "Signature=", "Bearer"] {
        assert!(!text.contains(words), "{words} is in the log");
    }
}
