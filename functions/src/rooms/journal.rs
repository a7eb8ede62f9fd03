//! Events for the room and entries for its audit log, written in the transaction of the change that they report.
//!
//! Both are numbered without a gap by the item `ROOM#id` / `SEQ`. All events of a change are one item, and all its entries
//! another, since a transaction is limited to 100 writes. The item has the number of the last one.

use slipway_protocol::wire::Event;
use slipway_protocol::wire::id::{MemberId, RoomId};
use tokio::sync::Mutex;

use crate::app::App;
use crate::ids;
use crate::records::sequence::{self, Sequence};
use crate::rooms::audit::{self, AuditDraft};
use crate::rooms::events;
use crate::table::{TableError, Write};

/// Writes that a change can have beside the journal's own three.
pub const MAX_WRITES_BESIDE: usize = 97;

/// Attempts: one of several concurrent changes wins each round, and a busy room needs many.
const MAX_TRIES: u64 = 60;
const FIRST_WAIT_MS: u64 = 8;
const LONGEST_WAIT_MS: u64 = 200;

/// Serializes the changes of a room within the process: of concurrent ones only one can win, and each lost round costs a
/// transaction. Other processes conflict on the numbers.
static TURNS: [Mutex<()>; 16] = [const { Mutex::const_new(()) }; 16];

/// The events and audit entries of one change.
#[derive(Clone, Debug, Default)]
pub struct Journal {
    events: Vec<Event>,
    entries: Vec<AuditDraft>,
}

impl Journal {
    /// An empty journal.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds an event of the room.
    #[must_use]
    pub fn event(mut self, event: Event) -> Self {
        self.events.push(event);
        self
    }

    /// Adds an entry of the audit log: who (none: the system), what, and on what (an id or a role, never a name or a
    /// secret).
    #[must_use]
    #[allow(clippy::needless_pass_by_value, reason = "ids and roles are small, and calls read better")]
    pub fn audit(mut self, member: Option<MemberId>, action: &'static str, subject: impl ToString) -> Self {
        self.entries.push(AuditDraft { member, action, subject: subject.to_string() });
        self
    }

    /// The writes that append the journal after `from`, and the new numbers.
    fn writes(&self, app: &App, room: RoomId, from: &Sequence) -> (Vec<Write>, Sequence) {
        let now = app.clock.now_ms();
        let mut writes = Vec::with_capacity(3);
        let mut to = from.clone();
        if let Some(write) = events::append(room, &self.events, &mut to, now) {
            writes.push(write);
        }
        if let Some(write) = audit::append(room, &self.entries, &mut to, now) {
            writes.push(write);
        }
        (writes, to)
    }
}

/// Writes a change and its journal in one transaction. Retried with new numbers when another writer advanced the sequence
/// first.
///
/// # Errors
/// [`TableError::Refused`] when a condition of the change itself does not hold. A room without numbers counts as one.
pub async fn commit(app: &App, room: RoomId, change: &[Write], journal: &Journal) -> Result<Sequence, TableError> {
    let _turn = TURNS[usize::from(room.as_bytes()[0]) % TURNS.len()].lock().await;
    for attempt in 1..=MAX_TRIES {
        let from = sequence::get(&app.tables, room).await?.ok_or(TableError::Refused(vec![sequence::LABEL]))?;
        let (mut writes, to) = journal.writes(app, room, &from);
        writes.extend_from_slice(change);
        writes.push(to.advance(room, &from));
        match app.tables.transact(&writes).await {
            Ok(()) => return Ok(to),
            // Only the numbers have moved on, so the same change can succeed with new ones.
            Err(TableError::Refused(labels)) if labels.iter().all(|label| *label == sequence::LABEL) => {
                wait(attempt).await;
            }
            Err(error) => return Err(error),
        }
    }
    Err(TableError::Busy)
}

/// The writes that create a room's numbers with this journal.
pub fn begin(app: &App, room: RoomId, journal: &Journal) -> Vec<Write> {
    let (mut writes, to) = journal.writes(app, room, &Sequence::new());
    writes.push(to.first(room));
    writes
}

/// Full jitter.
async fn wait(attempt: u64) {
    let bound = (FIRST_WAIT_MS * attempt).min(LONGEST_WAIT_MS);
    tokio::time::sleep(std::time::Duration::from_millis(ids::random_below(bound))).await;
}
