//! Reads, conditional writes, transactions, quotas.

use std::collections::BTreeMap;

use functions::app::App;
use functions::config::RoomLimits;
use functions::records::cursor::{self, Cursor};
use functions::records::quota::{self, Amount, QuotaRecord};
use functions::table::{Key, Query, TTL, TableError, TableId, Write, read};
use futures::future::join_all;
use serde::{Deserialize, Serialize};
use slipway_protocol::wire::id::RoomId;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Record {
    name: String,
    count: u64,
}

fn record(name: &str) -> Record {
    Record { name: name.into(), count: 0 }
}

fn key(sk: &str) -> Key {
    Key::main("TEST", sk)
}

async fn found(app: &App, sk: &str) -> Option<Record> {
    app.tables.get(&key(sk)).await.unwrap()
}

/// Puts an item where there is none. False: there was one.
async fn put_new(app: &App, key: &Key, item: &impl Serialize, ttl: Option<u64>) -> Result<bool, TableError> {
    match app.tables.write(&Write::put(key, item).ttl(ttl).when("attribute_not_exists(#pk)")).await {
        Err(TableError::Refused(_)) => Ok(false),
        result => result.map(|()| true),
    }
}

pub(super) async fn the_time_to_live_is_set(app: &App) {
    for table in TableId::ALL {
        assert_eq!(app.tables.ttl_attribute(table).await.unwrap().as_deref(), Some(TTL), "{table:?}");
    }
}

pub(super) async fn making_the_table_again_does_no_harm(app: &App) {
    put_new(app, &key("a"), &record("kept"), None).await.unwrap();
    assert!(!app.tables.create_if_missing().await.unwrap(), "it was there");
    assert_eq!(found(app, "a").await, Some(record("kept")));
}

pub(super) async fn an_item_is_put_once(app: &App) {
    assert!(put_new(app, &key("a"), &record("first"), Some(4_000_000_000)).await.unwrap());
    assert!(!put_new(app, &key("a"), &record("second"), None).await.unwrap());
    assert_eq!(found(app, "a").await, Some(record("first")));
}

pub(super) async fn a_condition_that_does_not_hold_leaves_the_item(app: &App) {
    put_new(app, &key("a"), &record("first"), None).await.unwrap();
    let change = Write::update(&key("a"), "SET #name = :new").bind("new", "second").label("change");
    let refused = app.tables.write(&change.clone().when("#count = :seven").bind("seven", 7)).await.unwrap_err();
    assert!(refused.refused("change"), "{refused}");
    assert_eq!(found(app, "a").await, Some(record("first")));
    let changed: Record = app.tables.update_returning(&change.when("#count = :zero").bind("zero", 0)).await.unwrap();
    assert_eq!(changed, record("second"));
    let delete = Write::delete(&key("a")).when("#count = :seven").bind("seven", 7);
    assert!(matches!(app.tables.write(&delete).await, Err(TableError::Refused(_))));
    app.tables.write(&Write::delete(&key("a"))).await.unwrap();
    assert_eq!(found(app, "a").await, None);
}

pub(super) async fn of_two_hundred_at_once_three_pass_a_limit_of_three(app: &App) {
    put_new(app, &key("counter"), &record("counter"), None).await.unwrap();
    let take = Write::update(&key("counter"), "ADD #count :one").when("#count < :most").bind("one", 1).bind("most", 3);
    let results = join_all((0..200).map(|_| app.tables.write(&take))).await;
    assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 3);
    assert!(
        results.iter().flat_map(|result| result.as_ref().err()).all(|error| matches!(error, TableError::Refused(_)))
    );
    assert_eq!(found(app, "counter").await.unwrap().count, 3);
}

