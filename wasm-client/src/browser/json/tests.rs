use std::fmt::Debug;

use serde::de::IgnoredAny;
use slipway_protocol::calls::{self, Call, CompletedAny, ROUTES};
use slipway_protocol::machine::{LocalId, Record, UploadRecord};
use slipway_protocol::wire::digest::Digest;
use slipway_protocol::wire::error::{ErrorBody, ErrorCode};
use slipway_protocol::wire::id::PartNumber;
use slipway_protocol::wire::link::Role;
use slipway_protocol::wire::{CompletionResult, Event, Label, Meta, Quota, RoomEvent, UploadFields};
use wasm_bindgen_test::wasm_bindgen_test;

use super::*;
use crate::testing::{head, part_record};

mod shapes;

/// The JSON of one of protocol's snapshots: the wire format as it is frozen.
macro_rules! snapshot {
    ($name:literal) => {
        body_of(include_str!(concat!("../../../../protocol/tests/snapshots/wire__", $name, ".snap")))
    };
}

fn body_of(snapshot: &str) -> &str {
    snapshot.split_once("\n---\n").expect("a snapshot has a header").1
}

/// Both readers accept the text, and read the same value.
fn same<T: DeserializeOwned + PartialEq + Debug>(text: &str) {
    let expected: T = serde_json::from_str(text).unwrap();
    assert_eq!(from_str::<T>(text), Some(expected), "{text}");
}

/// `None` from both readers, or the same value.
fn agree<T: DeserializeOwned + PartialEq + Debug>(text: &str) {
    assert_eq!(from_str::<T>(text), serde_json::from_str(text).ok(), "{text}");
}

const ID: &str = "AQEBAQEBAQEBAQEBAQEBAQ";

/// Compares the answer of every call, in the order of [`ROUTES`].
macro_rules! answers {
    ($($call:ident: $($text:expr),+;)*) => {{
        let names = [$(stringify!($call)),*];
        assert_eq!(ROUTES.iter().map(|route| route.name).collect::<Vec<_>>(), names, "a fixture for each call");
        $($(same::<<calls::$call as Call>::Answer>($text);)+)*
    }};
}

