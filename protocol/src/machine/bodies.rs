//! What an effect carries, as the body of the call that it asks for.

use super::{ToInitiate, ToSign};
use crate::wire::digest::Digest;
use crate::wire::{FileMeta, Meta, NewUpload, PartToSign};

impl From<ToInitiate> for NewUpload {
    fn from(upload: ToInitiate) -> Self {
        let source = upload.source;
        Self {
            meta: Meta::Plain(FileMeta {
                v: 1,
                name: source.name,
                path: source.path,
                media_type: source.media_type,
                last_modified: source.last_modified,
            }),
            seal: None,
            size: source.size,
            rate_hint: upload.rate_hint,
            first_parts: upload.first_parts.into_iter().map(Into::into).collect(),
        }
    }
}

impl From<ToSign> for PartToSign {
    fn from(part: ToSign) -> Self {
        Self { part_number: part.part, digest: Digest(part.digest), host: part.host }
    }
}
