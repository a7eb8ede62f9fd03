//! Names inside the bucket. They never contain the file's name, and are never taken from a client.

use std::fmt;

use serde::{Deserialize, Serialize};
use slipway_protocol::wire::id::{FileId, RoomId};

/// The key of an object.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ObjectKey(String);

impl ObjectKey {
    /// The key of a room's file. Both ids are 128 random bits, so keys do not collide.
    pub fn for_file(room: RoomId, file: FileId) -> Self {
        Self(format!("rooms/{room}/{file}"))
    }

    /// The key as storage knows it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ObjectKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What storage calls a multipart upload.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct S3UploadId(pub String);

impl S3UploadId {
    /// The id as storage knows it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}
