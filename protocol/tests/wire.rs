//! The wire format, held fast: a change here breaks pages that people have open.

use std::collections::BTreeMap;

use insta::assert_json_snapshot;
use serde::de::DeserializeOwned;
use slipway_protocol::wire::digest::{Digest, Md5};
use slipway_protocol::wire::error::{ApiError, ErrorBody, ErrorCode};
use slipway_protocol::wire::id::{FileId, GrantId, MemberId, PartNumber, RoomId, UploadId};
use slipway_protocol::wire::link::{AuthToken, LinkSecret, MemberToken, Role};
use slipway_protocol::wire::plan::Plan;
use slipway_protocol::wire::*;

const ROOM: RoomId = RoomId::from_bytes([1; 16]);
const UPLOAD: UploadId = UploadId::from_bytes([2; 16]);
const FILE: FileId = FileId::from_bytes([3; 16]);
const MEMBER: MemberId = MemberId::from_bytes([4; 16]);

fn auth_token() -> AuthToken {
    LinkSecret::from_bytes([5; 32]).auth_token(ROOM)
}

fn meta() -> Meta {
    Meta::Plain(FileMeta {
        v: 1,
        name: "día.mov".into(),
        path: "trip/day 1".into(),
        media_type: "video/quicktime".into(),
        last_modified: Some(1_790_000_000_000),
    })
}

fn file() -> FileInfo {
    FileInfo {
        file_id: FILE,
        upload_id: UPLOAD,
        meta: meta(),
        size: 17 << 20,
        etag: "d41d8cd98f00b204e9800998ecf8427e-2".into(),
        plan: Plan::new(17 << 20, None).unwrap(),
        seal: Some(Seal("c2VhbA".into())),
        added_by: MEMBER,
        display_name: "Ana".into(),
        added_at: 1_790_000_000_000,
    }
}

fn sealed() -> Label {
    Label::Sealed { sealed: "c2VhbGVk".into() }
}

fn part(number: u16) -> PartToSign {
    PartToSign { part_number: PartNumber::new(number).unwrap(), digest: Digest(Md5::of(b"")), host: 0 }
}

fn fields() -> UploadFields {
    UploadFields {
        file_id: FILE,
        upload_id: UPLOAD,
        file_name: Some("día.mov".into()),
        member_id: MEMBER,
        bytes_uploaded: 1 << 20,
        total_bytes: 4 << 20,
        percentage: 25.0,
        upload_speed: Some(1 << 20),
        estimated_time_remaining: Some(3),
    }
}

/// Snapshots a body, and checks that it reads back as it was.
macro_rules! holds {
    ($name:literal, $value:expr) => {{
        let value = $value;
        assert_json_snapshot!($name, value);
        assert_eq!(reread(&value, &serde_json::to_string(&value).unwrap()), value);
    }};
}

/// `like` names the type only. The page's reader is tested on the same snapshots, in wasm-client.
fn reread<T: DeserializeOwned>(_like: &T, json: &str) -> T {
    serde_json::from_str(json).unwrap()
}

#[test]
fn rooms() {
    let links = vec![NewLink { role: Role::Manage, verifier: auth_token().verifier(), wrapped_key: None }];
    let room = CreateRoom { room_id: ROOM, name: "Trip".into(), sealed: false, links };
    holds!("create_room", room.clone());
    holds!("create_sealed_room", CreateRoom { name: sealed(), sealed: true, ..room });
    holds!("join_sealed", Join { role: Role::Drop, auth_token: auth_token(), display_name: sealed() });
    holds!("join", Join { role: Role::Drop, auth_token: auth_token(), display_name: "Ana".into() });
    holds!(
        "joined",
        Joined {
            member_id: MEMBER,
            member_token: MemberToken::from_bytes([6; 32]),
            role: Role::Drop,
            idle_seconds: 43_200,
            wrapped_key: Some("opaque".into()),
        }
    );
}

fn view() -> RoomView {
    RoomView {
        room_id: ROOM,
        name: "Trip".into(),
        sealed: false,
        role: Role::Contribute,
        member_id: MEMBER,
        display_name: "Ana".into(),
        files: vec![file()],
        next_files: None,
        uploads: vec![],
        last_seq: Some(7),
        quota: Some(Quota {
            max_bytes: 1 << 40,
            used_bytes: 17 << 20,
            max_files: 1000,
            used_files: 1,
            max_open_uploads: 200,
            open_uploads: 0,
        }),
        upload_hosts: 1,
        upload_same_origin: false,
    }
}

#[test]
fn views_of_rooms() {
    holds!("room_view", view());
    let sealed =
        RoomView { name: sealed(), sealed: true, display_name: sealed(), last_seq: None, quota: None, ..view() };
    holds!("room_view_sealed", RoomView { files: vec![], ..sealed });
}