#[wasm_bindgen_test]
fn the_answer_of_every_call_is_read_as_serde_json_reads_it() {
    let requests = r#"{"requests":[{"partNumber":10000,"method":"PUT","url":"/b/k?partNumber=1&x=%2F",
        "headers":{"content-md5":"1B2M2Y8AsgTpgAmY7PhCfg==","__proto__":"x"},"expiresInSeconds":900}]}"#;
    let progress = format!(
        r#"{{"fileId":"{ID}","uploadId":"{ID}","roomId":"{ID}","bytesUploaded":0,"totalBytes":5497558138880,
        "percentage":12.5,"uploadSpeed":null}}"#
    );
    let audit = format!(
        r#"{{"entries":[{{"seq":1,"at":1790000000000,"memberId":"{ID}","action":"link-changed","subject":"view",
        "chain":"00"}},{{"seq":2,"at":1,"action":"room-created","chain":"01"}}],"nextAfter":2}}"#
    );
    let grant = format!(r#"{{"grantId":"{ID}","url":"https://s/x","expiresInSeconds":60,"size":0,"etag":"e-2"}}"#);
    answers! {
        CreateRoom: &format!(r#"{{"roomId":"{ID}"}}"#);
        GetRoom: snapshot!("room_view"), snapshot!("room_view_sealed");
        ListFiles: snapshot!("file_page"), r#"{"files":[]}"#;
        ListEvents: snapshot!("events");
        ListRemovals: snapshot!("events");
        ListAudit: &audit;
        Join: snapshot!("joined");
        RemoveMember: "null", "{}", "[1]";
        RotateLink: r#"{"role":"view","version":3}"#;
        RevokeLink: "null";
        Initiate: snapshot!("initiated");
        Presign: requests;
        GetStatus: snapshot!("status");
        GetProgress: &progress;
        Complete: snapshot!("completed"), snapshot!("completing");
        CompleteMany: snapshot!("completed_many");
        Adopt: snapshot!("challenge"), &format!(r#"{{"state":"adopted","uploadId":"{ID}"}}"#);
        Abort: "null";
        Grant: &grant;
        RemoveFile: "null";
        GetHealth: r#"{"status":"ok","version":"1"}"#;
    }
    same::<ErrorBody>(snapshot!("error"));
    for text in [snapshot!("completed_many"), snapshot!("completed"), snapshot!("completing")] {
        same::<CompletedAny>(text);
    }
}

#[wasm_bindgen_test]
fn records_are_read_as_they_were_written() {
    // The largest id there is.
    let upload = head((1 << 53) - 1);
    let json = serde_json::to_string(&upload).unwrap();
    assert_eq!(from_str::<UploadRecord>(&json), Some(upload.clone()));
    for record in [Record::Upload(upload), part_record(10_000)] {
        assert_eq!(from_str(&serde_json::to_string(&record).unwrap()), Some(record));
    }
    let text = include_str!(
        "../../../../protocol/tests/stories/snapshots/stories__records__the_records_of_a_small_upload.snap"
    );
    same::<Vec<Record>>(body_of(text));
}

#[wasm_bindgen_test]
fn a_head_without_the_newer_fields_is_read() {
    let old = r#"{"kind":"upload","v":1,"id":1,"room":"BwcHBwcHBwcHBwcHBwcHBw","source":{"name":"a","path":"","mediaType":"",
        "media_type":"","size":1,"last_modified":null,"reopens":false},"initiateKey":"","server":null,"paused":false,"cancelled":false}"#;
    assert!(matches!(from_str::<Record>(old), Some(Record::Upload(head)) if head.begin.is_none()));
    let head = old.replace(r#""kind":"upload","#, "");
    assert!(matches!(from_str::<UploadRecord>(&head), Some(head) if head.begin.is_none() && head.number == 0));
}

#[wasm_bindgen_test]
fn each_kind_of_wire_type_is_read() {
    let id = |byte| format!("\"{}\"", slipway_protocol::wire::id::FileId::from_bytes([byte; 16]));
    let upload = UploadFields {
        file_id: from_str(&id(1)).unwrap(),
        upload_id: from_str(&id(2)).unwrap(),
        file_name: Some("a \"b\" \u{1f600}.txt".into()),
        member_id: from_str(&id(3)).unwrap(),
        bytes_uploaded: 5,
        total_bytes: 10,
        percentage: 50.0,
        upload_speed: None,
        estimated_time_remaining: Some(3),
    };
    let room_id = from_str(&id(4)).unwrap();
    let what = Event::FileUploadFailed { upload, reason: "why".into() };
    let event = RoomEvent { seq: Some(7), at: 1_700_000_000_000, room_id, what };
    assert_eq!(from_str(&serde_json::to_string(&event).unwrap()), Some(event));

    let sealed = Meta::Sealed("c2VhbGVk".into());
    assert_eq!(from_str(&serde_json::to_string(&sealed).unwrap()), Some(sealed));
    assert_eq!(from_str("\"contribute\""), Some(Role::Contribute));
    assert_eq!(from_str::<Role>("\"owner\""), None);
    assert_eq!(from_str("\"from-the-future\""), Some(ErrorCode::Unknown));
    assert_eq!(from_str::<Vec<(PartNumber, u8)>>("[[1,2],[10000,0]]").map(|pairs| pairs.len()), Some(2));
    for bad in ["[[1]]", "[[0,2]]", "[[1,256]]", "[[1,-1]]", "[[1,0.5]]", "[[1,\"2\"]]", "[[1,null]]"] {
        assert_eq!(from_str::<Vec<(PartNumber, u8)>>(bad), None, "{bad}");
    }
}

#[wasm_bindgen_test]
fn fields_may_be_unknown_but_not_missing() {
    let error = r#"{"code":"parts-incomplete","message":"m","requestId":"r","parts":[2,7],"new":{"x":[1]}}"#;
    let body: ErrorBody = from_str(&format!(r#"{{"error":{error}}}"#)).unwrap();
    assert_eq!((body.error.code, body.error.parts.len()), (ErrorCode::PartsIncomplete, 2));
    assert_eq!(from_str::<ErrorBody>(r#"{"error":{"code":"unknown","message":"m"}}"#), None);
    assert_eq!(from_str::<ErrorBody>(r#"{"error":null,"error":null}"#), None);
    let failed: Option<CompletionResult> = from_str(&format!(r#"{{"error":{error}}}"#));
    assert!(matches!(failed, Some(CompletionResult::Failed { .. })));
}

#[wasm_bindgen_test]
fn a_missing_option_and_null_are_none() {
    let quota = r#"{"maxBytes":1,"usedBytes":1,"maxFiles":1,"usedFiles":1,"maxOpenUploads":1,"openUploads":1}"#;
    let view = snapshot!("room_view_sealed").trim_end().strip_suffix('}').unwrap();
    for more in ["", r#","quota":null,"lastSeq":null,"nextFiles":null"#, &format!(r#","quota":{quota}"#)] {
        same::<slipway_protocol::wire::RoomView>(&format!("{view}{more}}}"));
    }
    // A field with a default may be missing, but it has no null.
    agree::<Quota>(&quota.replace("\"maxBytes\":1", "\"maxBytes\":null"));
    agree::<slipway_protocol::wire::RoomView>(&format!(r#"{view},"uploadSameOrigin":null}}"#));
}

#[wasm_bindgen_test]
fn a_name_is_plain_or_sealed_and_never_both() {
    let texts =
        [r#""Trip""#, "{}", "[]", r#"{"plain":"a","sealed":"b"}"#, r#"{"plain":"a","more":1}"#, r#"{"plain":1}"#];
    for text in texts {
        assert_eq!(from_str::<Label>(text), None, "{text}");
    }
}

#[wasm_bindgen_test]
fn an_integer_that_a_double_cannot_hold_is_refused() {
    for text in ["0", "5497558138880", "9007199254740991"] {
        same::<u64>(text);
        same::<LocalId>(text);
    }
    for text in ["9007199254740992", "9007199254740993", "18446744073709551615", "-1", "0.5", "1e400", "\"1\"", "null"]
    {
        assert_eq!(from_str::<u64>(text), None, "{text}");
    }
    assert_eq!(from_str::<i64>("-9007199254740991"), Some(-9_007_199_254_740_991));
    assert_eq!(from_str::<i64>("-9007199254740992"), None);
}

#[wasm_bindgen_test]
fn what_is_not_json_is_refused() {
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
        "1E-2",
        "18446744073709551616",
        "-9223372036854775809",
        "\"",
        "\"\\u00e9\\n\"",
        "\"\\ud83d\\ude00\"",
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
        "<html>Log in to the hotel</html>",
        "undefined",
        "NaN",
    ];
    for text in texts {
        let accepted = serde_json::from_str::<IgnoredAny>(text).is_ok();
        assert_eq!(from_str::<IgnoredAny>(text).is_some(), accepted, "{text:?}");
    }
    for text in ["\"\\u00e9\\n\"", "\"\\ud83d\\ude00\"", "\"a\nb\"", "1", "null", "[]", "{}"] {
        agree::<String>(text);
        agree::<Vec<String>>(text);
        agree::<bool>(text);
        agree::<f64>(text);
    }
}

/// The module's page lists them.
#[wasm_bindgen_test]
fn what_only_this_reader_accepts() {
    assert_eq!(["-0", "1.0", "1e3"].map(from_str::<u64>), [Some(0), Some(1), Some(1000)]);
    let twice = r#"{"role":"view","version":1,"version":2}"#;
    assert_eq!(from_str::<slipway_protocol::wire::LinkRotated>(twice).map(|answer| answer.version), Some(2));
    let more = r#"{"algorithm":"md5","value":"1B2M2Y8AsgTpgAmY7PhCfg==","more":1}"#;
    assert!(from_str::<Digest>(more).is_some());
    assert_eq!(from_str::<(u8, u8)>("[1,2,3]"), Some((1, 2)));
    for text in ["\"\\ud83d\"", "\"\\ude00\"", "\"\\ud83d\\u0041\""] {
        assert!(from_str::<String>(text).is_some_and(|read| read.contains('\u{fffd}')), "{text}");
    }
}
