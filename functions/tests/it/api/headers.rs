//! Headers of every answer, and calls from other origins.

use http::Method;
use slipway_protocol::calls;
use slipway_protocol::wire::error::ErrorCode;

use crate::support::{Call, NewRoom, Stack, both_ways};

both_ways! {
    async fn answers_are_not_kept_and_open_nothing(stack, api) {
        for answer in [api.call(&calls::GetHealth {}, None).await, api.get("/api/rooms/x", None).await] {
            assert_eq!(answer.headers["cache-control"], "no-store");
            assert_eq!(answer.headers["x-content-type-options"], "nosniff");
            assert_eq!(answer.headers["referrer-policy"], "no-referrer");
            assert!(answer.headers["content-security-policy"].to_str().unwrap().contains("default-src 'none'"));
            assert!(answer.headers.contains_key("x-request-id"));
            assert!(!answer.headers.contains_key("set-cookie"));
            assert!(!answer.headers.contains_key("access-control-allow-origin"));
        }
    }

    async fn a_callers_request_id_is_not_taken_over(stack, api) {
        let call = Call::of(&calls::GetHealth {}).header("x-request-id", "forged");
        assert_ne!(api.send(call).await.headers["x-request-id"], "forged");
    }
}

/// THREATS 14.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_listed_origins_may_read() {
    let stack = Stack::start(|config| config.page_origins = vec!["https://page.example".into()]).await;
    for api in [stack.http(), stack.gateway()] {
        let preflight = |origin: &str| {
            Call::new(Method::OPTIONS, "/api/rooms")
                .header("origin", origin)
                .header("access-control-request-method", "POST")
                .header("access-control-request-headers", "authorization,content-type")
        };
        let answer = api.send(preflight("https://page.example")).await;
        assert_eq!(answer.status, 204);
        assert_eq!(answer.headers["access-control-allow-origin"], "https://page.example");
        assert!(answer.headers["access-control-allow-headers"].to_str().unwrap().contains("authorization"));
        assert!(!answer.headers.contains_key("access-control-allow-credentials"));

        let call = Call::of(&calls::CreateRoom { body: NewRoom::invented().request() });
        let answer = api.send(call.clone().header("origin", "https://page.example")).await;
        assert_eq!(answer.headers["access-control-allow-origin"], "https://page.example");
        assert_eq!(answer.headers["vary"], "origin");

        for origin in ["https://page.example.evil", "http://page.example", "null"] {
            let answer = api.send(preflight(origin)).await;
            assert!(!answer.headers.contains_key("access-control-allow-origin"), "{origin}");
            answer.failed(ErrorCode::MethodNotAllowed);
        }
    }
}
