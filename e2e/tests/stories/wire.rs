//! The wire breaks, and the file arrives all the same.

use std::time::Duration;

use anyhow::{Result, ensure};
use lab::browser::Kind;
use lab::proxy::{Aim, Fault, Proxy, Rule};

use crate::room::{MIB, Room};

/// Uploads five parts with a fault in the way; the fault must have struck.
async fn arrives_in_spite_of(kind: Kind, rules: Vec<Rule>) -> Result<Room> {
    let room = Room::make(kind).await?;
    for rule in rules {
        room.stack.storage.rule(rule);
    }
    let file = room.pick("film.bin", 80 * MIB).await?;
    room.assert_arrives(&file).await?;
    room.stack.assert_no_stored_part_sent_again()?;
    assert_struck(&room.stack.storage)?;
    Ok(room)
}

/// A rule that hits nothing, such as one for a path that is called otherwise by now, would prove nothing.
fn assert_struck(proxy: &Proxy) -> Result<()> {
    ensure!(proxy.hit_count() > 0, "no fault has struck");
    Ok(())
}

async fn a_part_corrupted_on_the_wire_is_refused_and_sent_again(kind: Kind) -> Result<()> {
    let rules = vec![Rule::new(Aim::part(2), Fault::Corrupt { at: 5 * MIB })];
    let room = arrives_in_spite_of(kind, rules).await?;
    let log = room.stack.storage.log();
    let answers: Vec<_> = log.iter().filter(|entry| entry.part() == Some(2) && entry.method == "PUT").collect();
    assert_eq!(answers.iter().map(|entry| entry.status).collect::<Vec<_>>(), [Some(400), Some(200)]);
    Ok(())
}
stories!(a_part_corrupted_on_the_wire_is_refused_and_sent_again in chromium, firefox, webkit);

async fn resets_cuts_and_truncations_cost_only_their_part(kind: Kind) -> Result<()> {
    let rules = vec![
        Rule::new(Aim::part(1), Fault::Reset { after: 3 * MIB }),
        Rule::new(Aim::part(2), Fault::Cut { after: 9 * MIB }),
        Rule::new(Aim::part(3), Fault::Truncate { after: 15 * MIB }),
        Rule::new(Aim::part(4), Fault::Reset { after: 0 }).times(2),
    ];
    arrives_in_spite_of(kind, rules).await.map(drop)
}
stories!(resets_cuts_and_truncations_cost_only_their_part in chromium, firefox, webkit);

#[tokio::test(flavor = "multi_thread")]
async fn storage_that_asks_to_slow_down_is_asked_again_later() -> Result<()> {
    let rules = vec![
        Rule::new(Aim::method("PUT"), Fault::s3_error(503, "SlowDown")).times(6),
        Rule::new(Aim::part(5), Fault::s3_error(500, "InternalError")),
    ];
    let room = arrives_in_spite_of(Kind::Chromium, rules).await?;
    let puts = room.stack.storage.log().iter().filter(|entry| entry.method == "PUT").count();
    assert!(puts <= 5 + 7, "{puts} PUTs for 5 parts and 7 refusals");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stalled_part_is_noticed_and_sent_again() -> Result<()> {
    let rules = vec![Rule::new(Aim::part(2), Fault::Stall { after: MIB })];
    arrives_in_spite_of(Kind::Chromium, rules).await.map(drop)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_answer_to_a_part_does_no_harm() -> Result<()> {
    let room = Room::make(Kind::Chromium).await?;
    room.stack.storage.rule(Rule::new(Aim::part(2), Fault::LoseAnswer));
    let file = room.pick("film.bin", 48 * MIB).await?;
    room.assert_arrives(&file).await?;
    assert_struck(&room.stack.storage)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_answer_to_complete_gives_one_file() -> Result<()> {
    let room = Room::make(Kind::Chromium).await?;
    room.stack.api.rule(Rule::new(Aim::call("POST", "/complet"), Fault::LoseAnswer).times(2));
    let file = room.pick("film.bin", 48 * MIB).await?;
    room.assert_arrives(&file).await?;
    assert_eq!(room.onlooker.view().await?.quota.unwrap().used_bytes, file.size, "charged once");
    assert_struck(&room.stack.api)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_answer_to_initiate_begins_one_upload() -> Result<()> {
    let room = Room::make(Kind::Chromium).await?;
    room.stack.api.rule(Rule::new(Aim::call("POST", "/uploads"), Fault::LoseAnswer));
    let file = room.pick("film.bin", 48 * MIB).await?;
    room.assert_arrives(&file).await?;
    let quota = room.onlooker.view().await?.quota.unwrap();
    assert_eq!((quota.used_bytes, quota.open_uploads), (file.size, 0));
    assert_struck(&room.stack.api)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_single_put_whose_answer_is_lost_arrives_once() -> Result<()> {
    let room = Room::make(Kind::Chromium).await?;
    room.stack.storage.rule(Rule::new(Aim::method("PUT"), Fault::LoseAnswer));
    let file = room.pick("small.bin", 5 * MIB).await?;
    room.assert_arrives(&file).await?;
    assert_struck(&room.stack.storage)
}

async fn an_expired_url_is_signed_again(kind: Kind) -> Result<()> {
    let room = Room::make_with(kind, vec![("SLIPWAY_PART_URL_SECONDS", "3".into())]).await?;
    // They reach storage after their time.
    room.stack.storage.rule(Rule::new(Aim::method("PUT"), Fault::Delay(Duration::from_secs(5))).times(3));
    let file = room.pick("film.bin", 80 * MIB).await?;
    room.assert_arrives(&file).await?;
    let refused = room.stack.storage.log().iter().filter(|entry| entry.status == Some(403)).count();
    assert!(refused >= 1, "no URL was used after its time");
    Ok(())
}
stories!(an_expired_url_is_signed_again in chromium, firefox, webkit);

async fn a_lost_network_is_waited_for(kind: Kind) -> Result<()> {
    let (room, file) = Room::sending(kind, 12, 96 * MIB).await?;
    tokio::join!(room.stack.storage.disconnect(), room.stack.api.disconnect());
    tokio::time::sleep(Duration::from_secs(8)).await;
    let row = room.browser.row(file.name()).await?;
    let still = row.as_ref().is_some_and(|row| ["uploading", "waiting"].contains(&row.state.as_str()));
    assert!(still, "eight seconds without network: {row:?}");
    tokio::join!(room.stack.storage.reconnect(), room.stack.api.reconnect());
    room.full_speed();
    room.assert_arrives(&file).await?;
    room.stack.assert_no_stored_part_sent_again()
}
stories!(a_lost_network_is_waited_for in chromium, firefox, webkit);

#[tokio::test(flavor = "multi_thread")]
async fn a_browser_that_goes_offline_says_so_and_goes_on() -> Result<()> {
    let (room, file) = Room::sending(Kind::Chromium, 12, 96 * MIB).await?;
    // What is in flight goes on under the browser's own emulation, and moving bytes are more to believe than a flag.
    room.browser.set_offline(true).await?;
    room.stack.storage.disconnect().await;
    let offline = |row: &lab::browser::Row| row.state == "waiting" && row.reason == "offline";
    room.browser.until_row(file.name(), "waiting because it is offline", Duration::from_secs(20), offline).await?;
    room.stack.storage.reconnect().await;
    room.browser.set_offline(false).await?;
    room.full_speed();
    room.assert_arrives(&file).await?;
    room.stack.assert_no_stored_part_sent_again()
}
