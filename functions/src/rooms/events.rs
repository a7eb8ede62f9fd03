//! Numbered events of a room.

use slipway_protocol::wire::id::{MemberId, RoomId};
use slipway_protocol::wire::{Event, EventPage, RoomEvent, UploadFields};

use crate::app::App;
use crate::edge::error::ApiFailure;
use crate::records::event::{self, EventRecord};
use crate::records::sequence::{self, Sequence};
use crate::table::Write;

/// The write that appends the events; advances `sequence`. None without events.
pub(crate) fn append(room: RoomId, events: &[Event], sequence: &mut Sequence, now_ms: u64) -> Option<Write> {
    if events.is_empty() {
        return None;
    }
    sequence.event += events.len() as u64;
    Some(event::append(room, events, sequence.event, now_ms))
}

/// The events after a number, those that `sees` lets through.
pub async fn page(app: &App, room: RoomId, after: u64, sees: impl Fn(&Event) -> bool) -> Result<EventPage, ApiFailure> {
    // The numbers first: an event in between may be beyond `last_seq`, but is never missing below it.
    let last_seq = sequence::get(&app.tables, room).await?.map_or(0, |sequence| sequence.event);
    let page = event::page(&app.tables, room, after).await?;
    let next_after = page.next.is_some().then(|| page.items.last().map(|item| item.last)).flatten();
    let mut events = Vec::new();
    for item in page.items {
        events.extend(numbered(room, &item)?.filter(|event| event.seq > Some(after) && sees(&event.what)));
    }
    Ok(EventPage { events, last_seq, next_after })
}

fn numbered(room: RoomId, item: &EventRecord) -> Result<impl Iterator<Item = RoomEvent>, ApiFailure> {
    let events: Vec<Event> = serde_json::from_str(&item.events)
        .map_err(|error| ApiFailure::internal(format!("an event cannot be read: {error}")))?;
    let (at, first) = (item.at, (item.last + 1).saturating_sub(events.len() as u64));
    Ok((first..).zip(events).map(move |(seq, what)| RoomEvent { seq: Some(seq), at, room_id: room, what }))
}

/// Whether an event is about the member's own upload or file: all that a drop member sees.
pub fn is_of(member: MemberId, event: &Event) -> bool {
    match event {
        Event::FileUploadStarted { upload }
        | Event::FileUploadProgress { upload }
        | Event::FileUploadCompleted { upload }
        | Event::FileUploadFailed { upload, .. } => is_by(member, upload),
        Event::FileAdded { file } => file.added_by == member,
        // The event does not say whose file it was.
        Event::FileRemoved { .. } => false,
    }
}

fn is_by(member: MemberId, upload: &UploadFields) -> bool {
    upload.member_id == member
}
