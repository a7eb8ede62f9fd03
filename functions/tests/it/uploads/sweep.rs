//! Overdue uploads expire, and those with new parts do not.

use std::time::Duration;

use functions::faults::Point;
use functions::records::due::{self, Due};
use functions::records::sweep_lease::{self, Term};
use functions::records::upload;
use functions::table::{Key, TableError, Write};
use serde_json::Value;
use slipway_protocol::wire::UploadState;
use slipway_protocol::wire::error::ErrorCode;
use slipway_protocol::wire::link::Role;

use super::content::{Content, MIB};
use super::killed::kill;
use super::world::{World, both_tables};

const HOUR: u64 = 3600;
const DAY: u64 = 24 * HOUR;

both_tables! {
    /// Row A12, and abuse case 4: usage comes back to 0.
    async fn uploads_end_seven_days_after_their_last_part(tables) {
        let world = World::on(tables, |_| {}).await;
        let ana = world.join(Role::Contribute).await;
        let (large, small) = (Content::new(1, 17 * MIB), Content::new(2, 1000));
        let uploads = [ana.begin(&large).await.upload_id, ana.begin(&small).await.upload_id];
        ana.put_parts(uploads[0], &large, [1]).await;
        assert!((7 * DAY - 60..=7 * DAY).contains(&ana.status(uploads[0]).await.expires_in_seconds));
        world.wait(7 * DAY - HOUR);
        assert_eq!(world.sweep().await.removed, 0);
        world.wait(HOUR + 60);
        assert_eq!(world.sweep().await.removed, 2);
        assert_eq!(world.used().await, (0, 0, 0));
        let ana = world.rejoin(&ana).await;
        for upload in uploads {
            assert_eq!(ana.status(upload).await.state, UploadState::Expired);
            world.assert_nothing_in_storage(upload).await;
            ana.try_sign(upload, &[small.to_sign(1)]).await.failed(ErrorCode::UploadExpired);
            ana.try_complete(upload).await.failed(ErrorCode::UploadExpired);
        }
        assert!(ana.view().await.uploads.is_empty());
    }
}