pub(super) async fn a_transaction_that_is_refused_leaves_nothing_behind(app: &App) {
    put_new(app, &key("there"), &record("there"), None).await.unwrap();
    let absent = "attribute_not_exists(#pk)";
    let writes = [
        Write::put(&key("new"), &record("new")).when(absent).label("new"),
        Write::put(&key("there"), &record("other")).when(absent).label("there"),
        Write::update(&key("also-new"), "SET #count = :one").bind("one", 1).label("also-new"),
        Write::check(&key("nowhere")).when("attribute_exists(#pk)").label("nowhere"),
    ];
    let refused = app.tables.transact(&writes).await.unwrap_err();
    assert_eq!(refused, TableError::Refused(vec!["there", "nowhere"]));
    assert_eq!((found(app, "new").await, found(app, "there").await), (None, Some(record("there"))));
    app.tables.transact(&[writes[0].clone(), writes[2].clone(), Write::delete(&key("there"))]).await.unwrap();
    assert_eq!((found(app, "new").await, found(app, "there").await), (Some(record("new")), None));
}

pub(super) async fn a_conflict_is_tried_again(app: &App) {
    app.tables.inject_conflicts(3);
    app.tables.transact(&[Write::put(&key("a"), &record("a"))]).await.unwrap();
    app.tables.inject_conflicts(3);
    app.tables.write(&Write::put(&key("b"), &record("b"))).await.unwrap();
    assert_eq!(app.tables.conflicts_left(), 0);
    assert!(found(app, "a").await.is_some() && found(app, "b").await.is_some());
}

pub(super) async fn endless_conflicts_end(app: &App) {
    app.tables.inject_conflicts(1000);
    let result = app.tables.transact(&[Write::put(&key("a"), &record("a"))]).await;
    assert_eq!(result, Err(TableError::Busy));
    app.tables.inject_conflicts(0);
    assert_eq!(found(app, "a").await, None);
}

pub(super) async fn a_range_is_read_in_pages(app: &App) {
    for number in 0..25 {
        put_new(app, &key(&format!("ROW#{number:02}")), &record(&number.to_string()), None).await.unwrap();
    }
    put_new(app, &key("ROX"), &record("behind"), None).await.unwrap();
    put_new(app, &key("A"), &record("before"), None).await.unwrap();
    let names = |items: Vec<Record>| items.into_iter().map(|item| item.name).collect::<Vec<_>>();
    let query = Query::new(key("ROW#"), 10);

    let first = app.tables.query::<Record>(&query).await.unwrap();
    assert_eq!(names(first.items), (0..10).map(|n| n.to_string()).collect::<Vec<_>>());
    let second = app.tables.query::<Record>(&query.clone().after(first.next)).await.unwrap();
    assert_eq!(second.items[0].name, "10");

    let all = app.tables.query_all::<Record>(&query, 1000).await.unwrap();
    assert_eq!(names(all), (0..25).map(|n| n.to_string()).collect::<Vec<_>>());
    assert_eq!(app.tables.query_all::<Record>(&query, 12).await.unwrap().len(), 12);

    // A place that no item has, in both directions.
    let from_nowhere = query.clone().after(Some("ROW#22x".into()));
    assert_eq!(names(app.tables.query(&from_nowhere).await.unwrap().items), ["23", "24"]);
    let back = query.clone().descending().after(Some("ROW#02x".into()));
    assert_eq!(names(app.tables.query(&back).await.unwrap().items), ["2", "1", "0"]);
    let last = app.tables.query::<Record>(&query.descending()).await.unwrap();
    assert_eq!(last.items[0].name, "24");
}

pub(super) async fn several_items_come_in_the_order_of_their_keys(app: &App) {
    for name in ["x", "y", "z"] {
        put_new(app, &key(name), &record(name), None).await.unwrap();
    }
    let items = app.tables.get_many(&["z", "nowhere", "x"].map(key)).await.unwrap();
    let names: Vec<_> = items.into_iter().map(|item| item.map(|item| read::<Record>(item).unwrap().name)).collect();
    assert_eq!(names, [Some("z".into()), None, Some("x".into())]);
}

