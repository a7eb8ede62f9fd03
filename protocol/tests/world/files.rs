//! Files whose bytes are a rule instead of data: (file, version, span) → MD5.

use slipway_protocol::machine::digest::PartDigest;
use slipway_protocol::machine::{LocalId, Source};
use slipway_protocol::wire::digest::Md5;
use slipway_protocol::wire::plan::{DigestAlgorithm, PartRange};

/// A file on the user's disk.
#[derive(Clone, Debug)]
pub(crate) struct File {
    pub(crate) id: LocalId,
    pub(crate) size: u64,
    /// Each change kept the size and touched everything from an offset on.
    pub(crate) changes: Vec<u64>,
    pub(crate) gone: bool,
    pub(crate) reopens: bool,
    /// The browser notices no change: it reads what is there now.
    pub(crate) silent: bool,
}

/// What storage makes of bytes, or the shell of what it prepares: a digest of the kind that the plan names.
pub(crate) fn as_kind(bytes: Md5, kind: DigestAlgorithm) -> PartDigest {
    match kind {
        DigestAlgorithm::Md5 => PartDigest::Md5(bytes),
        DigestAlgorithm::Sha256 => {
            let half = *bytes.as_bytes();
            let mut whole = [0; 32];
            whole[..16].copy_from_slice(&half);
            whole[16..].copy_from_slice(&half);
            PartDigest::Sha256(whole)
        }
        DigestAlgorithm::None => PartDigest::None,
    }
}

impl File {
    pub(crate) fn version(&self) -> usize {
        self.changes.len()
    }

    /// The version that a read gets at.
    pub(crate) fn seen(&self, opened: Option<usize>) -> usize {
        if self.silent { self.version() } else { opened.unwrap_or(0) }
    }

    /// The MD5 of a span of one version.
    pub(crate) fn digest(&self, version: usize, range: PartRange) -> Md5 {
        let touched = self.changes[..version].iter().rposition(|from| *from < range.end());
        let effective = touched.map_or(0, |index| index + 1);
        Md5::of(format!("{} {effective} {} {}", self.id.0, range.start, range.len).as_bytes())
    }

    /// What the browser reports of it. The name stays, and the time of the last change may be wrong.
    pub(crate) fn source(&self) -> Source {
        Source {
            name: format!("file-{}", self.id.0),
            path: "folder".into(),
            media_type: String::new(),
            size: self.size,
            last_modified: Some(1_700_000_000_000),
            reopens: self.reopens,
            notices_changes: !self.silent,
        }
    }
}
