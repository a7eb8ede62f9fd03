//! The API calls behind the machine's effects, and their answers as the machine takes them.

use slipway_protocol::calls::{
    Abort, Adopt, CallFault, CompleteAll, CompleteOutcome, CompletedAny, Fault, GetRoom, GetStatus, Initiate, Pages,
    Presign,
};
use slipway_protocol::machine::{ToInitiate, ToSign};
use slipway_protocol::wire::id::{RoomId, UploadId};
use slipway_protocol::wire::{self, Adoption, Proof, RoomView, SignedRequest, StartedUpload, UploadStatus};

use crate::shell::rooms::Rooms;

impl Rooms {
    /// Reads the room, and updates its saved session.
    pub(crate) async fn room(&self, room: RoomId) -> Result<RoomView, Fault> {
        let view = self.call(room, &GetRoom { room }).await?;
        self.update_session(&view);
        Ok(view)
    }

    /// Starts uploads.
    pub(crate) async fn initiate(
        &self,
        room: RoomId,
        key: String,
        uploads: Vec<ToInitiate>,
    ) -> Result<Vec<StartedUpload>, CallFault> {
        let body = wire::Initiate { uploads: uploads.into_iter().map(Into::into).collect() };
        Ok(self.call(room, &Initiate { room, key: Some(key), body }).await?.uploads)
    }

    /// Signs parts.
    pub(crate) async fn presign(
        &self,
        room: RoomId,
        upload: UploadId,
        parts: Vec<ToSign>,
    ) -> Result<Vec<SignedRequest>, CallFault> {
        let body = wire::Presign { parts: parts.into_iter().filter_map(ToSign::for_api).collect() };
        Ok(self.call(room, &Presign { upload, body }).await?.requests)
    }

    /// The status of an upload, all pages combined.
    pub(crate) async fn status(&self, room: RoomId, upload: UploadId) -> Result<Box<UploadStatus>, CallFault> {
        let mut pages = Pages::new(GetStatus { upload, after: None });
        loop {
            let page = self.call(room, pages.call()).await?;
            if let Some(whole) = pages.push(page)? {
                return Ok(Box::new(whole));
            }
        }
    }

    /// Completes one upload or several.
    pub(crate) async fn complete(
        &self,
        room: RoomId,
        uploads: Vec<UploadId>,
    ) -> Result<Vec<CompleteOutcome>, CallFault> {
        Ok(self.call(room, &CompleteAll::new(room, uploads)).await.map(CompletedAny::outcomes)?)
    }

    /// Continues an upload that another client started. Without proofs the answer names the parts to prove.
    pub(crate) async fn adopt(&self, room: RoomId, upload: UploadId, proofs: Vec<Proof>) -> Result<Adoption, Fault> {
        self.call(room, &Adopt { upload, body: wire::Adopt { proofs } }).await
    }

    /// Cancels an upload.
    pub(crate) async fn abort(&self, room: RoomId, upload: UploadId) -> Result<(), Fault> {
        self.call(room, &Abort { upload }).await.map(drop)
    }
}

#[cfg(test)]
mod tests {
    use slipway_protocol::wire::digest::Digest;
    use slipway_protocol::wire::id::{FileId, PartNumber};
    use slipway_protocol::wire::plan::Plan;
    use slipway_protocol::wire::{Meta, StoredPart, UploadState};
    use wasm_bindgen_test::wasm_bindgen_test;

    use super::*;
    use crate::testing::{FakeServer, digest_of, joined_room};

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
    async fn the_pages_of_a_status_are_combined_in_order() {
        let (room, rooms) = joined_room("/status").await;
        let server =
            FakeServer::install("/status", |call| match call.path.split_once("after=").map(|(_, after)| after) {
                None => (200, status(1..=3, Some(3))),
                Some("3") => (200, status(4..=6, Some(6))),
                _ => (200, status(7..=7, None)),
            });
        let whole = rooms.status(room, UploadId::from_bytes([4; 16])).await.unwrap();
        let numbers: Vec<_> = whole.parts.iter().map(|part| part.part_number.get()).collect();
        assert_eq!((numbers, server.calls().len()), ((1..=7).collect(), 3));
    }

    #[wasm_bindgen_test]
    async fn one_completion_and_many_have_their_own_routes() {
        let (room, rooms) = joined_room("/complete").await;
        let many = r#"{"results":[{"state":"completing","retryAfterSeconds":2},{"error":{"code":"upload-expired","message":"m","requestId":"r"}}]}"#;
        let server = FakeServer::install("/complete", move |call| match call.path.ends_with("/completions") {
            true => (200, many.into()),
            false => (202, r#"{"state":"completing","retryAfterSeconds":9}"#.into()),
        });
        let ids = [UploadId::from_bytes([1; 16]), UploadId::from_bytes([2; 16])];
        let one = rooms.complete(room, vec![ids[0]]).await.unwrap();
        assert_eq!(one, [CompleteOutcome::Working { retry_after_seconds: 9 }]);
        let two = rooms.complete(room, ids.to_vec()).await.unwrap();
        assert!(matches!(&two[1], CompleteOutcome::Refused(CallFault::Api { status: 409, .. })), "{two:?}");
        assert_eq!(server.calls()[0].path, format!("/complete/uploads/{}/complete", ids[0]));
        // Results are matched by position, so an answer with a result missing is invalid.
        assert_eq!(rooms.complete(room, [ids, ids].concat()).await, Err(CallFault::Network));
    }

    #[wasm_bindgen_test]
    async fn an_initiate_contains_its_key_and_the_picked_file() {
        let (room, rooms) = joined_room("/initiate").await;
        let server = FakeServer::install("/initiate", |_| (201, r#"{"uploads":[]}"#.into()));
        let source = crate::testing::head(1).source;
        let upload = ToInitiate {
            id: slipway_protocol::machine::LocalId(1),
            first_parts: vec![ToSign { part: PartNumber::FIRST, digest: digest_of(1).into(), host: 1 }],
            rate_hint: Some(5),
            source,
        };
        assert_eq!(rooms.initiate(room, "k1".into(), vec![upload]).await, Err(CallFault::Network));
        let call = server.calls().remove(0);
        assert_eq!((call.key.as_deref(), call.method.as_str()), (Some("k1"), "POST"));
        let body: wire::Initiate = serde_json::from_str(&call.body).unwrap();
        assert_eq!((body.uploads[0].meta.name(), body.uploads[0].first_parts[0].host), (Some("a.bin"), 1));
    }
}