/// One key in each table: the same, and three different items.
fn in_each_table() -> [Key; 3] {
    TableId::ALL.map(|table| Key { table, ..key("same") })
}

pub(super) async fn the_tables_are_apart_and_a_transaction_spans_them(app: &App) {
    let keys = in_each_table();
    let absent = "attribute_not_exists(#pk)";
    let put = |key: &Key| Write::put(key, &record(&format!("{:?}", key.table))).when(absent).label("there");
    app.tables.transact(&keys.iter().map(put).collect::<Vec<_>>()).await.unwrap();
    let names = app.tables.get_all::<Record>(&keys).await.unwrap().into_iter().map(|item| item.unwrap().name);
    assert_eq!(names.collect::<Vec<_>>(), ["Main", "Access", "Audit"]);

    app.tables.write(&Write::delete(&keys[1])).await.unwrap();
    let refused = app.tables.transact(&keys.iter().map(put).collect::<Vec<_>>()).await.unwrap_err();
    assert_eq!(refused, TableError::Refused(vec!["there", "there"]));
    let left = app.tables.get_all::<Record>(&keys).await.unwrap();
    assert_eq!(left.iter().map(Option::is_some).collect::<Vec<_>>(), [true, false, true], "all or nothing");
}

pub(super) async fn several_items_of_all_tables_come_in_the_order_of_their_keys(app: &App) {
    let [main, access, audit] = in_each_table();
    for key in [&main, &access] {
        app.tables.write(&Write::put(key, &record(&format!("{:?}", key.table)))).await.unwrap();
    }
    let items = app.tables.get_all::<Record>(&[access, key("nowhere"), audit, main]).await.unwrap();
    let names: Vec<_> = items.into_iter().map(|item| item.map(|item| item.name)).collect();
    assert_eq!(names, [Some("Access".to_owned()), None, None, Some("Main".to_owned())]);
}

/// An item as another release would write it: a version of its own, in the write and in its condition.
async fn of_another_release(app: &App, key: &Key) {
    app.tables.write(&Write::update(key, "SET #name = :name").bind("name", "theirs").bind("v", 2)).await.unwrap();
}

pub(super) async fn an_item_of_another_release_is_an_error_and_left_alone(app: &App) {
    let theirs = key("theirs");
    of_another_release(app, &theirs).await;
    let unknown = TableError::UnknownVersion("2".into());
    assert_eq!(app.tables.get::<Record>(&theirs).await, Err(unknown.clone()));
    assert_eq!(app.tables.query_all::<Record>(&Query::new(key("their"), 10), 10).await, Err(unknown.clone()));
    let writes = [
        Write::put(&theirs, &record("ours")),
        Write::update(&theirs, "SET #name = :name").bind("name", "ours"),
        Write::update(&theirs, "ADD #count :one").bind("one", 1),
        Write::delete(&theirs),
    ];
    for write in writes.map(|write| write.label("ours")) {
        assert!(app.tables.write(&write).await.unwrap_err().refused("ours"), "{write:?}");
        let both = [Write::put(&key("beside"), &record("beside")), write.clone()];
        assert!(app.tables.transact(&both).await.unwrap_err().refused("ours"), "{write:?}");
    }
    let check = Write::check(&theirs).when("attribute_exists(#pk)").label("ours");
    assert!(app.tables.transact(&[check]).await.unwrap_err().refused("ours"));
    assert_eq!((found(app, "beside").await, app.tables.get::<Record>(&theirs).await), (None, Err(unknown)));
}