#[test]
fn a_name_is_plain_or_sealed_and_never_both() {
    for text in [r#""Trip""#, r#"{}"#, r#"{"plain":"a","sealed":"b"}"#, r#"{"plain":"a","more":1}"#, r#"{"plain":1}"#] {
        assert!(serde_json::from_str::<Label>(text).is_err(), "{text}");
    }
}

#[test]
fn initiate() {
    holds!(
        "initiate",
        Initiate {
            uploads: vec![
                NewUpload {
                    meta: meta(),
                    seal: None,
                    size: 17 << 20,
                    rate_hint: Some(500_000),
                    first_parts: vec![part(1)],
                },
                NewUpload {
                    meta: Meta::Sealed("c2VhbGVk".into()),
                    seal: Some(Seal("c2VhbA".into())),
                    size: 0,
                    rate_hint: None,
                    first_parts: vec![],
                },
            ],
        }
    );
    let request = SignedRequest {
        part_number: PartNumber::FIRST,
        method: "PUT".into(),
        url: "http://storage.example/bucket/key?partNumber=1".into(),
        headers: BTreeMap::from([("content-md5".into(), Md5::of(b"").base64())]),
        expires_in_seconds: PART_URL_SECONDS,
    };
    let plan = Plan::new(17 << 20, None).unwrap();
    let started =
        StartedUpload { upload_id: UPLOAD, file_id: FILE, plan, expires_in_seconds: 604_800, requests: vec![request] };
    holds!("initiated", Initiated { uploads: vec![started] });
}

#[test]
fn presign_and_status() {
    holds!("presign", Presign { parts: vec![part(1), part(10_000)] });
    holds!(
        "status",
        UploadStatus {
            upload_id: UPLOAD,
            file_id: FILE,
            room_id: ROOM,
            state: UploadState::Uploading,
            reason: None,
            meta: meta(),
            plan: Plan::new(17 << 20, None).unwrap(),
            expires_in_seconds: 604_800,
            parts: vec![StoredPart { part_number: PartNumber::FIRST, size: 16 << 20, digest: Digest(Md5::of(b"")) }],
            next_after: Some(PartNumber::FIRST),
            file: None,
        }
    );
}

#[test]
fn complete_and_adopt() {
    holds!("completed", Completion::Completed { file: file() });
    holds!("completing", Completion::Completing { retry_after_seconds: 2 });
    let error = ApiError {
        code: ErrorCode::PartsIncomplete,
        message: "Part 2 is missing.".into(),
        request_id: "r-1".into(),
        field: None,
        parts: vec![PartNumber::new(2).unwrap()],
    };
    holds!(
        "completed_many",
        CompletedMany {
            results: vec![
                CompletionResult::Done(Completion::Completing { retry_after_seconds: 2 }),
                CompletionResult::Failed { error: error.clone() },
            ],
        }
    );
    holds!("error", ErrorBody { error });
    let challenge = Adoption::Challenge { plan: Plan::new(17 << 20, None).unwrap(), parts: vec![PartNumber::FIRST] };
    holds!("challenge", challenge);
    holds!("adopt", Adopt { proofs: vec![Proof { part_number: PartNumber::FIRST, digest: Digest(Md5::of(b"")) }] });
}

#[test]
fn downloads() {
    holds!("download", Download { grant_id: Some(GrantId::from_bytes([7; 16])) });
    holds!("file_page", FilePage { files: vec![file()], next_after: Some("next".into()) });
}

#[test]
fn events() {
    let event = |seq, what| RoomEvent { seq, at: 1_790_000_000_000, room_id: ROOM, what };
    holds!(
        "events",
        EventPage {
            events: vec![
                event(Some(1), Event::FileUploadStarted { upload: fields() }),
                event(None, Event::FileUploadProgress { upload: fields() }),
                event(Some(2), Event::FileUploadCompleted { upload: fields() }),
                event(Some(3), Event::FileUploadFailed { upload: fields(), reason: "expired".into() }),
                event(Some(4), Event::FileAdded { file: file() }),
                event(Some(5), Event::FileRemoved { file_id: FILE, member_id: MEMBER }),
            ],
            last_seq: 5,
            next_after: None,
        }
    );
}

#[test]
fn unknown_fields_of_requests_are_refused() {
    let refused = [
        serde_json::from_str::<Presign>(r#"{"parts":[],"size":5}"#).is_err(),
        serde_json::from_str::<Join>(r#"{"role":"view","displayName":"Ana"}"#).is_err(),
        serde_json::from_str::<Download>(r#"{"key":"x"}"#).is_err(),
        serde_json::from_str::<Adopt>(r#"{"proofs":[{"partNumber":0}]}"#).is_err(),
    ];
    assert_eq!(refused, [true; 4]);
}
