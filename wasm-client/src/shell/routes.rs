//! The routes of the functions, one method each.

use slipway_protocol::machine::{CallFault, CompleteOutcome, ToInitiate, ToSign};
use slipway_protocol::wire::digest::Digest;
use slipway_protocol::wire::id::{FileId, MemberId, RoomId, UploadId};
use slipway_protocol::wire::link::{Role, Verifier};
use slipway_protocol::wire::{
    Adopt, Adoption, AuditPage, CompleteMany, CompletedMany, Completion, CompletionResult, Download, DownloadGrant,
    FileMeta, FilePage, Initiate, Initiated, LinkRotated, Meta, NewUpload, PartToSign, Presign, Presigned, Proof,
    RoomView, RotateLink, SignedRequest, StartedUpload, UploadStatus,
};

use crate::shell::api::{Call, Fault};
use crate::shell::rooms::Rooms;

/// A status of 10,000 parts has some ten pages; more than this many is no answer of ours.
const MAX_STATUS_PAGES: usize = 1_000;

impl Rooms {
    /// GET the room.
    pub(crate) async fn room(&self, room: RoomId) -> Result<RoomView, Fault> {
        let view: RoomView = self.call(room, &Call::get(format!("/rooms/{room}"))).await?;
        self.saw(&view);
        Ok(view)
    }

    /// GET a page of files.
    pub(crate) async fn files(&self, room: RoomId, after: &str) -> Result<FilePage, Fault> {
        let query =
            if after.is_empty() { String::new() } else { format!("?after={}", js_sys::encode_uri_component(after)) };
        self.call(room, &Call::get(format!("/rooms/{room}/files{query}"))).await
    }

    /// GET events, of which only removals matter here: the files that went away.
    pub(crate) async fn removed(&self, room: RoomId, after: u64) -> Result<Vec<FileId>, Fault> {
        let page: Happened = self.call(room, &Call::get(format!("/rooms/{room}/events?after={after}"))).await?;
        let removed = page.events.into_iter().filter(|event| event.kind == "file-removed");
        Ok(removed.filter_map(|event| event.file_id).collect())
    }

    /// GET a page of the audit log.
    pub(crate) async fn audit(&self, room: RoomId, after: u64) -> Result<AuditPage, Fault> {
        self.call(room, &Call::get(format!("/rooms/{room}/audit?after={after}"))).await
    }

    /// POST a new verifier for a role.
    pub(crate) async fn rotate(&self, room: RoomId, role: Role, verifier: Verifier) -> Result<LinkRotated, Fault> {
        let body = RotateLink { verifier, wrapped_key: None };
        self.call(room, &Call::post(format!("/rooms/{room}/links/{role}"), &body)).await
    }

    /// DELETE a role's link.
    pub(crate) async fn revoke(&self, room: RoomId, role: Role) -> Result<(), Fault> {
        self.done(room, &Call::delete(format!("/rooms/{room}/links/{role}"))).await
    }

    /// DELETE a member.
    pub(crate) async fn remove_member(&self, room: RoomId, member: MemberId) -> Result<(), Fault> {
        self.done(room, &Call::delete(format!("/rooms/{room}/members/{member}"))).await
    }

    /// DELETE a file.
    pub(crate) async fn remove_file(&self, room: RoomId, file: FileId) -> Result<(), Fault> {
        self.done(room, &Call::delete(format!("/files/{file}"))).await
    }

    /// POST for a download.
    pub(crate) async fn grant(&self, room: RoomId, file: FileId) -> Result<DownloadGrant, Fault> {
        self.call(room, &Call::post(format!("/files/{file}/downloads"), &Download { grant_id: None })).await
    }

    /// POST new uploads.
    pub(crate) async fn initiate(
        &self,
        room: RoomId,
        key: String,
        uploads: Vec<ToInitiate>,
    ) -> Result<Vec<StartedUpload>, CallFault> {
        let count = uploads.len();
        let body = Initiate { uploads: uploads.into_iter().map(new_upload).collect() };
        let call = Call::post(format!("/rooms/{room}/uploads"), &body).once(key);
        let answer: Initiated = self.call(room, &call).await?;
        as_many_as(count, answer.uploads)
    }

    /// POST parts to be signed.
    pub(crate) async fn presign(
        &self,
        room: RoomId,
        upload: UploadId,
        parts: &[ToSign],
    ) -> Result<Vec<SignedRequest>, CallFault> {
        let body = Presign { parts: parts.iter().map(part_to_sign).collect() };
        let answer: Presigned = self.call(room, &Call::post(format!("/uploads/{upload}/parts"), &body)).await?;
        as_many_as(parts.len(), answer.requests)
    }

