//! Reads, conditional writes, transactions, quotas.

use std::collections::BTreeMap;

use functions::app::App;
use functions::config::RoomLimits;
use functions::rooms::quota::{self, Amount, QuotaRecord};
use functions::table::{Key, Query, TTL, TableError, Write, read};
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
    Key::new("TEST", sk)
}

async fn found(app: &App, sk: &str) -> Option<Record> {
    app.table.get(&key(sk)).await.unwrap()
}

/// Puts an item where there is none. False: there was one.
async fn put_new(app: &App, key: &Key, item: &impl Serialize, ttl: Option<u64>) -> Result<bool, TableError> {
    match app.table.write(&Write::put(key, item).ttl(ttl).when("attribute_not_exists(#pk)")).await {
        Err(TableError::Refused(_)) => Ok(false),
        result => result.map(|()| true),
    }
}

pub(super) async fn the_time_to_live_is_set(app: &App) {
    assert_eq!(app.table.ttl_attribute().await.unwrap().as_deref(), Some(TTL));
}

pub(super) async fn making_the_table_again_does_no_harm(app: &App) {
    put_new(app, &key("a"), &record("kept"), None).await.unwrap();
    assert!(!app.table.create_if_missing().await.unwrap(), "it was there");
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
    let refused = app.table.write(&change.clone().when("#count = :seven").bind("seven", 7)).await.unwrap_err();
    assert!(refused.refused("change"), "{refused}");
    assert_eq!(found(app, "a").await, Some(record("first")));
    let changed: Record = app.table.update_returning(&change.when("#count = :zero").bind("zero", 0)).await.unwrap();
    assert_eq!(changed, record("second"));
    let delete = Write::delete(&key("a")).when("#count = :seven").bind("seven", 7);
    assert!(matches!(app.table.write(&delete).await, Err(TableError::Refused(_))));
    app.table.write(&Write::delete(&key("a"))).await.unwrap();
    assert_eq!(found(app, "a").await, None);
}

pub(super) async fn of_two_hundred_at_once_three_pass_a_limit_of_three(app: &App) {
    put_new(app, &key("counter"), &record("counter"), None).await.unwrap();
    let take = Write::update(&key("counter"), "ADD #count :one").when("#count < :most").bind("one", 1).bind("most", 3);
    let results = join_all((0..200).map(|_| app.table.write(&take))).await;
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
    let refused = app.table.transact(&writes).await.unwrap_err();
    assert_eq!(refused, TableError::Refused(vec!["there", "nowhere"]));
    assert_eq!((found(app, "new").await, found(app, "there").await), (None, Some(record("there"))));
    app.table.transact(&[writes[0].clone(), writes[2].clone(), Write::delete(&key("there"))]).await.unwrap();
    assert_eq!((found(app, "new").await, found(app, "there").await), (Some(record("new")), None));
}

pub(super) async fn a_conflict_is_tried_again(app: &App) {
    app.table.inject_conflicts(3);
    app.table.transact(&[Write::put(&key("a"), &record("a"))]).await.unwrap();
    app.table.inject_conflicts(3);
    app.table.write(&Write::put(&key("b"), &record("b"))).await.unwrap();
    assert_eq!(app.table.conflicts_left(), 0);
    assert!(found(app, "a").await.is_some() && found(app, "b").await.is_some());
}

pub(super) async fn endless_conflicts_end(app: &App) {
    app.table.inject_conflicts(1000);
    let result = app.table.transact(&[Write::put(&key("a"), &record("a"))]).await;
    assert_eq!(result, Err(TableError::Busy));
    app.table.inject_conflicts(0);
    assert_eq!(found(app, "a").await, None);
}

