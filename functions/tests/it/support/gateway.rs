//! Calls as the events of an API Gateway HTTP API, payload version 2.0, through the real conversion of lambda_http.

use std::sync::LazyLock;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use functions::app::App;
use functions::edge::openapi::Routes;
use functions::routers::{self, FUNCTIONS};
use http::{HeaderMap, StatusCode};
use lambda_http::request::LambdaRequest;
use lambda_http::tower::Service as _;
use lambda_http::{Adapter, Context, LambdaEvent};
use serde_json::{Value, json};

use super::{Answer, Call};

pub(super) async fn send(app: &App, source_ip: &str, call: Call) -> Answer {
    let routes = function_of(&call);
    let event: LambdaRequest = serde_json::from_value(event(source_ip, &call)).expect("an event of version 2.0");
    let mut context = Context::default();
    context.request_id = format!("lambda-{}", functions::ids::upload_id());
    let request_id = context.request_id.clone();
    let mut function = Adapter::from(routers::serve(app.clone(), routes));
    let response = function.call(LambdaEvent::new(event, context)).await.expect("a function never fails");
    let answer = answer(&serde_json::to_value(response).expect("JSON"));
    assert_eq!(answer.headers["x-request-id"], request_id.as_str(), "Lambda's own request id");
    answer
}

/// A call's method and path, and the function that the template routes it to.
type Route = (String, String, fn() -> Routes);

/// Made once: a test sends hundreds of calls.
static ROUTES: LazyLock<Vec<Route>> =
    LazyLock::new(|| FUNCTIONS.iter().flat_map(|(_, routes)| routes_of(*routes)).collect());

fn routes_of(function: fn() -> Routes) -> Vec<Route> {
    let document = serde_json::to_value(function().into_openapi()).expect("JSON");
    let mut routes = Vec::new();
    for (path, item) in document["paths"].as_object().into_iter().flatten() {
        for method in item.as_object().into_iter().flat_map(serde_json::Map::keys) {
            routes.push((method.clone(), path.clone(), function));
        }
    }
    routes
}

/// The function of a call. For a method that is no route, the first that has the path; for what is no path, `rooms`.
fn function_of(call: &Call) -> Routes {
    let path = call.path.split('?').next().unwrap_or_default();
    let method = call.method.as_str().to_lowercase();
    let has_path = || ROUTES.iter().filter(|(_, template, _)| matches(template, path));
    let found = has_path().find(|(name, ..)| *name == method).or_else(|| has_path().next());
    found.map_or_else(routers::rooms, |(.., routes)| routes())
}

fn matches(template: &str, path: &str) -> bool {
    let (template, path): (Vec<_>, Vec<_>) = (template.split('/').collect(), path.split('/').collect());
    template.len() == path.len() && template.iter().zip(path).all(|(part, text)| part.starts_with('{') || *part == text)
}

fn event(source_ip: &str, call: &Call) -> Value {
    let (path, query) = call.path.split_once('?').unwrap_or((&call.path, ""));
    let mut headers: serde_json::Map<String, Value> = call
        .headers
        .iter()
        .map(|(name, value)| (name.to_string(), Value::from(value.to_str().unwrap_or_default())))
        .collect();
    headers.insert("host".into(), "api.example".into());
    json!({
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": path,
        "rawQueryString": query,
        "headers": headers,
        "requestContext": {
            "accountId": "123456789012",
            "apiId": "api",
            "domainName": "api.example",
            "domainPrefix": "api",
            "http": {
                "method": call.method.as_str(),
                "path": path,
                "protocol": "HTTP/1.1",
                "sourceIp": source_ip,
                "userAgent": "test"
            },
            "requestId": "gateway-request",
            "routeKey": "$default",
            "stage": "$default",
            "time": "21/Nov/2026:10:00:00 +0000",
            "timeEpoch": 1_795_255_200_000_u64
        },
        "body": call.body.as_ref().map(|body| STANDARD.encode(body)),
        "isBase64Encoded": true
    })
}

fn answer(response: &Value) -> Answer {
    let status = response["statusCode"].as_u64().and_then(|status| u16::try_from(status).ok()).expect("a status");
    let mut headers = HeaderMap::new();
    for (name, value) in response["headers"].as_object().into_iter().flatten() {
        let name: http::HeaderName = name.parse().expect("a header's name");
        headers.insert(name, value.as_str().expect("a text").parse().expect("a header's value"));
    }
    let body = response["body"].as_str().unwrap_or_default();
    let body = match response["isBase64Encoded"].as_bool() {
        Some(true) => String::from_utf8(STANDARD.decode(body).expect("base64")).expect("a text"),
        _ => body.to_owned(),
    };
    Answer { status: StatusCode::from_u16(status).expect("a status"), headers, body }
}
