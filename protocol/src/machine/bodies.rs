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
            first_parts: upload.first_parts.into_iter().filter_map(ToSign::for_api).collect(),
        }
    }
}

impl ToSign {
    /// As the API takes it, which knows MD5s only; none for a part of another kind of transport.
    pub fn for_api(self) -> Option<PartToSign> {
        Some(PartToSign { part_number: self.part, digest: Digest(self.digest.md5()?), host: self.host })
    }
}
