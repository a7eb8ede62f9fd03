//! Storage: checks time, MD5 and length of what arrives, and keeps what was right.

use std::collections::BTreeMap;

use slipway_protocol::machine::PutFault;
use slipway_protocol::machine::digest::PartDigest;
use slipway_protocol::wire::SignedRequest;
use slipway_protocol::wire::digest::Md5;
use slipway_protocol::wire::id::{PartNumber, UploadId};

use super::files::as_kind;

/// What a signed URL allows.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Permit {
    pub(crate) upload: UploadId,
    pub(crate) part: PartNumber,
    pub(crate) host: u8,
    pub(crate) digest: PartDigest,
    pub(crate) len: u64,
    pub(crate) expires_at: u64,
}

impl Permit {
    pub(crate) fn url(&self) -> String {
        let Self { upload, part, host, digest, len, expires_at } = self;
        let digest = serde_json::to_string(digest).unwrap();
        format!("{host} {upload} {part} {digest} {len} {expires_at}")
    }

    pub(crate) fn read(request: &SignedRequest) -> Self {
        let words: Vec<&str> = request.url.split(' ').collect();
        Self {
            host: words[0].parse().unwrap(),
            upload: words[1].parse().unwrap(),
            part: PartNumber::new(words[2].parse().unwrap()).unwrap(),
            digest: serde_json::from_str(words[3]).unwrap(),
            len: words[4].parse().unwrap(),
            expires_at: words[5].parse().unwrap(),
        }
    }
}

/// One upload in storage.
#[derive(Clone, Debug, Default)]
pub(crate) struct Held {
    pub(crate) is_single: bool,
    pub(crate) is_open: bool,
    pub(crate) parts: BTreeMap<PartNumber, (Md5, u64)>,
}

#[derive(Debug, Default)]
pub(crate) struct Bucket {
    pub(crate) uploads: BTreeMap<UploadId, Held>,
}

impl Bucket {
    pub(crate) fn begin(&mut self, upload: UploadId, is_single: bool) {
        self.uploads.insert(upload, Held { is_single, is_open: true, ..Held::default() });
    }

    /// A PUT has arrived in full: `bytes` is the MD5 of what came over the wire.
    pub(crate) fn put(&mut self, began: u64, permit: &Permit, bytes: Md5, len: u64) -> Result<Md5, PutFault> {
        let refuse = |status, code: &str| Err(PutFault::Http { status, code: Some(code.into()) });
        let Some(held) = self.uploads.get_mut(&permit.upload) else { return refuse(404, "NoSuchUpload") };
        if began >= permit.expires_at {
            return refuse(403, "AccessDenied");
        }
        if len != permit.len {
            return refuse(403, "SignatureDoesNotMatch");
        }
        if held.is_single && !held.parts.is_empty() {
            return refuse(412, "PreconditionFailed");
        }
        if !held.is_open {
            return refuse(404, "NoSuchUpload");
        }
        if as_kind(bytes, permit.digest.algorithm()) != permit.digest {
            return refuse(400, "BadDigest");
        }
        held.parts.insert(permit.part, (bytes, len));
        Ok(bytes)
    }
}
