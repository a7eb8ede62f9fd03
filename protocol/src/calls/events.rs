//! Events, parsed for removals only.

use crate::prelude::*;
use serde::Deserialize;

use crate::wire::id::FileId;

/// The part of an [`EventPage`](crate::wire::EventPage) that concerns removed files. Unlike that, it accepts events of
/// unknown kinds.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
// The page reads nothing else of events, and pays in size for every type that it can read (decision 7).
pub struct Removals {
    events: Vec<AnyEvent>,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
struct AnyEvent {
    #[serde(rename = "type")]
    kind: String,
    file_id: Option<FileId>,
}

impl Removals {
    /// The removed files, in the order of their removal.
    pub fn files(self) -> Vec<FileId> {
        let removed = self.events.into_iter().filter(|event| event.kind == "file-removed");
        removed.filter_map(|event| event.file_id).collect()
    }
}
