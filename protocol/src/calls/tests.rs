use serde_json::{Value, json};

use super::examples::{Visitor, visit};
use super::*;
use crate::wire;
use crate::wire::digest::{Digest, Md5};
use crate::wire::error::{ApiError, ErrorCode};
use crate::wire::id::{FileId, PartNumber, RoomId, UploadId};
use crate::wire::plan::Plan;
use crate::wire::{Meta, PartToSign, StoredPart, UploadState, UploadStatus};

const ROOM: RoomId = RoomId::from_bytes([1; 16]);
const UPLOAD: UploadId = UploadId::from_bytes([2; 16]);
const FILE: FileId = FileId::from_bytes([3; 16]);

// ---- requests

#[derive(Default)]
struct Seen {
    routes: Vec<Route>,
    table: String,
}

impl Visitor for Seen {
    fn call<C: Call>(&mut self, call: &C) {
        let request = call.request::<SerdeJson>();
        assert_eq!((request.method, request.access), (C::ROUTE.method, C::ROUTE.access));
        assert_eq!(request.body.is_some(), C::ROUTE.has_body, "{}", C::ROUTE.name);
        self.routes.push(C::ROUTE);
        self.table += &format!("{} {:?}: {} {}\n", C::ROUTE.name, request.access, request.method, request.path);
        for (name, value) in request.headers {
            self.table += &format!("    {name}: {value}\n");
        }
        self.table += &request.body.map_or_else(String::new, |body| format!("    {body}\n"));
    }
}

/// Pages that are open now send these requests: a change breaks them.
#[test]
fn every_call_as_it_is_sent() {
    let mut seen = Seen::default();
    visit(&mut seen);
    assert_eq!(seen.routes, ROUTES, "one example of every call");
    insta::assert_snapshot!(seen.table);
}

#[test]
fn the_first_page_is_requested_without_a_query() {
    let path = |request: Request| request.path;
    let status = GetStatus { upload: UPLOAD, after: None }.request::<SerdeJson>();
    assert_eq!(path(status), format!("/uploads/{UPLOAD}"));
    let files = ListFiles { room: ROOM, after: None }.request::<SerdeJson>();
    assert_eq!(path(files), format!("/rooms/{ROOM}/files"));
    // `after` is opaque text of the functions, so it is encoded.
    let files = ListFiles { room: ROOM, after: Some("a&b #?".into()) }.request::<SerdeJson>();
    assert_eq!(path(files), format!("/rooms/{ROOM}/files?after=a%26b%20%23%3F"));
}

#[test]
fn an_initiate_without_a_key_has_no_header_for_it() {
    let call = Initiate { room: ROOM, key: None, body: wire::Initiate { uploads: Vec::new() } };
    let names: Vec<_> = call.request::<SerdeJson>().headers.into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["content-type"]);
}

#[test]
fn one_completion_and_many_have_their_own_routes() {
    let [one, two] = [UPLOAD, UploadId::from_bytes([5; 16])];
    let sent = |uploads: &[UploadId]| CompleteAll::new(ROOM, uploads.to_vec()).request::<SerdeJson>();
    assert_eq!(sent(&[one]), Complete { upload: one }.request::<SerdeJson>());
    let body = wire::CompleteMany { upload_ids: vec![one, two] };
    assert_eq!(sent(&[one, two]), CompleteMany { room: ROOM, body }.request::<SerdeJson>());
}

// ---- answers

fn answer<C: Call>(call: &C, body: &Value) -> Result<C::Answer, Fault> {
    call.answer::<SerdeJson>(&body.to_string())
}

#[test]
fn a_foreign_answer_is_no_answer() {
    for text in ["<html>Log in to the hotel's network</html>", "{}", "null", ""] {
        assert_eq!(GetRoom { room: ROOM }.answer::<SerdeJson>(text), Err(Fault::Network), "{text}");
    }
    let removed = |text| RemoveFile { file: FILE }.answer::<SerdeJson>(text).is_ok();
    // A 204 has no body.
    assert_eq!([removed(""), removed(" \n"), removed("{}"), removed("<html>")], [true, true, true, false]);
}

#[test]
fn an_answer_has_one_entry_for_each_entry_of_the_request() {
    let part = PartToSign { part_number: PartNumber::FIRST, digest: Digest(Md5::of(b"")), host: 0 };
    let signed = json!({"partNumber": 1, "method": "PUT", "url": "/x", "headers": {}, "expiresInSeconds": 1});
    let call = Presign { upload: UPLOAD, body: wire::Presign { parts: vec![part, part] } };
    for (count, fits) in [(0, false), (1, false), (2, true), (3, false)] {
        assert_eq!(answer(&call, &json!({ "requests": vec![&signed; count] })).is_ok(), fits, "{count}");
    }
    let call = Initiate { room: ROOM, key: None, body: wire::Initiate { uploads: Vec::new() } };
    assert!(answer(&call, &json!({ "uploads": [] })).is_ok());
    let call = CompleteMany { room: ROOM, body: wire::CompleteMany { upload_ids: vec![UPLOAD] } };
    assert_eq!(answer(&call, &json!({ "results": [] })), Err(Fault::Network));
}