    /// GET the status, all pages put together.
    pub(crate) async fn status(&self, room: RoomId, upload: UploadId) -> Result<Box<UploadStatus>, CallFault> {
        let mut whole: UploadStatus = self.call(room, &Call::get(format!("/uploads/{upload}"))).await?;
        for _ in 0..MAX_STATUS_PAGES {
            let Some(after) = whole.next_after.take() else { return Ok(Box::new(whole)) };
            let path = format!("/uploads/{upload}?after={after}");
            let mut page: UploadStatus = self.call(room, &Call::get(path)).await?;
            // The state may change between two pages; the parts of a closed upload are no longer told.
            page.parts.splice(..0, std::mem::take(&mut whole.parts));
            whole = page;
        }
        Err(CallFault::Network)
    }

    /// POST complete, or the batch form for several.
    pub(crate) async fn complete(
        &self,
        room: RoomId,
        uploads: Vec<UploadId>,
    ) -> Result<Vec<CompleteOutcome>, CallFault> {
        if let [upload] = uploads[..] {
            let call = Call::post_empty(format!("/uploads/{upload}/complete"));
            return match self.call::<Completion>(room, &call).await {
                Ok(completion) => Ok(vec![outcome(completion)]),
                Err(fault) => Err(fault.into()),
            };
        }
        let count = uploads.len();
        let call = Call::post(format!("/rooms/{room}/completions"), &CompleteMany { upload_ids: uploads });
        let answer: CompletedMany = self.call(room, &call).await?;
        as_many_as(count, answer.results.into_iter().map(result).collect())
    }

    /// POST to go on with an upload begun elsewhere. Without proofs the answer says what to prove.
    pub(crate) async fn adopt(&self, room: RoomId, upload: UploadId, proofs: Vec<Proof>) -> Result<Adoption, Fault> {
        self.call(room, &Call::post(format!("/uploads/{upload}/adopt"), &Adopt { proofs })).await
    }

    /// DELETE an upload.
    pub(crate) async fn abort(&self, room: RoomId, upload: UploadId) -> Result<(), CallFault> {
        Ok(self.withdraw(room, upload).await?)
    }

    /// DELETE an upload that this device does not send.
    pub(crate) async fn withdraw(&self, room: RoomId, upload: UploadId) -> Result<(), Fault> {
        self.done(room, &Call::delete(format!("/uploads/{upload}"))).await
    }

    /// A call whose answer says nothing more than that it was done.
    async fn done(&self, room: RoomId, call: &Call) -> Result<(), Fault> {
        self.call::<serde::de::IgnoredAny>(room, call).await.map(drop)
    }
}

/// As much of `EventPage` as is of use here.
#[derive(serde::Deserialize)]
struct Happened {
    events: Vec<OneEvent>,
}

#[derive(serde::Deserialize)]
#[serde(rename_all = "camelCase")]
struct OneEvent {
    #[serde(rename = "type")]
    kind: String,
    file_id: Option<FileId>,
}

fn new_upload(upload: ToInitiate) -> NewUpload {
    let source = upload.source;
    NewUpload {
        meta: Meta::Plain(FileMeta {
            v: 1,
            name: source.name,
            path: source.path,
            media_type: source.media_type,
            last_modified: source.last_modified,
        }),
        size: source.size,
        rate_hint: upload.rate_hint,
        first_parts: upload.first_parts.iter().map(part_to_sign).collect(),
    }
}

fn part_to_sign(part: &ToSign) -> PartToSign {
    PartToSign { part_number: part.part, digest: Digest(part.digest), host: part.host }
}

fn outcome(completion: Completion) -> CompleteOutcome {
    match completion {
        Completion::Completed { file } => CompleteOutcome::Done { file: file.file_id },
        Completion::Completing { retry_after_seconds } => CompleteOutcome::Working { retry_after_seconds },
    }
}

fn result(result: CompletionResult) -> CompleteOutcome {
    match result {
        CompletionResult::Done(completion) => outcome(completion),
        CompletionResult::Failed { error } => {
            let fault = Fault::Answer { status: error.code.status(), error, retry_after: None };
            CompleteOutcome::Refused(fault.into())
        }
    }
}

