//! The digest of what is sent of a part, of the kind that the plan names.

use crate::prelude::*;
use serde::{Deserialize, Serialize};

use crate::wire::digest::{BadDigest, Digest, Md5};
use crate::wire::plan::DigestAlgorithm;
use base64::prelude::{BASE64_STANDARD, Engine as _};

/// A promised digest. Two of one kind compare; where storage checks none, all are alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Written", into = "Written")]
pub enum PartDigest {
    Md5(Md5),
    Sha256([u8; 32]),
    None,
}

impl PartDigest {
    /// Which kind it is.
    pub const fn algorithm(&self) -> DigestAlgorithm {
        match self {
            Self::Md5(_) => DigestAlgorithm::Md5,
            Self::Sha256(_) => DigestAlgorithm::Sha256,
            Self::None => DigestAlgorithm::None,
        }
    }

    /// As base64; empty where there is none. The kinds differ in length.
    pub fn text(&self) -> String {
        match self {
            Self::Md5(md5) => md5.base64(),
            Self::Sha256(bytes) => BASE64_STANDARD.encode(bytes),
            Self::None => String::new(),
        }
    }

    /// Reads [`Self::text`].
    pub fn from_text(text: &str) -> Result<Self, BadDigest> {
        if text.is_empty() {
            return Ok(Self::None);
        }
        Md5::from_base64(text).map(Self::Md5).or_else(|BadDigest| {
            let bytes = BASE64_STANDARD.decode(text).map_err(|_| BadDigest)?;
            bytes.try_into().map(Self::Sha256).map_err(|_| BadDigest)
        })
    }

    /// The MD5, where that is its kind.
    pub const fn md5(&self) -> Option<Md5> {
        match self {
            Self::Md5(md5) => Some(*md5),
            Self::Sha256(_) | Self::None => None,
        }
    }
}

impl From<Md5> for PartDigest {
    fn from(md5: Md5) -> Self {
        Self::Md5(md5)
    }
}

impl From<Digest> for PartDigest {
    fn from(digest: Digest) -> Self {
        Self::Md5(digest.0)
    }
}

/// As in a record, and as the API writes an MD5.
#[derive(Serialize, Deserialize)]
struct Written {
    algorithm: String,
    value: String,
}

impl From<PartDigest> for Written {
    fn from(digest: PartDigest) -> Self {
        let algorithm = match digest {
            PartDigest::Md5(_) => "md5",
            PartDigest::Sha256(_) => "sha256",
            PartDigest::None => "none",
        };
        Self { algorithm: algorithm.into(), value: digest.text() }
    }
}

impl TryFrom<Written> for PartDigest {
    type Error = BadDigest;

    fn try_from(written: Written) -> Result<Self, BadDigest> {
        match (written.algorithm.as_str(), Self::from_text(&written.value)?) {
            ("md5", digest @ Self::Md5(_)) | ("sha256", digest @ Self::Sha256(_)) | ("none", digest @ Self::None) => {
                Ok(digest)
            }
            _ => Err(BadDigest),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_survives_its_text_form() {
        for digest in [PartDigest::Md5(Md5::of(b"")), PartDigest::Sha256([7; 32]), PartDigest::None] {
            let json = serde_json::to_string(&digest).unwrap();
            assert_eq!(serde_json::from_str::<PartDigest>(&json).unwrap(), digest, "{json}");
            assert_eq!(PartDigest::from_text(&digest.text()), Ok(digest));
        }
        assert!(serde_json::from_str::<PartDigest>(r#"{"algorithm":"sha256","value":"AA=="}"#).is_err());
    }

    #[test]
    fn an_md5_is_written_as_the_api_does() {
        let md5 = Md5::of(b"part");
        assert_eq!(
            serde_json::to_string(&PartDigest::from(md5)).unwrap(),
            serde_json::to_string(&Digest(md5)).unwrap()
        );
    }
}
