//! What can't go on by itself stands in a state with a name, and nothing wrong gets into the room.

use std::time::Duration;

use anyhow::{Context, Result};
use lab::api::Member;
use lab::browser::{Kind, Row};
use lab::files::TestFile;
use lab::proxy::Entry;
use slipway_protocol::wire::id::UploadId;

use crate::room::{LONG, MIB, Room, pick_again};

const SOON: Duration = Duration::from_secs(40);

async fn a_file_that_changes_in_the_middle_is_noticed(kind: Kind) -> Result<()> {
    let (room, file) = Room::sending(kind, 6, 192 * MIB).await?;
    // Other bytes of the same length, in the same place.
    TestFile::make(&room.stack.folder.path().join("files"), "film.bin", file.size, 4711)?;
    room.full_speed();
    let noticed = |row: &Row| ["failed", "needs-file"].contains(&row.state.as_str());
    let row = room.browser.until_row(file.name(), "stopped", SOON, noticed).await?;
    assert!(["file-changed", "file-gone", "unreadable", "different-file"].contains(&row.reason.as_str()), "{row:?}");
    assert!(room.onlooker.files().await?.is_empty(), "a mixed file is in the room");
    Ok(())
}
stories!(a_file_that_changes_in_the_middle_is_noticed in chromium, firefox, webkit);

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_goes_away_can_be_picked_again() -> Result<()> {
    let (room, file) = Room::sending(Kind::Chromium, 6, 192 * MIB).await?;
    let away = room.stack.folder.path().join("away.bin");
    std::fs::rename(&file.path, &away)?;
    room.full_speed();
    let noticed = |row: &Row| ["failed", "needs-file"].contains(&row.state.as_str());
    let row = room.browser.until_row(file.name(), "stopped", SOON, noticed).await?;
    assert!(["file-gone", "unreadable", "file-changed"].contains(&row.reason.as_str()), "{row:?}");

    std::fs::rename(&away, &file.path)?;
    pick_again(&room.browser, &file).await?;
    room.assert_arrives(&file).await?;
    room.stack.assert_no_stored_part_sent_again()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_that_somebody_else_cancels_says_so() -> Result<()> {
    let (room, file) = Room::sending(Kind::Chromium, 6, 192 * MIB).await?;
    let manager = Member::join_url(&room.links.manage, "Boss").await?;
    let upload: UploadId = manager.view().await?.uploads[0].upload_id;
    manager.abort(upload).await?;
    room.full_speed();
    let told = |row: &Row| row.reason == "aborted-elsewhere";
    room.browser.until_row(file.name(), "cancelled elsewhere", SOON, told).await?;
    room.assert_nothing_is_left().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_room_without_space_says_so() -> Result<()> {
    let limit = (10 * MIB).to_string();
    let room = Room::make_with(Kind::Chromium, vec![("SLIPWAY_ROOM_MAX_BYTES", limit)]).await?;
    let small = room.pick("fits.bin", 4 * MIB).await?;
    room.assert_arrives(&small).await?;
    let file = room.pick("film.bin", 20 * MIB).await?;
    let told = |row: &Row| row.state == "failed" && ["quota-exceeded", "too-large"].contains(&row.reason.as_str());
    room.browser.until_row(file.name(), "refused for want of space", SOON, told).await?;
    assert_eq!(room.onlooker.view().await?.quota.unwrap().used_bytes, small.size);
    Ok(())
}

/// Suspended, as in sleep, while every connection died; no clock tells.
#[tokio::test(flavor = "multi_thread")]
async fn a_browser_whose_connections_died_while_it_stood_still_goes_on() -> Result<()> {
    let (room, file) = Room::sending(Kind::Chromium, 12, 192 * MIB).await?;
    room.browser.suspend()?;
    tokio::join!(room.stack.storage.disconnect(), room.stack.api.disconnect());
    tokio::join!(room.stack.storage.reconnect(), room.stack.api.reconnect());
    tokio::time::sleep(Duration::from_secs(5)).await;
    room.browser.wake()?;
    room.full_speed();
    room.assert_arrives(&file).await?;
    room.stack.assert_no_stored_part_sent_again()
}

/// While the browser stands still its wall clock goes on by ten minutes, and its other clock does not: that is what a
/// page sees of a closed lid.
const SLEEP: &str = "const [real, from] = [Date.now.bind(Date), performance.now() + 4000];
    Date.now = () => real() + (performance.now() > from ? 600_000 : 0);";

#[tokio::test(flavor = "multi_thread")]
async fn a_browser_that_slept_goes_on() -> Result<()> {
    let (room, file) = Room::sending(Kind::Chromium, 6, 192 * MIB).await?;
    room.browser.script(SLEEP, vec![]).await?;
    room.browser.suspend()?;
    tokio::time::sleep(Duration::from_secs(5)).await;
    let is_question = |call: &Entry| call.method == "GET" && call.path.starts_with("/api/uploads/");
    let questions = || room.stack.api.log().iter().filter(|call| is_question(call)).count();
    let before = questions();
    room.browser.wake()?;
    // No connection was cut, and yet: what was in flight is not trusted after sleep, and storage is asked what arrived. The
    // parts are held until then: on a quick link they would all be stored before the clocks are compared.
    let asked = tokio::time::timeout(LONG, async {
        while questions() <= before {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    });
    asked.await.context("nobody noticed the sleep")?;
    room.full_speed();
    room.assert_arrives(&file).await?;
    room.stack.assert_no_stored_part_sent_again()
}

/// Notes whether the tab is seen, and when that changes.
const WATCH_VISIBILITY: &str = "window.seen = [document.visibilityState];
    document.addEventListener('visibilitychange', () => window.seen.push(document.visibilityState));";

#[tokio::test(flavor = "multi_thread")]
async fn a_hidden_tab_goes_on() -> Result<()> {
    let room = Room::make(Kind::Chromium).await?;
    room.browser.script(WATCH_VISIBILITY, Vec::new()).await?;
    room.hold_parts_after(1);
    let file = room.pick("film.bin", 96 * MIB).await?;
    room.browser.until_state(file.name(), &["uploading"], SOON).await?;
    let tab = room.browser.tab().await?;
    room.browser.new_tab().await?;
    room.until_slowly(1, 24).await?;
    let listed = tokio::time::timeout(LONG, async {
        while room.onlooker.files().await?.is_empty() {
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
        anyhow::Ok(())
    });
    match listed.await {
        Ok(listed) => listed?,
        Err(_) => return room.browser.give_up("an upload in a hidden tab does not end").await,
    }
    // The driver shows a tab that it goes to: until then it was hidden.
    room.browser.switch_to(&tab).await?;
    let shown = "return window.seen.at(-1) === 'visible' && window.seen";
    let seen = room.browser.until("the tab is shown again", shown, SOON).await?;
    assert_eq!(seen, serde_json::json!(["visible", "hidden", "visible"]));
    room.assert_arrives(&file).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_room_that_was_left_by_force_stops_the_upload() -> Result<()> {
    let room = Room::make(Kind::Chromium).await?;
    let guest = lab::browser::Browser::start(Kind::Chromium).await?;
    crate::room::join(&guest, &room.links.contribute, "Guest").await?;
    room.hold_parts_after(1);
    let file = room.stack.file("film.bin", 192 * MIB)?;
    guest.pick("file-input", &[&file]).await?;
    room.until_slowly(1, 6).await?;
    let manager = Member::join_url(&room.links.manage, "Boss").await?;
    let member = manager.view().await?.uploads[0].member_id;
    manager.remove_member(member).await?;
    room.full_speed();
    let told = |row: &Row| row.state == "failed" && row.reason == "access-lost";
    guest.until_row(file.name(), "stopped for lost access", SOON, told).await?;
    assert!(room.onlooker.files().await?.is_empty());
    Ok(())
}
