//! Behind a CDN the API answers to nobody else: by its own name every call but health is refused.

use functions::app::App;
use functions::config::TableEndpoint;
use functions::edge::source::CdnSecret;
use functions::routers;
use http::Method;
use slipway_protocol::calls;
use slipway_protocol::wire::error::ErrorCode;

use crate::support::{Api, Call, NewRoom, Stack};

const SECRET: &str = "a-secret-of-the-cdn-that-is-long-enough";
const WRONG: [Option<&str>; 4] = [None, Some(""), Some("wrong"), Some("a-secret-of-the-cdn-that-is-long-enougH")];

async fn stack() -> Stack {
    Stack::start(|config| config.cdn_secret = CdnSecret::new(SECRET)).await
}

/// Every route with ids that are well formed, and what is no route.
fn every_call() -> Vec<Call> {
    let id = "A".repeat(22);
    let routes = routers::served().into_keys().map(|route| {
        let (method, path) = route.split_once(' ').expect("a method and a path");
        let names = ["{roomId}", "{memberId}", "{uploadId}", "{fileId}"];
        let path = names.iter().fold(path.replace("{role}", "view"), |path, name| path.replace(name, &id));
        Call::new(method.parse().expect("a method"), &path)
    });
    let others = [
        Call::new(Method::GET, "/api/nothing"),
        Call::new(Method::GET, "/api/health/more"),
        Call::new(Method::POST, "/api/health"),
        Call::new(Method::OPTIONS, "/api/rooms")
            .header("origin", "https://page.example")
            .header("access-control-request-method", "POST"),
    ];
    routes.chain(others).filter(|call| (&call.method, call.path.as_str()) != (&Method::GET, "/api/health")).collect()
}

fn shown(call: Call, secret: Option<&str>) -> Call {
    secret.into_iter().fold(call, |call, secret| call.header("x-slipway-cdn", secret))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn past_the_cdn_every_call_but_health_is_refused() {
    let stack = stack().await;
    assert!(every_call().len() > 20);
    for api in [stack.http(), stack.gateway()] {
        for call in every_call() {
            for secret in WRONG {
                let what = format!("{} {}", call.method, call.path);
                let answer = api.send(shown(call.clone(), secret)).await;
                assert_eq!(answer.status, 403, "{what}");
                let error = answer.failed(ErrorCode::WrongAddress);
                assert!(!error.message.contains("cdn") && !error.message.contains("secret"), "{}", error.message);
            }
        }
        assert!(api.call(&calls::GetHealth {}, None).await.status.is_success(), "what watches the API asks for it");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn by_the_cdn_the_api_answers_as_ever() {
    let stack = stack().await;
    for api in [stack.http(), stack.gateway()] {
        let create = Call::of(&calls::CreateRoom { body: NewRoom::invented().request() });
        assert_eq!(api.send(shown(create, Some(SECRET))).await.status, 201);
        let nothing = Call::new(Method::GET, "/api/nothing");
        api.send(shown(nothing, Some(SECRET))).await.failed(ErrorCode::NotFound);
    }
}

/// With a table that is away, whatever reads it would be unavailable.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_refused_reads_no_table() {
    let stack = stack().await;
    let mut config = (*stack.app.config).clone();
    config.table_endpoint = TableEndpoint::Url("http://127.0.0.1:9".into());
    let api = Api::gateway(App::connect(config));
    let create = Call::of(&calls::CreateRoom { body: NewRoom::invented().request() });
    api.send(create.clone()).await.failed(ErrorCode::WrongAddress);
    api.send(shown(create, Some(SECRET))).await.failed(ErrorCode::Unavailable);
}