#[test]
fn the_outcomes_of_completions_are_in_order() {
    let working = json!({"state": "completing", "retryAfterSeconds": 2});
    let expired = json!({"error": {"code": "upload-expired", "message": "m", "requestId": "r"}});
    let [one, many] = [1, 2].map(|count| CompleteAll::new(ROOM, vec![UPLOAD; count]));
    let outcomes = |call: &CompleteAll, body: &Value| answer(call, body).map(CompletedAny::outcomes);
    let still = CompleteOutcome::Working { retry_after_seconds: 2 };
    let fault = CallFault::Api { status: 409, code: ErrorCode::UploadExpired, retry_after: None, parts: Vec::new() };
    assert_eq!(outcomes(&one, &working), Ok(vec![still.clone()]));
    let both = json!({ "results": [working, expired] });
    assert_eq!(outcomes(&many, &both), Ok(vec![still, CompleteOutcome::Refused(fault)]));
    // Each form has its own answer, and an answer with a result missing is invalid.
    assert_eq!(outcomes(&one, &both), Err(Fault::Network));
    assert_eq!(outcomes(&many, &working), Err(Fault::Network));
    assert_eq!(outcomes(&many, &json!({ "results": [working] })), Err(Fault::Network));
}

#[test]
fn a_completed_upload_gives_the_id_of_its_file() {
    let file = json!({"fileId": FILE, "uploadId": UPLOAD, "meta": "sealed", "size": 1, "etag": "e", "addedBy": UPLOAD,
        "plan": Plan::new(1, None).unwrap(), "displayName": {"plain": "Ana"}, "addedAt": 1});
    let done = answer(&CompleteAll::new(ROOM, vec![UPLOAD]), &json!({"state": "completed", "file": file})).unwrap();
    assert_eq!(done.outcomes(), [CompleteOutcome::Done { file: FILE }]);
}

#[test]
fn removals_are_read_despite_unknown_events() {
    let events = json!({"events": [
        {"seq": 5, "type": "file-added", "file": {}},
        {"seq": 6, "type": "from-the-future", "fileId": UPLOAD},
        {"seq": 7, "type": "file-removed", "fileId": FILE, "memberId": UPLOAD},
    ], "lastSeq": 7});
    assert_eq!(answer(&ListRemovals { room: ROOM, after: 4 }, &events).map(Removals::files), Ok(vec![FILE]));
}

// ---- pages

fn status(state: UploadState, parts: core::ops::Range<u16>, next_after: Option<u16>) -> UploadStatus {
    let number = |part| PartNumber::new(part).unwrap();
    let stored = |part| StoredPart { part_number: number(part), size: 16 << 20, digest: Digest(Md5::of(b"")) };
    UploadStatus {
        upload_id: UPLOAD,
        file_id: FILE,
        room_id: ROOM,
        state,
        reason: None,
        meta: Meta::Sealed("x".into()),
        plan: Plan::new(1 << 30, None).unwrap(),
        expires_in_seconds: 100,
        parts: parts.map(stored).collect(),
        next_after: next_after.map(number),
        file: None,
    }
}

#[test]
fn the_pages_of_a_status_are_combined_in_order() {
    let open = UploadState::Uploading;
    let mut pages = Pages::new(GetStatus { upload: UPLOAD, after: None });
    let mut asked = Vec::new();
    // The upload was closed before the last page: that page has no parts, and the newer state.
    let answers = [status(open, 1..4, Some(3)), status(open, 4..7, Some(6)), status(UploadState::Failed, 0..0, None)];
    let mut answers = answers.into_iter();
    let whole = loop {
        asked.push(pages.call().after.map(PartNumber::get));
        if let Some(whole) = pages.push(answers.next().unwrap()).unwrap() {
            break whole;
        }
    };
    assert_eq!(asked, [None, Some(3), Some(6)]);
    let numbers: Vec<_> = whole.parts.iter().map(|part| part.part_number.get()).collect();
    assert_eq!((numbers, whole.state, whole.next_after), ((1..7).collect(), UploadState::Failed, None));
}

#[test]
fn a_list_without_an_end_is_no_answer() {
    let mut pages = Pages::new(GetStatus { upload: UPLOAD, after: None });
    let page = || status(UploadState::Uploading, 0..0, Some(1));
    let turns = (0..).find(|_| pages.push(page()) != Ok(None));
    assert_eq!((turns, pages.push(page())), (Some(1_000), Err(Fault::Network)));
}