/// The machine matches answers to questions by their order, so there must be one for each.
fn as_many_as<T>(count: usize, answers: Vec<T>) -> Result<Vec<T>, CallFault> {
    if answers.len() == count { Ok(answers) } else { Err(CallFault::Network) }
}

#[cfg(test)]
mod tests {
    use slipway_protocol::wire::id::PartNumber;
    use slipway_protocol::wire::plan::Plan;
    use slipway_protocol::wire::{StoredPart, UploadState};
    use wasm_bindgen_test::wasm_bindgen_test;

    use super::*;
    use crate::testing::{Wire, digest_of, joined_room};

    fn status(parts: std::ops::RangeInclusive<u16>, next_after: Option<u16>) -> String {
        let stored = |part: u16| StoredPart {
            part_number: PartNumber::new(part).unwrap(),
            size: 16 << 20,
            digest: Digest(digest_of(part)),
        };
        let page = UploadStatus {
            upload_id: UploadId::from_bytes([4; 16]),
            file_id: FileId::from_bytes([5; 16]),
            room_id: RoomId::from_bytes([1; 16]),
            state: UploadState::Uploading,
            reason: None,
            meta: Meta::Sealed("x".into()),
            plan: Plan::new(1 << 30, None).unwrap(),
            expires_in_seconds: 100,
            parts: parts.map(stored).collect(),
            next_after: next_after.and_then(PartNumber::new),
            file: None,
        };
        serde_json::to_string(&page).unwrap()
    }

    #[wasm_bindgen_test]
    async fn the_pages_of_a_status_are_put_together_in_order() {
        let (room, rooms) = joined_room("/status").await;
        let wire = Wire::tap("/status", |asked| match asked.path.split_once("after=").map(|(_, after)| after) {
            None => (200, status(1..=3, Some(3))),
            Some("3") => (200, status(4..=6, Some(6))),
            _ => (200, status(7..=7, None)),
        });
        let whole = rooms.status(room, UploadId::from_bytes([4; 16])).await.unwrap();
        let numbers: Vec<_> = whole.parts.iter().map(|part| part.part_number.get()).collect();
        assert_eq!((numbers, wire.asked().len()), ((1..=7).collect(), 3));
    }

    #[wasm_bindgen_test]
    async fn one_completion_and_many_have_their_own_routes() {
        let (room, rooms) = joined_room("/complete").await;
        let many = r#"{"results":[{"state":"completing","retryAfterSeconds":2},{"error":{"code":"upload-expired","message":"m","requestId":"r"}}]}"#;
        let wire = Wire::tap("/complete", move |asked| match asked.path.ends_with("/completions") {
            true => (200, many.into()),
            false => (202, r#"{"state":"completing","retryAfterSeconds":9}"#.into()),
        });
        let ids = [UploadId::from_bytes([1; 16]), UploadId::from_bytes([2; 16])];
        let one = rooms.complete(room, vec![ids[0]]).await.unwrap();
        assert_eq!(one, [CompleteOutcome::Working { retry_after_seconds: 9 }]);
        let two = rooms.complete(room, ids.to_vec()).await.unwrap();
        assert!(matches!(&two[1], CompleteOutcome::Refused(CallFault::Api { status: 409, .. })), "{two:?}");
        assert_eq!(wire.asked()[0].path, format!("/complete/uploads/{}/complete", ids[0]));
        // An answer that leaves one out is none: by their order they are told apart.
        assert_eq!(rooms.complete(room, [ids, ids].concat()).await, Err(CallFault::Network));
    }

    #[wasm_bindgen_test]
    async fn an_initiate_carries_its_key_and_what_was_picked() {
        let (room, rooms) = joined_room("/initiate").await;
        let wire = Wire::tap("/initiate", |_| (201, r#"{"uploads":[]}"#.into()));
        let source = crate::testing::head(1).source;
        let upload = ToInitiate {
            id: slipway_protocol::machine::LocalId(1),
            first_parts: vec![ToSign { part: PartNumber::FIRST, digest: digest_of(1), host: 1 }],
            rate_hint: Some(5),
            source,
        };
        assert_eq!(rooms.initiate(room, "k1".into(), vec![upload]).await, Err(CallFault::Network));
        let asked = wire.asked().remove(0);
        assert_eq!((asked.key.as_deref(), asked.method.as_str()), (Some("k1"), "POST"));
        let body: Initiate = serde_json::from_str(&asked.body).unwrap();
        assert_eq!((body.uploads[0].meta.name(), body.uploads[0].first_parts[0].host), (Some("a.bin"), 1));
    }
}
