//! Which library writes and reads JSON is the shell's choice.

use serde::Serialize;
use serde::de::DeserializeOwned;

/// How a shell writes and reads JSON: a library, or what its platform has.
pub trait Json {
    /// The text of a body. Wire types have string keys and always have one.
    fn write<T: Serialize>(value: &T) -> String;

    /// Reads an answer. `None`: the text is something else.
    fn read<T: DeserializeOwned>(text: &str) -> Option<T>;
}

/// `serde_json`, for programs whose size does not matter.
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
