//! The person is in charge: pause, resume, cancel, and which tab does it.

use std::time::{Duration, Instant};

use anyhow::Result;
use lab::browser::{Browser, Kind};
use lab::proxy::Link;

use crate::room::{LONG, MIB, Room, pick_again};

const SOON: Duration = Duration::from_secs(20);

async fn pause_holds_and_resume_goes_on(kind: Kind) -> Result<()> {
    // Slow enough that it is not done before the click, on a busy machine too.
    let (room, file) = Room::sending(kind, 6, 160 * MIB).await?;
    room.browser.click_row(file.name(), "upload-pause").await?;
    room.browser.until_state(file.name(), &["paused"], SOON).await?;

    quiet_for_two_seconds(&room).await?;

    room.full_speed();
    room.browser.click_row(file.name(), "upload-resume").await?;
    room.assert_arrives(&file).await?;
    room.stack.assert_no_stored_part_sent_again()
}
stories!(pause_holds_and_resume_goes_on in chromium, firefox, webkit);

/// Nothing reaches storage any more, once what was in buffers on the way has run out.
pub(crate) async fn quiet_for_two_seconds(room: &Room) -> Result<()> {
    let (start, mut sent, mut since) = (Instant::now(), room.stack.bytes_sent(), Instant::now());
    while since.elapsed() < Duration::from_secs(2) {
        anyhow::ensure!(start.elapsed() < SOON, "bytes are sent while paused");
        tokio::time::sleep(Duration::from_millis(100)).await;
        let now = room.stack.bytes_sent();
        if now != sent {
            (sent, since) = (now, Instant::now());
        }
    }
    Ok(())
}

async fn cancel_leaves_nothing_behind(kind: Kind) -> Result<()> {
    let room = Room::make(kind).await?;
    // From 100 MB on the page asks first: eight parts of fifteen.
    room.hold_parts_after(8);
    let file = room.pick("film.bin", 240 * MIB).await?;
    room.browser.until_row(file.name(), "half sent", LONG, |row| row.percent >= Some(50.0)).await?;
    assert_ne!(room.stack.multipart_uploads(), [], "the proxy saw no multipart upload");
    room.until_slowly(8, 1).await?;
    room.browser.click_row(file.name(), "upload-cancel").await?;
    room.browser.click("dialog-yes").await?;
    room.full_speed();
    room.assert_nothing_is_left().await
}
stories!(cancel_leaves_nothing_behind in chromium, firefox, webkit);

#[tokio::test(flavor = "multi_thread")]
async fn cancelling_a_small_file_leaves_nothing_either() -> Result<()> {
    use lab::proxy::{Aim, Fault, Rule};
    let room = Room::make(Kind::Chromium).await?;
    room.stack.storage.rule(Rule::new(Aim::method("PUT"), Fault::Slow { bytes_per_second: 2 * MIB }));
    let file = room.pick("small.bin", 8 * MIB).await?;
    room.browser.until_state(file.name(), &["uploading"], SOON).await?;
    room.browser.click_row(file.name(), "upload-cancel").await?;
    room.assert_nothing_is_left().await
}

async fn two_tabs_send_a_file_once_and_either_can_take_over(kind: Kind) -> Result<()> {
    let room = Room::make(kind).await?;
    room.hold_parts_after(1);
    let file = room.pick("film.bin", 192 * MIB).await?;
    // Slow enough that a second tab is there before the first is done, on a busy machine too.
    room.until_slowly(1, 4).await?;

    room.browser.new_tab().await?;
    room.browser.goto(&room.address()).await?;
    let elsewhere = |row: &lab::browser::Row| row.reason == "other-tab";
    room.browser.until_row(file.name(), "shown as another tab's", SOON, elsewhere).await?;
    // So slow that no PUT of the other tab ends just while this one asks storage what is there.
    room.stack.storage.set_link(Link { up_total: Some(64 << 10), ..Link::default() });
    room.browser.click_row(file.name(), "upload-take-over").await?;
    room.browser.until_row(file.name(), "this tab's", SOON, |row| row.reason != "other-tab").await?;
    room.full_speed();
    finish_here(&room.browser, &file).await?;
    room.assert_arrives(&file).await?;
    room.stack.assert_no_stored_part_sent_again()
}
stories!(two_tabs_send_a_file_once_and_either_can_take_over in chromium, firefox, webkit);

/// A taken-over upload whose file has no handle wants it picked.
async fn finish_here(browser: &Browser, file: &lab::files::TestFile) -> Result<()> {
    let row = browser.until_state(file.name(), &["needs-file", "uploading", "completed"], SOON).await?;
    if row.state == "needs-file" {
        pick_again(browser, file).await?;
    }
    Ok(())
}
