//! Name, type and time of a file. Not sent to storage.

use crate::prelude::*;
use serde::{Deserialize, Serialize};

/// The longest `meta`, in bytes of JSON.
pub const MAX_META_BYTES: usize = 8 * 1024;

/// A file's description: readable, or ciphertext in an encrypted room.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum Meta {
    /// Readable by the functions.
    Plain(FileMeta),
    /// Opaque ciphertext in base64url.
    Sealed(String),
}

/// The readable description, version 1.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FileMeta {
    /// Always 1.
    #[cfg_attr(feature = "openapi", schema(minimum = 1, maximum = 1))]
    pub v: u8,
    /// The file's own name, without folders.
    pub name: String,
    /// Folders above it, `/` between them, as picked. Empty for a file picked alone.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub path: String,
    /// The media type that the browser reports. May be empty. Never trusted.
    #[serde(rename = "type", default, skip_serializing_if = "String::is_empty")]
    pub media_type: String,
    /// When the file was last modified, in milliseconds since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_modified: Option<i64>,
}

impl Meta {
    /// The name to show. `None`: it is ciphertext.
    pub fn name(&self) -> Option<&str> {
        match self {
            Self::Plain(meta) => Some(&meta.name),
            Self::Sealed(_) => None,
        }
    }
}

/// The longest seal, in bytes of base64url.
pub const MAX_SEAL_BYTES: usize = 1024;

/// Data that the sender's page seals for the recipients of the file. Opaque to the functions, base64url.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Seal(pub String);
