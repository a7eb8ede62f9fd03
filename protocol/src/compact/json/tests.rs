use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::wire::error::{ErrorBody, ErrorCode};
use crate::wire::id::{FileId, MemberId, PartNumber, RoomId, UploadId};
use crate::wire::link::Role;
use crate::wire::{CompletionResult, Event, Meta, RoomEvent, UploadFields};

/// What `serde_json` makes of it, without the reason.
fn other<T: serde::de::DeserializeOwned>(text: &str) -> Result<T> {
    serde_json::from_str(text).map_err(|_| NotJson)
}

fn any_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        // Exact in binary: the last bit of others may be read in two ways.
        any::<i32>().prop_map(|number| Value::from(f64::from(number) / 8.0)),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 40, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::btree_map(any::<String>(), inner, 0..6)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn what_was_written_is_read(value in any_value()) {
        for text in [value.to_string(), serde_json::to_string_pretty(&value).unwrap()] {
            prop_assert_eq!(from_str::<Value>(&text), Ok(value.clone()));
            prop_assert!(from_str::<serde::de::IgnoredAny>(&text).is_ok());
        }
    }

    #[test]
    fn a_spoiled_text_is_refused_as_by_others(value in any_value(), at: prop::sample::Index, with in "[\\[\\]{}\",:0-9eE.+tfn\\\\u -]{0,2}") {
        let mut text = value.to_string();
        let places: Vec<_> = text.char_indices().map(|(at, _)| at).collect();
        let from = places[at.index(places.len())];
        let to = text[from..].chars().next().map_or(from, |first| from + first.len_utf8());
        text.replace_range(from..to, &with);
        let (ours, theirs) = (from_str::<Value>(&text), other::<Value>(&text));
        prop_assert_eq!(ours.is_ok(), theirs.is_ok(), "{}", text);
        prop_assert_eq!(from_str::<serde::de::IgnoredAny>(&text).is_ok(), theirs.is_ok(), "{}", text);
    }
}

#[test]
fn odd_texts_are_taken_or_refused_as_by_others() {
    let texts = [
        "",
        " ",
        "nul",
        "truefalse",
        "01",
        "-",
        "-0",
        "1.",
        ".5",
        "1e5",
        "1e999",
        "1E-2",
        "18446744073709551616",
        "-9223372036854775809",
        "\"",
        "\"\\u00e9\\n\"",
        "\"\\ud83d\\ude00\"",
        "\"\\ud83d\"",
        "\"\\ude00\"",
        "\"\\ud83d\\u0041\"",
        "\"\\x\"",
        "\"a\nb\"",
        "[1,]",
        "[,1]",
        "[1 2]",
        "{\"a\":1,}",
        "{a:1}",
        "{1:2}",
        "{\"a\" 1}",
        "{\"a\":1 \"b\":2}",
        "[1]]",
        "[1] x",
        "\u{feff}1",
        " [ 1 , { } ] ",
        "[\"\\u12g4\"]",
    ];
    for text in texts {
        assert_eq!(from_str::<Value>(text), other(text), "{text:?}");
    }
    let deep = |depth: usize| "[".repeat(depth) + &"]".repeat(depth);
    assert_eq!([127, 128].map(|depth| from_str::<Value>(&deep(depth)).is_ok()), [true, false]);
    assert_eq!([127, 128].map(|depth| other::<Value>(&deep(depth)).is_ok()), [true, false]);
}

#[test]
fn each_kind_of_wire_type_is_read() {
    let upload = UploadFields {
        file_id: FileId::from_bytes([1; 16]),
        upload_id: UploadId::from_bytes([2; 16]),
        file_name: Some("a \"b\" \u{1f600}.txt".into()),
        member_id: MemberId::from_bytes([3; 16]),
        bytes_uploaded: 5,
        total_bytes: 10,
        percentage: 50.0,
        upload_speed: None,
        estimated_time_remaining: Some(3),
    };
    let room_id = RoomId::from_bytes([4; 16]);
    let what = Event::FileUploadFailed { upload, reason: "why".into() };
    let event = RoomEvent { seq: Some(7), at: 1_700_000_000_000, room_id, what };
    assert_eq!(from_str(&serde_json::to_string(&event).unwrap()), Ok(event));

    let sealed = Meta::Sealed("c2VhbGVk".into());
    assert_eq!(from_str(&serde_json::to_string(&sealed).unwrap()), Ok(sealed));
    assert_eq!(from_str("\"contribute\""), Ok(Role::Contribute));
    assert_eq!(from_str::<Role>("\"owner\""), Err(NotJson));
    assert_eq!(from_str("\"from-the-future\""), Ok(ErrorCode::Unknown));
    assert_eq!(from_str::<Vec<(PartNumber, u8)>>("[[1,2],[10000,0]]").map(|pairs| pairs.len()), Ok(2));
    for bad in ["[[1,2,3]]", "[[1]]", "[[0,2]]", "[[1,256]]"] {
        assert_eq!(from_str::<Vec<(PartNumber, u8)>>(bad), Err(NotJson), "{bad}");
    }
}

#[test]
fn fields_may_be_unknown_but_not_missing_or_twice() {
    let error =
        json!({"code": "parts-incomplete", "message": "m", "requestId": "r", "parts": [2, 7], "new": {"x": [1]}});
    let body: ErrorBody = from_str(&json!({ "error": error }).to_string()).unwrap();
    assert_eq!((body.error.code, body.error.parts.len()), (ErrorCode::PartsIncomplete, 2));
    assert_eq!(from_str::<ErrorBody>(r#"{"error":{"code":"unknown","message":"m"}}"#).err(), Some(NotJson));
    assert_eq!(from_str::<ErrorBody>(r#"{"error":null,"error":null}"#).err(), Some(NotJson));
    let failed = json!({ "error": error }).to_string();
    assert!(matches!(from_str(&failed), Ok(CompletionResult::Failed { .. })));
}
