//! The calls of protocol and the OpenAPI document are the same, both ways.

use std::any::type_name;
use std::collections::BTreeSet;

use functions::routers;
use serde_json::Value;
use slipway_protocol::calls::examples::{Visitor, visit};
use slipway_protocol::calls::{Access, BASE, Call, Done, Fault, Json as _, Reply, Request, Route, SerdeJson};
use slipway_protocol::wire::error::ErrorCode;

use crate::support::schema::Schemas;

/// Documented, and not a call: the document itself, which tools read and clients do not.
const NOT_A_CALL: [&str; 1] = ["GET /api/openapi.json"];
/// Answers that read only a part of what the document has.
const PARTIAL: [&str; 1] = ["Removals"];

#[test]
fn every_call_is_documented_and_every_operation_is_a_call() {
    let mut compared = Compared { schemas: Schemas::of(routers::document()), seen: BTreeSet::new() };
    visit(&mut compared);
    let exempt = NOT_A_CALL.map(str::to_owned);
    let mut documented = compared.schemas.operations();
    assert!(exempt.iter().all(|name| documented.remove(name)), "an exemption that is of no use any more");
    assert_eq!(compared.seen, documented);
}

struct Compared {
    schemas: Schemas,
    seen: BTreeSet<String>,
}

impl Visitor for Compared {
    fn call<C: Call>(&mut self, call: &C) {
        let (route, request) = (C::ROUTE, call.request::<SerdeJson>());
        let template = format!("{BASE}{}", with_documented_names(route.path));
        let operation = self.schemas.operation(&template, route.method.as_str());
        self.seen.insert(format!("{} {template}", route.method));
        assert_path(&template, &request);
        assert_access(&route, &operation);
        self.assert_parameters(&template, &operation, &request);
        self.assert_body::<C>(&operation, &request);
        self.assert_answers(call, &operation);
        self.assert_errors(&operation);
    }
}

/// `{room}` → `{roomId}`.
fn with_documented_names(path: &str) -> String {
    ["room", "upload", "file", "member"]
        .iter()
        .fold(path.to_owned(), |path, name| path.replace(&format!("{{{name}}}"), &format!("{{{name}Id}}")))
}

/// The path that is sent has the shape of the template.
fn assert_path(template: &str, request: &Request) {
    let path = format!("{BASE}{}", request.path.split('?').next().unwrap());
    let (expected, found): (Vec<_>, Vec<_>) = (template.split('/').collect(), path.split('/').collect());
    assert_eq!(expected.len(), found.len(), "{template} {path}");
    for (expected, found) in expected.iter().zip(found) {
        assert!(*expected == found || (expected.starts_with('{') && !found.contains(['{', '}'])), "{template} {path}");
    }
}

