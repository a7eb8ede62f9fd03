//! A made-up upload, for tests and for the gallery.

use slipway_protocol::wire::id::RoomId;
use wasm_client::{Actions, LocalId, PartsView, Stage, View};

/// An empty upload of one part in this stage: a caller sets the other fields that it shows or asserts.
pub(crate) fn upload(room: RoomId, id: u64, stage: Stage) -> View {
    View {
        id: LocalId(id),
        number: id,
        room,
        upload: None,
        file: None,
        name: String::new(),
        path: String::new(),
        size: 0,
        stage,
        reason: None,
        bytes: 0,
        wire_size: 0,
        wire_bytes: 0,
        percent: 0,
        speed: None,
        eta: None,
        lanes: 0,
        parts: PartsView { count: 1, stored: 0, checked: 0, strip: Vec::new() },
        resumable: true,
        actions: Actions::default(),
    }
}
