//! MD5 digests in the three forms that storage uses: base64 in `Content-MD5`
//! (RFC 1864), hex in an ETag, and the composite ETag of a multipart object.

use crate::prelude::*;
use core::fmt;

use base64::prelude::{BASE64_STANDARD, Engine as _};
use serde::{Deserialize, Serialize};

/// The MD5 of a part or of a whole single-PUT object.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Md5([u8; 16]);

/// A text is not a digest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an MD5: expected 16 bytes in base64")]
pub struct BadDigest;

impl Md5 {
    /// From the 16 bytes of the digest.
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// Computes the digest of bytes in memory.
    pub fn of(bytes: &[u8]) -> Self {
        Self(multi_md5::md5(bytes))
    }

    /// The 16 bytes.
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }

    /// The value of a `Content-MD5` header.
    pub fn base64(&self) -> String {
        BASE64_STANDARD.encode(self.0.as_slice())
    }

    /// Lower-case hex, as S3 writes it in an ETag.
    pub fn hex(&self) -> String {
        hex::encode(self.0)
    }

    /// Parses the value of a `Content-MD5` header.
    pub fn from_base64(text: &str) -> Result<Self, BadDigest> {
        // Checked first, so that a long text is refused without decoding it.
        if text.len() != 24 {
            return Err(BadDigest);
        }
        let bytes = BASE64_STANDARD.decode(text).map_err(|_| BadDigest)?;
        bytes.try_into().map(Self).map_err(|_| BadDigest)
    }

    /// Parses an ETag that is a plain MD5, quoted or not. `None`: it is composite or opaque.
    pub fn from_etag(etag: &str) -> Option<Self> {
        let mut bytes = [0; 16];
        hex::decode_to_slice(etag.trim_matches('"'), &mut bytes).ok()?;
        Some(Self(bytes))
    }
}

impl fmt::Debug for Md5 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Md5({})", self.hex())
    }
}

/// The ETag of a multipart object in S3: the MD5 of the parts' MD5s, a dash and their number, without quotes.
///
/// Source: AWS, "Checking object integrity", ETags of multipart uploads under SSE-S3 or no encryption.
pub fn composite_etag(parts: impl IntoIterator<Item = Md5>) -> String {
    let mut bytes = Vec::new();
    let mut count = 0_u32;
    for part in parts {
        bytes.extend_from_slice(part.as_bytes());
        count += 1;
    }
    format!("{}-{count}", Md5::of(&bytes).hex())
}

/// A digest with the name of its algorithm: the wire format.
///
/// Named, so that storage with another algorithm can be added.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "WireDigest", into = "WireDigest")]
pub struct Digest(pub Md5);

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
struct WireDigest {
    /// Always `md5` today.
    #[cfg_attr(feature = "openapi", schema(pattern = "^md5$"))]
    algorithm: String,
    /// Base64, as in `Content-MD5`.
    #[cfg_attr(feature = "openapi", schema(pattern = "^[A-Za-z0-9+/]{22}==$"))]
    value: String,
}

impl TryFrom<WireDigest> for Digest {
    type Error = BadDigest;

    fn try_from(wire: WireDigest) -> Result<Self, BadDigest> {
        if wire.algorithm != "md5" {
            return Err(BadDigest);
        }
        Md5::from_base64(&wire.value).map(Self)
    }
}

impl From<Digest> for WireDigest {
    fn from(digest: Digest) -> Self {
        Self { algorithm: "md5".into(), value: digest.0.base64() }
    }
}

#[cfg(feature = "openapi")]
impl utoipa::PartialSchema for Digest {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        <WireDigest as utoipa::PartialSchema>::schema()
    }
}

#[cfg(feature = "openapi")]
impl utoipa::ToSchema for Digest {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_three_forms_of_a_digest() {
        let empty = Md5::of(b"");
        assert_eq!(empty.hex(), "d41d8cd98f00b204e9800998ecf8427e");
        assert_eq!(empty.base64(), "1B2M2Y8AsgTpgAmY7PhCfg==");
        assert_eq!(Md5::from_base64("1B2M2Y8AsgTpgAmY7PhCfg=="), Ok(empty));
        assert_eq!(Md5::from_etag("\"d41d8cd98f00b204e9800998ecf8427e\""), Some(empty));
    }

    #[test]
    fn other_texts_are_refused() {
        for text in ["", "1B2M2Y8AsgTpgAmY7PhCfg", "1B2M2Y8AsgTpgAmY7PhCfh==", "1B2M2Y8AsgTpgAmY7PhCfg==\n"] {
            assert_eq!(Md5::from_base64(text), Err(BadDigest), "{text:?}");
        }
        for etag in ["", "d41d8cd98f00b204e9800998ecf8427e-2", "xyz"] {
            assert_eq!(Md5::from_etag(etag), None, "{etag:?}");
        }
    }

    #[test]
    fn the_composite_etag_is_the_md5_of_the_md5s() {
        use md5::Digest as _;
        let parts = [Md5::of(b"one"), Md5::of(b"two")];
        let mut oracle = md5::Md5::new();
        oracle.update(parts[0].as_bytes());
        oracle.update(parts[1].as_bytes());
        assert_eq!(composite_etag(parts), format!("{}-2", hex::encode(oracle.finalize())));
    }

    #[test]
    fn a_digest_on_the_wire() {
        let json = serde_json::to_string(&Digest(Md5::of(b""))).unwrap();
        assert_eq!(json, r#"{"algorithm":"md5","value":"1B2M2Y8AsgTpgAmY7PhCfg=="}"#);
        assert!(serde_json::from_str::<Digest>(&json.replace("md5", "sha1")).is_err());
    }
}