pub(super) async fn a_range_is_read_in_pages(app: &App) {
    for number in 0..25 {
        put_new(app, &key(&format!("ROW#{number:02}")), &record(&number.to_string()), None).await.unwrap();
    }
    put_new(app, &key("ROX"), &record("behind"), None).await.unwrap();
    put_new(app, &key("A"), &record("before"), None).await.unwrap();
    let names = |items: Vec<Record>| items.into_iter().map(|item| item.name).collect::<Vec<_>>();
    let query = Query::new("TEST", "ROW#", 10);

    let first = app.table.query::<Record>(&query).await.unwrap();
    assert_eq!(names(first.items), (0..10).map(|n| n.to_string()).collect::<Vec<_>>());
    let second = app.table.query::<Record>(&query.clone().after(first.next)).await.unwrap();
    assert_eq!(second.items[0].name, "10");

    let all = app.table.query_all::<Record>(&query, 1000).await.unwrap();
    assert_eq!(names(all), (0..25).map(|n| n.to_string()).collect::<Vec<_>>());
    assert_eq!(app.table.query_all::<Record>(&query, 12).await.unwrap().len(), 12);

    // A place that no item has, in both directions.
    let from_nowhere = query.clone().after(Some("ROW#22x".into()));
    assert_eq!(names(app.table.query(&from_nowhere).await.unwrap().items), ["23", "24"]);
    let back = query.clone().descending().after(Some("ROW#02x".into()));
    assert_eq!(names(app.table.query(&back).await.unwrap().items), ["2", "1", "0"]);
    let last = app.table.query::<Record>(&query.descending()).await.unwrap();
    assert_eq!(last.items[0].name, "24");
}

pub(super) async fn several_items_come_in_the_order_of_their_keys(app: &App) {
    for name in ["x", "y", "z"] {
        put_new(app, &key(name), &record(name), None).await.unwrap();
    }
    let items = app.table.get_many(&["z", "nowhere", "x"].map(key)).await.unwrap();
    let names: Vec<_> = items.into_iter().map(|item| item.map(|item| read::<Record>(item).unwrap().name)).collect();
    assert_eq!(names, [Some("z".into()), None, Some("x".into())]);
}

const LIMITS: RoomLimits = RoomLimits { max_bytes: 1000, max_files: 50, max_open_uploads: 30 };
const ROOM: RoomId = RoomId::from_bytes([7; 16]);

async fn empty_room(app: &App) {
    put_new(app, &quota::key(ROOM), &QuotaRecord::default(), None).await.unwrap();
}

pub(super) async fn the_parallel_sum_never_passes_the_quota(app: &App) {
    empty_room(app).await;
    let one = quota::reserve(&LIMITS, ROOM, Amount { bytes: 90, files: 1, open: 1 });
    let results = join_all((0..40).map(|_| app.table.write(&one))).await;
    assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 11);
    let used = quota::used(app, ROOM).await.unwrap();
    assert_eq!(used, QuotaRecord { bytes: 990, files: 11, open: 11 });
    // What alone is too much is refused too, however empty the room.
    let huge = quota::reserve(&LIMITS, ROOM, Amount { bytes: 5000, ..Amount::default() });
    assert!(app.table.write(&huge).await.unwrap_err().refused(quota::LABEL));
}

pub(super) async fn what_is_released_can_be_reserved_again(app: &App) {
    empty_room(app).await;
    let all = Amount { bytes: 1000, files: 50, open: 30 };
    app.table.write(&quota::reserve(&LIMITS, ROOM, all)).await.unwrap();
    assert!(app.table.write(&quota::reserve(&LIMITS, ROOM, Amount { files: 1, ..Amount::default() })).await.is_err());
    app.table.write(&quota::release(ROOM, all)).await.unwrap();
    assert_eq!(quota::used(app, ROOM).await.unwrap(), QuotaRecord::default());
    assert!(app.table.write(&quota::release(ROOM, all)).await.is_err(), "never below nothing");
    app.table.write(&quota::reserve(&LIMITS, ROOM, all)).await.unwrap();
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
    assert_eq!(app.table.get::<Holder>(&key("map")).await.unwrap().unwrap().map, map);
}
