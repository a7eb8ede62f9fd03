//! Values of the wrong shape, for each kind of type that serde derives or the standard library has.

use std::collections::BTreeMap;

use serde::Deserialize;
use slipway_protocol::wire::LinkRotated;

use super::*;

const SHAPES: [&str; 14] = [
    "null",
    "[]",
    "{}",
    "\"\"",
    "\"x\"",
    "[null]",
    "[[null]]",
    "[[\"a\",\"b\"]]",
    "[\"view\",1]",
    "1e400",
    "1.5",
    "-1",
    "9007199254740992",
    "true",
];

#[derive(Debug, Deserialize)]
#[allow(dead_code, reason = "compared as text")]
struct Flat {
    seq: Option<u64>,
    #[serde(flatten)]
    rest: BTreeMap<String, String>,
}

#[derive(Debug, Deserialize)]
#[allow(dead_code, reason = "compared as text")]
struct AllOptional {
    seq: Option<u64>,
}

/// The shapes that the two readers read differently, as `kind: shape`.
fn differences<T: DeserializeOwned + Debug>(kind: &str) -> Vec<String> {
    let read = |shape: &str| format!("{:?}", from_str::<T>(shape));
    let differs = |shape: &&str| read(shape) != format!("{:?}", serde_json::from_str::<T>(shape).ok());
    SHAPES.into_iter().filter(differs).map(|shape| format!("{kind}: {shape} is {}", read(shape))).collect()
}

/// The module's page lists the reasons.
#[wasm_bindgen_test]
fn a_wrong_shape_is_read_as_serde_json_reads_it_but_for_these() {
    let found = [
        differences::<BTreeMap<String, String>>("map"),
        differences::<Flat>("flatten"),
        differences::<RoomEvent>("event"),
        differences::<LinkRotated>("struct"),
        differences::<AllOptional>("optional fields"),
        differences::<Record>("internally tagged"),
        differences::<CompletedAny>("untagged"),
        differences::<Meta>("untagged string"),
        differences::<(u8, u8)>("tuple"),
        differences::<Vec<String>>("array"),
        differences::<String>("string"),
        differences::<bool>("bool"),
        differences::<f64>("f64"),
        differences::<u64>("u64"),
        differences::<i64>("i64"),
        differences::<Option<u64>>("option"),
        differences::<IgnoredAny>("ignored"),
    ];
    let expected = [
        "map: [] is Some({})",
        "map: [[\"a\",\"b\"]] is Some({\"a\": \"b\"})",
        "flatten: [] is Some(Flat { seq: None, rest: {} })",
        "flatten: [[\"a\",\"b\"]] is Some(Flat { seq: None, rest: {\"a\": \"b\"} })",
        "struct: [\"view\",1] is None",
        "optional fields: [] is Some(AllOptional { seq: None })",
        "optional fields: [[null]] is Some(AllOptional { seq: None })",
        "optional fields: [[\"a\",\"b\"]] is Some(AllOptional { seq: None })",
        "optional fields: [\"view\",1] is Some(AllOptional { seq: None })",
        "f64: 1e400 is Some(inf)",
        "u64: 9007199254740992 is None",
        "i64: 9007199254740992 is None",
        "option: 9007199254740992 is None",
    ];
    assert_eq!(found.concat(), expected);
}

/// serde-wasm-bindgen throws at each `null` in place of a pair.
#[wasm_bindgen_test]
fn a_list_in_place_of_a_map_is_no_exception() {
    let request = |headers: &str| {
        format!(
            r#"{{"requests":[{{"partNumber":1,"method":"PUT","url":"/","headers":{headers},"expiresInSeconds":1}}]}}"#
        )
    };
    for headers in ["[null]", "[[\"a\",\"b\"],null]", "[[null]]", "[1]", "null", "1", "\"\""] {
        agree::<<calls::Presign as Call>::Answer>(&request(headers));
    }
    for events in ["[null]", "[[null]]", "[[[null]]]", "[[]]", "[[[\"at\",1]]]", "[\"x\"]"] {
        agree::<<calls::ListEvents as Call>::Answer>(&format!(r#"{{"events":{events}}}"#));
    }
    same::<<calls::Presign as Call>::Answer>(&request("{}"));
}

#[wasm_bindgen_test]
fn nesting_is_limited_as_in_serde_json() {
    let nested = |open: &str, depth: usize, close: &str| format!("{}1{}", open.repeat(depth), close.repeat(depth));
    for (open, close) in [("[", "]"), ("{\"a\":", "}"), ("[{\"\\\"[\":", "}]")] {
        let most = MAX_DEPTH / (1 + usize::from(open.len() > 5));
        same::<serde_json::Value>(&nested(open, most, close));
        assert_eq!(from_str::<serde_json::Value>(&nested(open, most + 1, close)), None, "{open}");
        agree::<serde_json::Value>(&nested(open, most + 1, close));
        agree::<Record>(&nested(open, 1_000_000, close));
        agree::<CompletedAny>(&nested(open, 1_000_000, close));
    }
    // Brackets side by side, and in strings, are not nested.
    same::<serde_json::Value>(&format!("[{}[]]", "[],{},".repeat(1_000)));
    same::<serde_json::Value>(&format!(r#"["\\","\"{}"]"#, "[{".repeat(1_000)));
    assert_eq!(from_str::<IgnoredAny>(&"[".repeat(1_000_000)), None);
    let skipped = format!(r#"{{"role":"view","version":1,"more":{}}}"#, nested("[", MAX_DEPTH, "]"));
    assert!(serde_json::from_str::<LinkRotated>(&skipped).is_ok() && from_str::<LinkRotated>(&skipped).is_none());
}
