//! Events read for one purpose only.

use serde::Deserialize;

use crate::wire::id::FileId;

/// As much of [`EventPage`](crate::wire::EventPage) as tells which files went away. Events of kinds that this version does
/// not know are passed over.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
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
    /// The files that went away, in the order of their removal.
    pub fn files(self) -> Vec<FileId> {
        let removed = self.events.into_iter().filter(|event| event.kind == "file-removed");
        removed.filter_map(|event| event.file_id).collect()
    }
}
