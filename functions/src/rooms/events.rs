//! Numbered events of a room: `ROOM#id` / `EVENT#number`, with a time to live. Whoever missed some asks for them.

use serde::{Deserialize, Serialize};
use slipway_protocol::wire::id::{MemberId, RoomId};
use slipway_protocol::wire::{Event, EventPage, RoomEvent, UploadFields};

use crate::app::App;
use crate::edge::error::ApiFailure;
use crate::records::room::partition;
use crate::records::sequence::{self, Sequence};
use crate::table::{Key, Query, Write};

/// How long an event can be asked for, in seconds: 7 days. Whoever was away for longer reads the whole room.
const KEEP_SECONDS: u64 = 7 * 24 * 3600;
/// The most items one page reads.
const PAGE_ITEMS: u32 = 100;

/// Some events, numbered `last - events.len() + 1` to `last`.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct EventItem {
    last: u64,
    /// Milliseconds since 1970.
    at: u64,
    /// JSON: the table does not look into it.
    events: String,
}

fn sort_key(number: u64) -> String {
    format!("EVENT#{number:016}")
}

/// The write that appends events behind `sequence`, which it moves on. None when there are none.
pub(crate) fn append(room: RoomId, events: &[Event], sequence: &mut Sequence, now_ms: u64) -> Option<Write> {
    if events.is_empty() {
        return None;
    }
    sequence.event += events.len() as u64;
    let json = serde_json::to_string(events).expect("events are plain data");
    let item = EventItem { last: sequence.event, at: now_ms, events: json };
    let key = Key::new(partition(room), sort_key(sequence.event));
    Some(Write::put(&key, &item).ttl(Some(now_ms / 1000 + KEEP_SECONDS)))
}

/// The events after a number, those that `sees` lets through.
pub async fn page(app: &App, room: RoomId, after: u64, sees: impl Fn(&Event) -> bool) -> Result<EventPage, ApiFailure> {
    // The numbers first: an event that comes in between is then missing in neither.
    let last_seq = sequence::get(&app.table, room).await?.map_or(0, |sequence| sequence.event);
    let query = Query::new(partition(room), "EVENT#", PAGE_ITEMS).after(Some(sort_key(after)));
    let page = app.table.query::<EventItem>(&query).await?;
    let next_after = page.next.is_some().then(|| page.items.last().map(|item| item.last)).flatten();
    let mut events = Vec::new();
    for item in page.items {
        events.extend(numbered(room, &item)?.filter(|event| event.seq > Some(after) && sees(&event.what)));
    }
    Ok(EventPage { events, last_seq, next_after })
}

fn numbered(room: RoomId, item: &EventItem) -> Result<impl Iterator<Item = RoomEvent>, ApiFailure> {
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
        // Whose file it was is not told, so it is not theirs to see.
        Event::FileRemoved { .. } => false,
    }
}

fn is_by(member: MemberId, upload: &UploadFields) -> bool {
    upload.member_id == member
}
