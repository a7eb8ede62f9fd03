//! Events and audit entries: numbered without a gap, written with their change or not at all.

use std::collections::HashSet;

use functions::app::App;
use functions::records::sequence::CHAIN_START;
use functions::rooms::audit;
use functions::rooms::events;
use functions::rooms::journal::{self, Journal};
use functions::table::{Key, TableError, Write};
use futures::future::join_all;
use slipway_protocol::wire::id::{FileId, MemberId, RoomId};
use slipway_protocol::wire::{AuditEntry, Event};

const ROOM: RoomId = RoomId::from_bytes([1; 16]);
const MEMBER: MemberId = MemberId::from_bytes([2; 16]);

fn removed(byte: u8) -> Event {
    Event::FileRemoved { file_id: FileId::from_bytes([byte; 16]), member_id: MEMBER }
}

async fn begin(app: &App) {
    let writes = journal::begin(app, ROOM, &Journal::new().audit(None, "room-created", ROOM));
    app.tables.transact(&writes).await.unwrap();
}

async fn whole_log(app: &App) -> Vec<AuditEntry> {
    let (mut all, mut after) = (Vec::new(), Some(0));
    while let Some(from) = after {
        let page = audit::page(app, ROOM, from).await.unwrap();
        all.extend(page.entries);
        after = page.next_after;
    }
    all
}

fn assert_chained(log: &[AuditEntry]) {
    let mut before = CHAIN_START.to_owned();
    for (entry, number) in log.iter().zip(1..) {
        assert_eq!(entry.seq, number);
        assert_eq!(entry.chain, audit::chain(&before, entry));
        before.clone_from(&entry.chain);
    }
}

pub(super) async fn numbers_have_no_gap_however_many_write_at_once(app: &App) {
    begin(app).await;
    let commits = (0..20_u8).map(|byte| async move {
        let change = Write::put(&Key::main("TEST", byte.to_string()), &std::collections::BTreeMap::from([("n", byte)]));
        let journal = Journal::new().event(removed(byte)).audit(Some(MEMBER), "file-removed", byte);
        journal::commit(app, ROOM, &[change], &journal).await.unwrap().event
    });
    let numbers: HashSet<u64> = join_all(commits).await.into_iter().collect();
    assert_eq!(numbers, (1..=20).collect());
    let page = events::page(app, ROOM, 0, |_| true).await.unwrap();
    assert_eq!(page.events.iter().filter_map(|event| event.seq).collect::<Vec<_>>(), (1..=20).collect::<Vec<_>>());
    assert_eq!((page.last_seq, page.next_after), (20, None));
    let log = whole_log(app).await;
    assert_eq!(log.len(), 21);
    assert_chained(&log);
}

pub(super) async fn a_refused_change_writes_no_events(app: &App) {
    begin(app).await;
    let never = Write::check(&Key::main("TEST", "nowhere")).when("attribute_exists(#pk)").label("never");
    let journal = Journal::new().event(removed(1)).audit(None, "file-removed", "x");
    assert!(journal::commit(app, ROOM, &[never], &journal).await.unwrap_err().refused("never"));
    assert!(events::page(app, ROOM, 0, |_| true).await.unwrap().events.is_empty());
    assert_eq!(whole_log(app).await.len(), 1);
    let elsewhere = journal::commit(app, RoomId::from_bytes([9; 16]), &[], &journal).await;
    assert!(matches!(elsewhere, Err(TableError::Refused(_))), "a room that is not there");
}

pub(super) async fn many_events_of_one_change_are_numbered_one_by_one(app: &App) {
    begin(app).await;
    for first in [0, 20] {
        let journal = (first..first + 20).map(removed).fold(Journal::new(), Journal::event);
        journal::commit(app, ROOM, &[], &journal.audit(None, "files-removed", first)).await.unwrap();
    }
    for after in [0, 7, 19, 20, 39] {
        let page = events::page(app, ROOM, after, |_| true).await.unwrap();
        let numbers: Vec<_> = page.events.iter().filter_map(|event| event.seq).collect();
        assert_eq!(numbers, (after + 1..=40).collect::<Vec<_>>(), "after {after}");
        assert!(page.events.iter().all(|event| event.room_id == ROOM && event.at > 0));
    }
    let odd = |event: &Event| matches!(event, Event::FileRemoved { file_id, .. } if file_id.as_bytes()[0] % 2 == 1);
    assert_eq!(events::page(app, ROOM, 0, odd).await.unwrap().events.len(), 20);
    assert_chained(&whole_log(app).await);
}