pub(super) async fn a_list_leaves_out_items_of_another_release(app: &App) {
    for name in ["1", "2", "3", "4"] {
        put_new(app, &key(&format!("ROW#{name}")), &record(name), None).await.unwrap();
    }
    for name in ["2", "3"] {
        app.tables.write(&Write::delete(&key(&format!("ROW#{name}")))).await.unwrap();
        of_another_release(app, &key(&format!("ROW#{name}"))).await;
    }
    let query = Query::new(key("ROW#"), 3);
    let first = app.tables.query_known::<Record>("test", &query).await.unwrap();
    assert_eq!((first.items, first.next.as_deref()), (vec![record("1")], Some("ROW#3")));
    let rest = app.tables.query_known::<Record>("test", &query.after(first.next)).await.unwrap();
    assert_eq!((rest.items, rest.next), (vec![record("4")], None));
}

/// The sweep then starts from far enough back, and ends without a place to note.
pub(super) async fn a_cursor_of_another_release_counts_as_none(app: &App) {
    let theirs = Key::main("SWEEP", "CURSOR");
    cursor::set(&app.tables, Cursor { hour: 7 }).await.unwrap();
    assert_eq!(cursor::get(&app.tables).await.unwrap(), Some(Cursor { hour: 7 }));
    app.tables.write(&Write::delete(&theirs)).await.unwrap();
    of_another_release(app, &theirs).await;
    assert_eq!(cursor::get(&app.tables).await.unwrap(), None);
    cursor::set(&app.tables, Cursor { hour: 8 }).await.unwrap();
    let unknown = TableError::UnknownVersion("2".into());
    assert_eq!(app.tables.get::<Record>(&theirs).await, Err(unknown), "left alone");
}

const LIMITS: RoomLimits = RoomLimits { max_bytes: 1000, max_files: 50, max_open_uploads: 30 };
const ROOM: RoomId = RoomId::from_bytes([7; 16]);

async fn empty_room(app: &App) {
    put_new(app, &quota::key(ROOM), &QuotaRecord::default(), None).await.unwrap();
}

pub(super) async fn the_parallel_sum_never_passes_the_quota(app: &App) {
    empty_room(app).await;
    let one = quota::reserve(&LIMITS, ROOM, Amount { bytes: 90, files: 1, open: 1 });
    let results = join_all((0..40).map(|_| app.tables.write(&one))).await;
    assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 11);
    let used = quota::used(&app.tables, ROOM).await.unwrap();
    assert_eq!(used, QuotaRecord { bytes: 990, files: 11, open: 11 });
    // What alone is too much is refused too, however empty the room.
    let huge = quota::reserve(&LIMITS, ROOM, Amount { bytes: 5000, ..Amount::default() });
    assert!(app.tables.write(&huge).await.unwrap_err().refused(quota::QUOTA));
}

pub(super) async fn what_is_released_can_be_reserved_again(app: &App) {
    empty_room(app).await;
    let all = Amount { bytes: 1000, files: 50, open: 30 };
    app.tables.write(&quota::reserve(&LIMITS, ROOM, all)).await.unwrap();
    assert!(app.tables.write(&quota::reserve(&LIMITS, ROOM, Amount { files: 1, ..Amount::default() })).await.is_err());
    app.tables.write(&quota::release(ROOM, all)).await.unwrap();
    assert_eq!(quota::used(&app.tables, ROOM).await.unwrap(), QuotaRecord::default());
    assert!(app.tables.write(&quota::release(ROOM, all)).await.is_err(), "never below nothing");
    app.tables.write(&quota::reserve(&LIMITS, ROOM, all)).await.unwrap();
}

/// DynamoDB's own order of names is not ours to rely on: a map comes back as it went in.
#[tokio::test]
async fn maps_survive() {
    let stack = crate::support::Stack::start(|_| {}).await;
    let app = &stack.app;
    let map = BTreeMap::from([("b".to_owned(), 1_u64), ("a".to_owned(), u64::MAX)]);
    put_new(app, &key("map"), &BTreeMap::from([("map".to_owned(), map.clone())]), None).await.unwrap();
    #[derive(Deserialize)]
    struct Holder {
        map: BTreeMap<String, u64>,
    }
    assert_eq!(app.tables.get::<Holder>(&key("map")).await.unwrap().unwrap().map, map);
}