/// Parts carry storage's time: here an hour is a second.
#[tokio::test(flavor = "multi_thread")]
async fn a_part_that_arrives_keeps_the_upload_alive() {
    let world = World::with(|config| (config.upload_idle_seconds, config.upload_life_seconds) = (3, 3600)).await;
    let ana = world.join(Role::Contribute).await;
    let file = Content::in_small_parts(1, 11 * MIB);
    let upload = world.begin_as_planned(&ana, &file).await.upload_id;
    ana.put_parts(upload, &file, [1]).await;
    tokio::time::sleep(std::time::Duration::from_millis(2200)).await;
    ana.put_parts(upload, &file, [2]).await;
    tokio::time::sleep(std::time::Duration::from_millis(1500)).await;
    // 3.7 s after the start: overdue by the record, alive by storage.
    assert_eq!(world.sweep().await.removed, 0);
    assert_eq!(ana.status(upload).await.state, UploadState::Uploading);
    world.wait(4);
    assert_eq!(world.sweep().await.removed, 1);
    assert_eq!(ana.status(upload).await.state, UploadState::Expired);
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_lives_longer_than_its_life() {
    let world = World::with(|config| (config.upload_idle_seconds, config.upload_life_seconds) = (100, 120)).await;
    let ana = world.join(Role::Contribute).await;
    let file = Content::new(1, 17 * MIB);
    let upload = ana.begin(&file).await.upload_id;
    world.wait(90);
    ana.put_parts(upload, &file, [1]).await;
    assert!(ana.status(upload).await.expires_in_seconds <= 30);
    world.wait(31);
    assert_eq!(world.sweep().await.removed, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sweep_that_cannot_reach_storage_is_repeated() {
    let world = World::new().await;
    let ana = world.join(Role::Contribute).await;
    ana.begin(&Content::new(1, 1000)).await;
    world.wait(8 * DAY);
    let (cut_off, _away) = world.cut_off();
    let report = functions::sweep::sweep(&cut_off).await.unwrap();
    assert_eq!((report.failed, report.removed), (1, 0));
    // Hours later: the cursor did not pass it.
    world.wait(5 * HOUR);
    assert_eq!(world.sweep().await.removed, 1);
    assert_eq!(world.used().await, (0, 0, 0));
}

both_tables! {
    async fn two_sweeps_at_once_free_nothing_twice(tables) {
        let world = World::on(tables, |_| {}).await;
        let ana = world.join(Role::Contribute).await;
        ana.upload(&Content::new(9, 500)).await;
        for seed in 0..6 {
            ana.begin(&Content::new(seed, 1000)).await;
        }
        world.wait(8 * DAY);
        // As when one has outlived its lease.
        let pass = async || functions::sweep::pass(world.app()).await.unwrap();
        let (one, two) = futures::future::join(pass(), pass()).await;
        assert!(one.removed + two.removed >= 6, "{one:?} {two:?}");
        assert_eq!(world.used().await, (500, 1, 0));
    }

    /// An account may be too small to reserve concurrency for it.
    async fn one_sweep_runs_at_a_time_and_for_as_long_as_it_takes(tables) {
        let life = Duration::from_secs(9);
        let world = World::on(tables, |config| config.call.sweep_lease = life).await;
        let ana = world.join(Role::Contribute).await;
        ana.begin(&Content::new(1, 1000)).await;
        world.wait(8 * DAY);
        world.app().faults.kill_at(Point::AbortInStorage);
        let app = world.app().clone();
        let long = tokio::spawn(async move { functions::sweep::sweep(&app).await });
        world.app().faults.killed().await;
        let first = lease_until(&world).await;
        // The lease of a pass that is still at work moves on.
        while lease_until(&world).await == first {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        let report = world.sweep().await;
        assert_eq!((report.skipped, report.looked), (true, 0));
        long.abort();
        assert!(long.await.unwrap_err().is_cancelled());
        world.wait(life.as_secs());
        assert_eq!(world.sweep().await.removed, 1);
        assert!(!world.sweep().await.skipped, "it is released in the end");
    }

    /// Lambda repeats a failed pass after a minute, and the schedule begins one each five.
    async fn a_killed_sweep_is_followed_by_the_next_one(tables) {
        let world = World::on(tables, |_| {}).await;
        let ana = world.join(Role::Contribute).await;
        ana.begin(&Content::new(1, 1000)).await;
        world.wait(8 * DAY);
        let app = world.app().clone();
        kill(&world, Point::AbortInStorage, async move { functions::sweep::sweep(&app).await }).await;
        assert!(world.sweep().await.skipped);
        world.wait(60);
        assert_eq!(world.sweep().await.removed, 1);
        assert_eq!(world.used().await, (0, 0, 0));
    }

    async fn a_lease_belongs_to_its_holder_and_never_lasts_for_ever(tables) {
        let world = World::on(tables, |_| {}).await;
        let tables = &world.app().tables;
        let term = |minutes: u64| {
            let now = world.app().clock.now_ms() + minutes * 60_000;
            Term { now, life: Duration::from_secs(60) }
        };
        assert!(sweep_lease::take(tables, "one", term(0)).await.unwrap());
        assert!(sweep_lease::take(tables, "one", term(0)).await.unwrap(), "its answer was lost, and the call repeated");
        assert!(!sweep_lease::take(tables, "two", term(0)).await.unwrap());
        assert!(sweep_lease::take(tables, "two", term(1)).await.unwrap(), "it has ended");
        sweep_lease::release(tables, "one").await.unwrap();
        assert!(!sweep_lease::renew(tables, "one", term(1)).await.unwrap(), "it is another's");
        assert!(!sweep_lease::take(tables, "one", term(1)).await.unwrap(), "not ended by whom it belonged to before");
        assert!(sweep_lease::renew(tables, "two", term(100)).await.unwrap());
        assert!(sweep_lease::take(tables, "one", term(1)).await.unwrap(), "a clock was wrong");
        sweep_lease::release(tables, "one").await.unwrap();
        assert!(sweep_lease::take(tables, "two", term(0)).await.unwrap());
    }
}

async fn lease_until(world: &World) -> u64 {
    let lease = world.app().tables.get::<Value>(&Key::main("SWEEP", "LEASE")).await.unwrap();
    lease.expect("a pass is running")["until"].as_u64().unwrap()
}

/// Without a cursor a sweep starts a month back, so it finds what was noted before the first sweep.
#[tokio::test(flavor = "multi_thread")]
async fn the_first_sweep_finds_what_is_old() {
    let world = World::new().await;
    let ana = world.join(Role::Contribute).await;
    ana.begin(&Content::new(1, 1000)).await;
    let cursor = Key::main("SWEEP", "CURSOR");
    world.app().tables.write(&Write::delete(&cursor)).await.unwrap();
    world.wait(20 * DAY);
    assert_eq!(world.sweep().await.removed, 1);
    assert_eq!(world.sweep().await.looked, 0);
}

/// Nothing can be due in a table that was made just now: 3,000 queries that a new stack need not make.
#[tokio::test(flavor = "multi_thread")]
async fn the_first_sweep_of_a_new_table_does_not_look_back() {
    let world = World::new().await;
    let table = &world.app().tables;
    let hours_ago = |hours: u64| world.app().clock.now_ms() - hours * HOUR * 1000;
    Due::upload(functions::ids::upload_id(), hours_ago(3)).note(table).await.unwrap();
    Due::upload(functions::ids::upload_id(), hours_ago(0)).note(table).await.unwrap();
    assert_eq!(world.sweep().await.looked, 1);
}

/// A visit that is noted while the sweep visits: it is not deleted with the one that the sweep has read.
#[tokio::test(flavor = "multi_thread")]
async fn a_visit_noted_during_a_visit_is_kept() {
    let world = World::new().await;
    let table = &world.app().tables;
    let id = functions::ids::upload_id();
    let hour = due::hour(world.app().clock.now_ms()) - 10;
    let at = hour * 3_600_000;
    let listed = async || {
        let listed = due::list(table, hour, id.as_bytes()[0] % due::SHARDS, u64::MAX).await.unwrap();
        assert!(!listed.more);
        listed.due
    };
    Due::upload(id, at + 10).note(table).await.unwrap();
    let seen = listed().await.remove(0);
    Due::upload(id, at + 20).note(table).await.unwrap();
    seen.replace(table, None).await.unwrap();
    assert_eq!(listed().await.iter().map(|due| due.at).collect::<Vec<_>>(), [at + 10], "the earlier one");
    let seen = listed().await.remove(0);
    Due::upload(id, at + 5).note(table).await.unwrap();
    seen.replace(table, Some(at + 30)).await.unwrap();
    let seen = listed().await.remove(0);
    assert_eq!(seen.at, at + 5);
    seen.replace(table, Some(at + 30)).await.unwrap();
    assert_eq!(listed().await.remove(0).at, at + 30);
    listed().await.remove(0).replace(table, Some(at + 3_600_000)).await.unwrap();
    assert!(listed().await.is_empty(), "moved to the next hour");
}

/// What another release wrote is left to it: neither given up nor forgotten, and the sweep goes on with the rest.
#[tokio::test(flavor = "multi_thread")]
async fn what_another_release_wrote_is_left_alone() {
    let world = World::new().await;
    let tables = &world.app().tables;
    let of_another_release = async |key: &Key| {
        let write = Write::update(key, "SET #state = :state").bind("state", "unheard-of").bind("v", 2);
        tables.write(&write).await.unwrap();
    };
    let (theirs, now) = (functions::ids::upload_id(), world.app().clock.now_ms());
    of_another_release(&upload::key(theirs)).await;
    Due::upload(theirs, now - 1).note(tables).await.unwrap();
    let note = Key::main(format!("DUE#{}#0", due::hour(now)), "UPLOAD#theirs");
    of_another_release(&note).await;
    of_another_release(&Key::main("SWEEP", "LEASE")).await;
    let ana = world.join(Role::Contribute).await;
    ana.begin(&Content::new(1, 1000)).await;
    world.wait(8 * DAY);
    for _ in 0..2 {
        let report = world.sweep().await;
        assert_eq!((report.failed, report.looked > 0), (1, true), "visited again, and left");
    }
    for key in [&upload::key(theirs), &note] {
        assert_eq!(tables.get::<Value>(key).await.unwrap_err(), TableError::UnknownVersion("2".into()));
    }
    assert!(world.rejoin(&ana).await.view().await.uploads.is_empty(), "what is ours was given up");
}
