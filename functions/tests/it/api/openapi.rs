//! The OpenAPI document and the routes are the same.

use std::collections::BTreeSet;

use functions::routers::{self, FUNCTIONS};
use http::Method;
use serde_json::Value;
use slipway_protocol::wire::error::ErrorCode;

use crate::support::{Call, both_ways};

/// The table of DESIGN.md.
const CALLS: [&str; 21] = [
    "DELETE /api/files/{fileId}",
    "DELETE /api/rooms/{roomId}/links/{role}",
    "DELETE /api/rooms/{roomId}/members/{memberId}",
    "DELETE /api/uploads/{uploadId}",
    "GET /api/health",
    "GET /api/openapi.json",
    "GET /api/rooms/{roomId}",
    "GET /api/rooms/{roomId}/audit",
    "GET /api/rooms/{roomId}/events",
    "GET /api/rooms/{roomId}/files",
    "GET /api/uploads/{uploadId}",
    "GET /api/uploads/{uploadId}/progress",
    "POST /api/files/{fileId}/downloads",
    "POST /api/rooms",
    "POST /api/rooms/{roomId}/completions",
    "POST /api/rooms/{roomId}/links/{role}",
    "POST /api/rooms/{roomId}/members",
    "POST /api/rooms/{roomId}/uploads",
    "POST /api/uploads/{uploadId}/adopt",
    "POST /api/uploads/{uploadId}/complete",
    "POST /api/uploads/{uploadId}/parts",
];

fn document() -> Value {
    serde_json::to_value(routers::document()).unwrap()
}

fn documented() -> BTreeSet<String> {
    calls_of(&document())
}

fn calls_of(document: &Value) -> BTreeSet<String> {
    let paths = document["paths"].as_object().unwrap().iter();
    paths
        .flat_map(|(path, item)| {
            item.as_object().unwrap().keys().map(move |method| format!("{} {path}", method.to_uppercase()))
        })
        .collect()
}

#[test]
fn the_calls_are_those_of_the_design() {
    let designed = CALLS.map(str::to_owned).into();
    assert_eq!(documented(), designed);
}

#[test]
fn every_call_is_of_one_function() {
    let mut all = Vec::new();
    for (name, routes) in FUNCTIONS {
        let calls = calls_of(&serde_json::to_value(routes().into_openapi()).unwrap());
        assert!(!calls.is_empty(), "{name} serves nothing");
        all.extend(calls);
    }
    let once: BTreeSet<_> = all.iter().collect();
    assert_eq!(once.len(), all.len(), "a call is routed to one function: {all:?}");
}

#[test]
fn every_reference_leads_somewhere() {
    let document = document();
    let mut references = BTreeSet::new();
    collect_references(&document, &mut references);
    assert!(references.len() > 20);
    for reference in references {
        let pointer = reference.strip_prefix('#').expect("a reference into the document");
        assert!(document.pointer(pointer).is_some(), "{reference}");
    }
}

fn collect_references(value: &Value, into: &mut BTreeSet<String>) {
    match value {
        Value::Object(map) => {
            into.extend(map.get("$ref").and_then(Value::as_str).map(str::to_owned));
            map.values().for_each(|value| collect_references(value, into));
        }
        Value::Array(list) => list.iter().for_each(|value| collect_references(value, into)),
        _ => {}
    }
}

#[test]
fn every_call_tells_its_answers_and_its_token() {
    let document = document();
    for call in documented() {
        let (method, path) = call.split_once(' ').unwrap();
        let operation = &document["paths"][path][method.to_lowercase()];
        assert!(operation["summary"].is_string(), "{call}: what it does");
        let answers = operation["responses"].as_object().unwrap();
        assert!(answers.keys().any(|status| status.starts_with('2')), "{call}: an answer that is good");
        if path.contains('{') {
            assert!(answers.contains_key("404") && answers.contains_key("429"), "{call}: its errors");
            assert!(operation["security"].is_array(), "{call}: its token");
            assert!(operation["parameters"].is_array(), "{call}: its parameters");
        }
    }
    assert_eq!(document["openapi"], "3.1.0");
}

both_ways! {
    /// A route that the document has and the router has not would be a 404 or 405 without a token.
    async fn every_documented_call_is_routed(stack, api) {
        for call in documented() {
            let (method, path) = call.split_once(' ').unwrap();
            let id = functions::ids::upload_id().to_string();
            let path = path.replace("{role}", "view").replace("{roomId}", &id).replace("{uploadId}", &id);
            let path = path.replace("{fileId}", &id).replace("{memberId}", &id);
            let answer = api.send(Call::new(method.parse().unwrap(), &path)).await;
            let expected: &[u16] = match call.as_str() {
                "GET /api/health" | "GET /api/openapi.json" => &[200],
                "POST /api/rooms" | "POST /api/rooms/{roomId}/members" => &[415],
                _ => &[401],
            };
            assert!(expected.contains(&answer.status.as_u16()), "{call}: {} {}", answer.status, answer.body);
            let other = api.send(Call::new(Method::PATCH, &path)).await;
            other.failed(ErrorCode::MethodNotAllowed);
        }
    }

    async fn the_document_is_served(stack, api) {
        let served: Value = api.get("/api/openapi.json", None).await.ok();
        assert_eq!(served, document());
    }
}