#[test]
fn pages_of_other_lists_are_combined_too() {
    let mut pages = Pages::new(ListAudit { room: ROOM, after: 0 });
    let entry = |seq| json!({"seq": seq, "at": 1, "action": "room-created", "chain": "x"});
    assert_eq!(pages.push(page(json!({"entries": [entry(1), entry(2)], "nextAfter": 2}))), Ok(None));
    assert_eq!(*pages.call(), ListAudit { room: ROOM, after: 2 });
    let whole = pages.push(page(json!({"entries": [entry(3)]}))).unwrap().unwrap();
    assert_eq!(whole.entries.iter().map(|entry| entry.seq).collect::<Vec<_>>(), [1, 2, 3]);

    let mut pages = Pages::new(ListFiles { room: ROOM, after: None });
    assert_eq!(pages.push(page(json!({"files": [], "nextAfter": "place"}))), Ok(None));
    assert_eq!(*pages.call(), ListFiles { room: ROOM, after: Some("place".into()) });

    let mut pages = Pages::new(ListEvents { room: ROOM, after: 3 });
    assert_eq!(pages.push(page(json!({"events": [], "lastSeq": 9, "nextAfter": 5}))), Ok(None));
    assert_eq!(*pages.call(), ListEvents { room: ROOM, after: 5 });
}

fn page<T: DeserializeOwned>(body: Value) -> T {
    serde_json::from_value(body).unwrap()
}

// ---- failures

fn reply(status: u16, retry_after: Option<&str>, body: &str) -> Reply {
    Reply { status, retry_after: retry_after.map(str::to_owned), body: body.to_owned() }
}

fn fault(status: u16, retry_after: Option<&str>, body: &str) -> Fault {
    reply(status, retry_after, body).ok::<SerdeJson>().unwrap_err()
}

#[test]
fn success_is_a_status_of_200_to_299() {
    for (status, ok) in [(199, false), (200, true), (201, true), (202, true), (204, true), (299, true), (304, false)] {
        assert_eq!(reply(status, None, "text").ok::<SerdeJson>().is_ok(), ok, "{status}");
    }
}

#[test]
fn our_error_bodies_keep_code_and_parts() {
    let text =
        r#"{"error":{"code":"parts-incomplete","message":"Two parts are missing.","requestId":"r1","parts":[2,7]}}"#;
    let fault = fault(409, Some(" 3 "), text);
    assert_eq!(fault.code(), Some(ErrorCode::PartsIncomplete));
    assert_eq!(fault.to_string(), "409 parts-incomplete: Two parts are missing.");
    let parts = [2, 7].into_iter().filter_map(PartNumber::new).collect();
    let code = ErrorCode::PartsIncomplete;
    assert_eq!(CallFault::from(fault), CallFault::Api { status: 409, code, retry_after: Some(3), parts });
    assert_eq!(CallFault::from(Fault::Network), CallFault::Network);
}

#[test]
fn a_gateways_error_is_unknown_but_keeps_its_status() {
    for text in ["", "<html>Bad Gateway</html>", r#"{"message":"Service Unavailable"}"#] {
        let Fault::Answer { error, status, retry_after } = fault(502, None, text) else { panic!("{text}") };
        assert_eq!((error.code, status, retry_after), (ErrorCode::Unknown, 502, None), "{text}");
        assert_eq!(error.message, "", "the page has its own text");
    }
}

#[test]
fn retry_after_counts_in_seconds_only() {
    let waits = [("5", Some(5)), (" 0 ", Some(0)), ("-1", None), ("Wed, 21 Oct 2026 07:28:00 GMT", None), ("", None)];
    for (header, seconds) in waits {
        let Fault::Answer { retry_after, .. } = fault(503, Some(header), "") else { panic!("{header}") };
        assert_eq!(retry_after, seconds, "{header:?}");
    }
}

/// For each fault: needs_rejoin, ends_session, may_have_taken_effect.
#[test]
fn what_a_failure_means() {
    let of = Fault::refused;
    let table = [
        (of(ErrorCode::TokenExpired), [true, true, false]),
        (of(ErrorCode::TokenMissing), [true, true, false]),
        (of(ErrorCode::MemberRemoved), [false, true, false]),
        (of(ErrorCode::RoomClosed), [false, true, false]),
        (of(ErrorCode::RoleTooLow), [false, false, false]),
        (of(ErrorCode::WrongAddress), [false, false, false]),
        (of(ErrorCode::NotFound), [false, false, false]),
        (of(ErrorCode::RateLimited), [false, false, false]),
        (of(ErrorCode::Internal), [false, false, true]),
        (of(ErrorCode::Unavailable), [false, false, true]),
        (fault(502, None, "<html>"), [false, false, true]),
        (fault(401, None, "<html>"), [false, true, false]),
        (Fault::Network, [false, false, true]),
    ];
    for (fault, meaning) in table {
        let seen = [fault.needs_rejoin(), fault.ends_session(), fault.may_have_taken_effect()];
        assert_eq!(seen, meaning, "{fault}");
    }
}

#[test]
fn an_error_within_an_answer_has_the_status_of_its_code() {
    let error = ApiError {
        code: ErrorCode::QuotaExceeded,
        message: "Full.".into(),
        request_id: "r".into(),
        field: None,
        parts: Vec::new(),
    };
    let expected = Fault::Answer { error: error.clone(), status: 409, retry_after: None };
    assert_eq!(Fault::from_error(error), expected);
}
