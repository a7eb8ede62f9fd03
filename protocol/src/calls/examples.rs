//! An example of every call with all optional fields, for tests.

use super::*;
use crate::wire;
use crate::wire::digest::{Digest, Md5};
use crate::wire::id::{FileId, GrantId, MemberId, PartNumber, RoomId, UploadId};
use crate::wire::link::{LinkSecret, Role};
use crate::wire::{FileMeta, Meta, NewLink, NewUpload, PartToSign, Proof, Seal};

const ROOM: RoomId = RoomId::from_bytes([1; 16]);
const UPLOAD: UploadId = UploadId::from_bytes([2; 16]);
const FILE: FileId = FileId::from_bytes([3; 16]);
const MEMBER: MemberId = MemberId::from_bytes([4; 16]);

/// Visits calls of every type.
pub trait Visitor {
    /// Visits one call.
    fn call<C: Call>(&mut self, call: &C);
}

/// Visits a call of every type, in the order of [`ROUTES`].
pub fn visit(visitor: &mut impl Visitor) {
    rooms(visitor);
    members_and_links(visitor);
    uploads(visitor);
    files(visitor);
    visitor.call(&GetHealth {});
}

fn rooms(visitor: &mut impl Visitor) {
    let verifier = secret().auth_token(ROOM).verifier();
    let link = NewLink { role: Role::Manage, verifier, wrapped_key: Some("a2V5".into()) };
    let body = wire::CreateRoom { room_id: ROOM, name: "Footage".into(), sealed: true, links: vec![link] };
    visitor.call(&CreateRoom { body });
    visitor.call(&GetRoom { room: ROOM });
    visitor.call(&ListFiles { room: ROOM, after: Some("1790000000000.MDEyMzQ1Njc4OWFiY2RlZg".into()) });
    visitor.call(&ListEvents { room: ROOM, after: 7 });
    visitor.call(&ListRemovals { room: ROOM, after: 7 });
    visitor.call(&ListAudit { room: ROOM, after: 7 });
}

fn members_and_links(visitor: &mut impl Visitor) {
    let auth_token = secret().auth_token(ROOM);
    let verifier = auth_token.verifier();
    let body = wire::Join { role: Role::Drop, auth_token, display_name: "Ana".into() };
    visitor.call(&Join { room: ROOM, body });
    visitor.call(&RemoveMember { room: ROOM, member: MEMBER });
    let body = wire::RotateLink { verifier, wrapped_key: Some("a2V5".into()) };
    visitor.call(&RotateLink { room: ROOM, role: Role::View, body });
    visitor.call(&RevokeLink { room: ROOM, role: Role::View });
}

fn uploads(visitor: &mut impl Visitor) {
    let meta = Meta::Plain(FileMeta {
        v: 1,
        name: "día.mov".into(),
        path: "trip/day 1".into(),
        media_type: "video/quicktime".into(),
        last_modified: Some(1_790_000_000_000),
    });
    let upload = NewUpload {
        meta,
        seal: Some(Seal("c2VhbA".into())),
        size: 17 << 20,
        rate_hint: Some(5 << 20),
        first_parts: vec![part(1), part(2)],
    };
    let body = wire::Initiate { uploads: vec![upload] };
    visitor.call(&Initiate { room: ROOM, key: Some("key-1".into()), body });
    visitor.call(&Presign { upload: UPLOAD, body: wire::Presign { parts: vec![part(3)] } });
    visitor.call(&GetStatus { upload: UPLOAD, after: Some(PartNumber::MAX) });
    visitor.call(&GetProgress { upload: UPLOAD });
    visitor.call(&Complete { upload: UPLOAD });
    let upload_ids = vec![UPLOAD, UploadId::from_bytes([5; 16])];
    visitor.call(&CompleteMany { room: ROOM, body: wire::CompleteMany { upload_ids } });
    let proof = Proof { part_number: PartNumber::FIRST, digest: Digest(Md5::of(b"")) };
    visitor.call(&Adopt { upload: UPLOAD, body: wire::Adopt { proofs: vec![proof] } });
    visitor.call(&Abort { upload: UPLOAD });
}

fn files(visitor: &mut impl Visitor) {
    let grant_id = Some(GrantId::from_bytes([6; 16]));
    visitor.call(&Grant { file: FILE, body: wire::Download { grant_id } });
    visitor.call(&RemoveFile { file: FILE });
}

fn secret() -> LinkSecret {
    LinkSecret::from_bytes([5; 32])
}

fn part(number: u16) -> PartToSign {
    PartToSign { part_number: PartNumber::new(number).unwrap(), digest: Digest(Md5::of(b"")), host: 1 }
}