fn assert_access(route: &Route, operation: &Value) {
    let documented = match operation.get("security").map(Value::to_string).as_deref() {
        None => Access::Open,
        Some(r#"[{},{"member":[]}]"#) => Access::Joining,
        Some(r#"[{"member":[]}]"#) => Access::Member,
        Some(other) => panic!("{}: {other}", route.name),
    };
    assert_eq!(route.access, documented, "{}", route.name);
}

impl Compared {
    /// The example carries every parameter that there is.
    fn assert_parameters(&self, template: &str, operation: &Value, request: &Request) {
        let of = |place: &'static str| {
            let all = operation["parameters"].as_array().into_iter().flatten();
            all.filter(move |parameter| parameter["in"] == place)
        };
        let names = |place| of(place).map(|parameter| parameter["name"].as_str().unwrap()).collect::<BTreeSet<_>>();
        let in_braces = template.split('{').skip(1).map(|rest| rest.split('}').next().unwrap());
        assert_eq!(names("path"), in_braces.collect(), "{template}");

        let query = request.path.split_once('?').map(|(_, query)| query.split_once('=').unwrap());
        assert_eq!(names("query"), query.iter().map(|(name, _)| *name).collect(), "{template}");
        for (parameter, (_, value)) in of("query").zip(query) {
            let value = value.parse().map_or_else(|_| Value::from(value), |number: u64| Value::from(number));
            self.schemas.assert_fits(&parameter["schema"], &value, template);
        }

        let headers = request.headers.iter().map(|(name, _)| *name).filter(|name| *name != "content-type");
        assert_eq!(names("header"), headers.collect(), "{template}");
    }

    fn assert_body<C: Call>(&self, operation: &Value, request: &Request) {
        let name = C::ROUTE.name;
        let documented = operation.get("requestBody");
        assert_eq!(documented.is_some(), C::ROUTE.has_body, "{name}");
        let content_type = request.headers.iter().find(|(name, _)| *name == "content-type");
        assert_eq!(content_type.map(|(_, value)| value.as_str()), documented.map(|_| "application/json"), "{name}");
        let (Some(documented), Some(body)) = (documented, &request.body) else { return };
        assert_eq!(documented["required"], true, "{name}");
        let schema = &documented["content"]["application/json"]["schema"];
        assert_same_type::<C::Body>(schema, name);
        self.schemas.assert_fits(schema, &serde_json::from_str(body).unwrap(), name);
    }

    /// Every answer that the document allows is read, and by the type that the document was made from.
    fn assert_answers<C: Call>(&self, call: &C, operation: &Value) {
        let name = C::ROUTE.name;
        let answers = operation["responses"].as_object().unwrap();
        let good: Vec<_> = answers.iter().filter(|(status, _)| status.starts_with('2')).collect();
        assert!(!good.is_empty(), "{name}");
        for (status, answer) in good {
            let reads = |body: String| {
                let reply = Reply { status: status.parse().unwrap(), retry_after: None, body };
                let text = reply.ok::<SerdeJson>().unwrap();
                SerdeJson::read::<C::Answer>(if text.is_empty() { "null" } else { &text }).is_some()
            };
            let Some(content) = answer.get("content") else {
                assert_eq!((status.as_str(), type_name::<C::Answer>()), ("204", type_name::<Done>()), "{name}");
                assert!(reads(String::new()) && call.answer::<SerdeJson>("").is_ok());
                continue;
            };
            let schema = &content["application/json"]["schema"];
            if !PARTIAL.contains(&short_name::<C::Answer>()) {
                assert_same_type::<C::Answer>(schema, name);
            }
            let examples = self.schemas.examples(schema);
            assert!(!examples.is_empty(), "{name}");
            for example in examples {
                assert!(reads(example.to_string()), "{name} {status}: {example}");
            }
        }
    }

    /// Every error that the document names is read with its code and status.
    fn assert_errors(&self, operation: &Value) {
        let answers = operation["responses"].as_object().unwrap();
        for (status, answer) in answers.iter().filter(|(status, _)| !status.starts_with('2')) {
            let status: u16 = status.parse().unwrap();
            let codes: Vec<_> = answer["description"].as_str().unwrap().split(", ").collect();
            for mut example in self.schemas.examples(&answer["content"]["application/json"]["schema"]) {
                for code in &codes {
                    example["error"]["code"] = (*code).into();
                    let reply = Reply { status, retry_after: Some("3".into()), body: example.to_string() };
                    let Err(Fault::Answer { error, retry_after, .. }) = reply.ok::<SerdeJson>() else {
                        panic!("{code}")
                    };
                    assert_eq!((error.code.as_str(), error.code.status(), retry_after), (*code, status, Some(3)));
                    assert_ne!(error.code, ErrorCode::Unknown);
                }
            }
        }
    }
}

/// The document's schemas are made from Rust types and have their names.
fn assert_same_type<T>(schema: &Value, name: &str) {
    let documented = schema["$ref"].as_str().and_then(|reference| reference.rsplit('/').next());
    assert_eq!(documented, Some(short_name::<T>()), "{name}");
}

fn short_name<T>() -> &'static str {
    type_name::<T>().rsplit("::").next().unwrap()
}
