//! The shell chooses the JSON library.

use crate::prelude::*;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// Writes and reads JSON, by a library or by what the platform has.
// A trait, since reading with serde_json costs the page 6,778 bytes of brotli more (decision 2).
pub trait Json {
    /// Serializes a body. It can't fail, since wire types have string keys.
    fn write<T: Serialize>(value: &T) -> String;

    /// Parses an answer. `None`: the text is not JSON of this type.
    fn read<T: DeserializeOwned>(text: &str) -> Option<T>;
}

/// `serde_json`, for programs other than the page.
#[cfg(any(test, feature = "serde_json"))]
#[derive(Clone, Copy, Debug)]
pub struct SerdeJson;

#[cfg(any(test, feature = "serde_json"))]
impl Json for SerdeJson {
    fn write<T: Serialize>(value: &T) -> String {
        serde_json::to_string(value).expect("wire types have string keys")
    }

    fn read<T: DeserializeOwned>(text: &str) -> Option<T> {
        serde_json::from_str(text).ok()
    }
}
