//! Names of rooms and members.

use crate::prelude::*;
use serde::{Deserialize, Serialize};

/// The longest sealed name, in bytes: a room's name of 120 characters, encrypted, in base64url.
pub const MAX_SEALED_LABEL_BYTES: usize = 1024;

/// A name: readable, or ciphertext in a sealed room.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(untagged, deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum Label {
    /// Readable by the functions.
    Plain {
        /// The name.
        plain: String,
    },
    /// Not readable by the functions.
    Sealed {
        /// Opaque ciphertext in base64url.
        sealed: String,
    },
}

impl Label {
    /// The name to show. `None`: it is ciphertext.
    pub fn plain(&self) -> Option<&str> {
        match self {
            Self::Plain { plain } => Some(plain),
            Self::Sealed { .. } => None,
        }
    }
}

impl From<&str> for Label {
    fn from(text: &str) -> Self {
        Self::Plain { plain: text.to_owned() }
    }
}

impl From<String> for Label {
    fn from(text: String) -> Self {
        Self::Plain { plain: text }
    }
}
