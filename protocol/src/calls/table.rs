//! The table of all calls. `docs/architecture.md` says what else a new one needs.

use super::request::Access::{Joining, Member, Open};
use super::request::Method::{Delete, Get, Post};
use super::{Call, Done, Removals, Route};
use crate::prelude::*;
use crate::wire::id::{FileId, MemberId, PartNumber, RoomId, UploadId};
use crate::wire::link::Role;
use crate::wire::{
    self, Adoption, AuditPage, CompletedMany, Completion, DownloadGrant, EventPage, FilePage, Health, Initiated,
    Joined, LinkRotated, Presigned, Progress, RoomCreated, RoomView, UploadStatus,
};

/// `Name { fields of the path } with Body = Method "path" for Access -> Answer where { overridden methods };`
macro_rules! calls {
    ($(
        $(#[$doc:meta])*
        $name:ident { $($field:ident: $type:ty),* } $(with $body:ty)?
            = $method:ident $path:literal for $access:ident -> $answer:ty $(where { $($more:tt)* })?;
    )*) => {
        $(
            $(#[$doc])*
            #[derive(Clone, Debug, PartialEq)]
            pub struct $name {
                $(pub $field: $type,)*
                $(pub body: $body,)?
            }

            impl Call for $name {
                type Body = body!($($body)?);
                type Answer = $answer;

                const ROUTE: Route = Route {
                    name: stringify!($name),
                    method: $method,
                    path: $path,
                    access: $access,
                    has_body: !stringify!($($body)?).is_empty(),
                };

                #[allow(unused_variables, clippy::useless_format, reason = "not every field is in the path")]
                fn path(&self) -> String {
                    let Self { $($field,)* .. } = self;
                    format!($path)
                }

                $(fn body(&self) -> Option<&$body> {
                    Some(&self.body)
                })?

                $($($more)*)?
            }
        )*

        /// The routes of all calls, in the order of the table.
        pub const ROUTES: &[Route] = &[$($name::ROUTE),*];
    };
}

macro_rules! body {
    () => {
        ()
    };
    ($body:ty) => {
        $body
    };
}

calls! {
    // ---- rooms

    /// Creates a room. Idempotent: repeated with the same links it returns the same room.
    CreateRoom {} with wire::CreateRoom
        = Post "/rooms" for Open -> RoomCreated;

    /// The room as the caller may see it.
    GetRoom { room: RoomId }
        = Get "/rooms/{room}" for Member -> RoomView;

    /// A page of files, newest first. `after`: the `next_after` of the previous page, or the room's `next_files`.
    ListFiles { room: RoomId, after: Option<String> }
        = Get "/rooms/{room}/files" for Member -> FilePage where {
            fn query(&self) -> Option<(&'static str, String)> {
                Some(("after", self.after.clone()?))
            }
        };

    /// A page of events with a number above `after`.
    ListEvents { room: RoomId, after: u64 }
        = Get "/rooms/{room}/events" for Member -> EventPage where {
            fn query(&self) -> Option<(&'static str, String)> {
                Some(("after", self.after.to_string()))
            }
        };

    /// The same, parsed only for removed files.
    ListRemovals { room: RoomId, after: u64 }
        = Get "/rooms/{room}/events" for Member -> Removals where {
            fn query(&self) -> Option<(&'static str, String)> {
                Some(("after", self.after.to_string()))
            }
        };

    /// A page of the audit log, of entries with a number above `after`.
    ListAudit { room: RoomId, after: u64 }
        = Get "/rooms/{room}/audit" for Member -> AuditPage where {
            fn query(&self) -> Option<(&'static str, String)> {
                Some(("after", self.after.to_string()))
            }
        };

    // ---- members and links

    /// Joins by a link.
    Join { room: RoomId } with wire::Join
        = Post "/rooms/{room}/members" for Joining -> Joined;

    /// Removes a member from the room.
    RemoveMember { room: RoomId, member: MemberId }
        = Delete "/rooms/{room}/members/{member}" for Member -> Done;

    /// Replaces a role's link. Idempotent for the same verifier.
    RotateLink { room: RoomId, role: Role } with wire::RotateLink
        = Post "/rooms/{room}/links/{role}" for Member -> LinkRotated;

    /// Revokes a role's link.
    RevokeLink { room: RoomId, role: Role }
        = Delete "/rooms/{room}/links/{role}" for Member -> Done;

    // ---- uploads

    /// Starts uploads, all or none. Idempotent for the same `key` and body.
    Initiate { room: RoomId, key: Option<String> } with wire::Initiate
        = Post "/rooms/{room}/uploads" for Member -> Initiated where {
            fn idempotency_key(&self) -> Option<&str> {
                self.key.as_deref()
            }

            fn is_answered_by(&self, answer: &Initiated) -> bool {
                answer.uploads.len() == self.body.uploads.len()
            }
        };

    /// Signs parts.
    Presign { upload: UploadId } with wire::Presign
        = Post "/uploads/{upload}/parts" for Member -> Presigned where {
            fn is_answered_by(&self, answer: &Presigned) -> bool {
                answer.requests.len() == self.body.parts.len()
            }
        };

    /// The status of an upload, with a page of its stored parts: those after `after`.
    GetStatus { upload: UploadId, after: Option<PartNumber> }
        = Get "/uploads/{upload}" for Member -> UploadStatus where {
            fn query(&self) -> Option<(&'static str, String)> {
                Some(("after", self.after?.to_string()))
            }
        };

    /// The progress of an upload.
    GetProgress { upload: UploadId }
        = Get "/uploads/{upload}/progress" for Member -> Progress;

    /// Completes one upload.
    Complete { upload: UploadId }
        = Post "/uploads/{upload}/complete" for Member -> Completion;

    /// Completes several uploads of one room.
    CompleteMany { room: RoomId } with wire::CompleteMany
        = Post "/rooms/{room}/completions" for Member -> CompletedMany where {
            fn is_answered_by(&self, answer: &CompletedMany) -> bool {
                answer.results.len() == self.body.upload_ids.len()
            }
        };

    /// Continues an upload that another client started. Without proofs the answer names the parts to prove.
    Adopt { upload: UploadId } with wire::Adopt
        = Post "/uploads/{upload}/adopt" for Member -> Adoption;

    /// Cancels an upload, and removes it from storage.
    Abort { upload: UploadId }
        = Delete "/uploads/{upload}" for Member -> Done;

    // ---- files

    /// Grants a download.
    Grant { file: FileId } with wire::Download
        = Post "/files/{file}/downloads" for Member -> DownloadGrant;

    /// Removes a file from the room.
    RemoveFile { file: FileId }
        = Delete "/files/{file}" for Member -> Done;

    // ---- the functions themselves

    /// Whether the functions answer.
    GetHealth {}
        = Get "/health" for Open -> Health;
}
