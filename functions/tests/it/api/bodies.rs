//! THREATS 23: whatever is sent as a body, the answer is 4xx with a code, and names the field where there is one.

use http::Method;
use serde_json::{Value, json};
use slipway_protocol::wire::error::ErrorCode;
use slipway_protocol::wire::link::Role;

use crate::support::{Answer, Api, Call, NewRoom, both_ways};

async fn send(api: &Api, path: &str, content_type: &str, body: Vec<u8>) -> Answer {
    api.send(Call::new(Method::POST, path).header("content-type", content_type).bytes(body)).await
}

fn good() -> Value {
    serde_json::to_value(NewRoom::invented().request()).expect("JSON")
}

fn changed(change: impl FnOnce(&mut Value)) -> Vec<u8> {
    let mut body = good();
    change(&mut body);
    serde_json::to_vec(&body).expect("JSON")
}

fn without(name: &str) -> Vec<u8> {
    changed(|body| drop(body.as_object_mut().expect("an object").remove(name)))
}

both_ways! {
    async fn the_invalid_field_is_named(stack, api) {
        let cases: Vec<(Vec<u8>, Option<&str>)> = vec![
            (without("name"), Some("name")),
            (without("links"), Some("links")),
            (changed(|body| body["name"] = json!(5)), Some("name")),
            (changed(|body| body["more"] = json!(1)), Some("more")),
            (changed(|body| body["roomId"] = json!("short")), Some("roomId")),
            (changed(|body| body["links"] = json!({})), Some("links")),
            (changed(|body| body["links"][1]["role"] = json!("owner")), Some("links[1].role")),
            (changed(|body| body["links"][0]["verifier"] = json!("x")), Some("links[0].verifier")),
            (changed(|body| body["links"][0]["more"] = json!(1)), Some("links[0].more")),
            (b"".to_vec(), None),
            (b"{".to_vec(), None),
            (b"null".to_vec(), None),
            (b"[]".to_vec(), None),
            (b"\xff\xfe".to_vec(), None),
            (b"{\"name\":\"a\",\"name\":\"b\"}".to_vec(), Some("name")),
        ];
        for (body, field) in cases {
            let text = String::from_utf8_lossy(&body).into_owned();
            let error = send(&api, "/api/rooms", "application/json", body).await.failed(ErrorCode::BadRequest);
            if field.is_some() {
                assert_eq!(error.field.as_deref(), field, "{text}");
            }
        }
    }

    async fn too_large_too_deep_and_other_types_are_refused(stack, api) {
        let large = vec![b' '; (1 << 20) + 1];
        send(&api, "/api/rooms", "application/json", large).await.failed(ErrorCode::BodyTooLarge);
        let deep = format!("{{\"links\":{}", "[".repeat(200_000)).into_bytes();
        send(&api, "/api/rooms", "application/json", deep).await.failed(ErrorCode::BadRequest);
        let good = serde_json::to_vec(&good()).expect("JSON");
        for kind in ["text/plain", "application/x-www-form-urlencoded", "application/json-patch+json", ""] {
            send(&api, "/api/rooms", kind, good.clone()).await.failed(ErrorCode::UnsupportedMediaType);
        }
        assert!(send(&api, "/api/rooms", "application/json; charset=utf-8", good).await.status.is_success());
    }

    async fn an_invalid_query_is_refused(stack, api) {
        let room = NewRoom::create(&api).await;
        let manager = room.join(&api, Role::Manage).await;
        for query in ["after=-1", "after=x", "after=99999999999999999999", "after=1&after=2"] {
            for path in ["/events", "/audit"] {
                let path = room.path(&format!("{path}?{query}"));
                api.get(&path, manager.token()).await.failed(ErrorCode::BadRequest);
            }
        }
        let far = room.path("/events?after=18446744073709551615");
        assert!(api.get(&far, manager.token()).await.status.is_success());
    }
}
