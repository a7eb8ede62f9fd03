//! Whatever ends the page, what storage has taken is never sent again.

use std::time::Duration;

use anyhow::Result;
use lab::browser::{Browser, Kind, Row};
use lab::files::TestFile;

use crate::pages::ENTER;
use crate::room::{MIB, Room, join, number, pick_again};

const SOON: Duration = Duration::from_secs(30);

/// Six parts of 16 MiB, or as many as are asked for.
fn size() -> u64 {
    number("SLIPWAY_E2E_RESUME_MIB").unwrap_or(96) * MIB
}

/// How many parts are stored in the middle: half of them, or one of a file that has all of its parts on the way at once.
fn stored() -> u16 {
    let parts = (size() / (16 * MIB)) as u16;
    if parts > 6 { parts / 2 } else { 1 }
}

/// Waits for an upload of such a file to be in its middle: some parts are stored, and no others.
async fn in_the_middle(room: &Room) -> Result<()> {
    room.until_slowly(stored().into(), 6).await
}

/// A room with an upload in the middle.
async fn half_way(kind: Kind) -> Result<(Room, TestFile)> {
    let room = Room::make(kind).await?;
    room.hold_parts_after(stored());
    let file = room.pick("film.bin", size()).await?;
    in_the_middle(&room).await?;
    Ok((room, file))
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_reload_one_click_goes_on() -> Result<()> {
    let room = Room::make(Kind::Chromium).await?;
    room.hold_parts_after(stored());
    let file = room.stack.file("film.bin", size())?;
    room.browser.answer_picker_with(&file).await?;
    room.browser.click_text("Choose files").await?;
    in_the_middle(&room).await?;

    room.browser.reload().await?;
    room.browser.until_row(file.name(), "waiting for one click", SOON, |row| row.reason == "reloaded").await?;
    room.full_speed();
    room.browser.click_row(file.name(), "upload-resume").await?;
    room.browser.until_row(file.name(), "gone on", SOON, |row| row.state != "needs-file").await?;
    room.assert_arrives(&file).await?;
    room.stack.assert_no_stored_part_sent_again()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dropped_file_is_remembered_by_its_handle() -> Result<()> {
    let room = Room::make(Kind::Chromium).await?;
    room.hold_parts_after(stored());
    let file = room.stack.file("film.bin", size())?;
    room.browser.drop_files("drop-zone", &[&file]).await?;
    in_the_middle(&room).await?;

    room.browser.reload().await?;
    room.browser.until_row(file.name(), "waiting for one click", SOON, |row| row.reason == "reloaded").await?;
    // The browser would ask for permission now, and nobody is there to answer: the other way stays open.
    room.full_speed();
    pick_again(&room.browser, &file).await?;
    room.assert_arrives(&file).await?;
    room.stack.assert_no_stored_part_sent_again()
}

async fn after_a_reload_picking_the_file_again_goes_on(kind: Kind) -> Result<()> {
    let (room, file) = half_way(kind).await?;

    room.browser.reload().await?;
    room.browser.until_state(file.name(), &["needs-file"], SOON).await?;
    room.full_speed();
    pick_again(&room.browser, &file).await?;
    room.assert_arrives(&file).await?;
    room.stack.assert_no_stored_part_sent_again()
}
stories!(after_a_reload_picking_the_file_again_goes_on in chromium, firefox, webkit);

#[tokio::test(flavor = "multi_thread")]
async fn another_file_of_the_same_name_and_size_is_refused() -> Result<()> {
    let (room, file) = half_way(Kind::Chromium).await?;
    room.browser.reload().await?;
    room.browser.until_state(file.name(), &["needs-file"], SOON).await?;
    room.full_speed();

    // Same name, same size, same time; one byte in the middle of a stored part differs.
    let other = TestFile::make(room.stack.folder.path(), "other/film.bin", size(), 99)?;
    let modified = std::fs::metadata(&file.path)?.modified()?;
    std::fs::File::options().write(true).open(&other.path)?.set_modified(modified)?;
    pick_again(&room.browser, &other).await?;
    let refused = |row: &Row| ["different-file", "file-changed"].contains(&row.reason.as_str());
    room.browser.until_row(file.name(), "refused as another file", SOON, refused).await?;
    assert!(room.onlooker.files().await?.is_empty(), "a mixed file is in the room");

    pick_again(&room.browser, &file).await?;
    room.assert_arrives(&file).await?;
    room.stack.assert_no_stored_part_sent_again()
}

async fn a_killed_browser_goes_on_where_it_was(kind: Kind) -> Result<()> {
    let (mut room, file) = half_way(kind).await?;

    let address = room.address();
    room.browser = Browser::open(kind, room.browser.kill()).await?;
    room.browser.goto(&address).await?;
    room.browser.until_state(file.name(), &["needs-file"], SOON).await?;
    room.full_speed();
    pick_again(&room.browser, &file).await?;
    room.assert_arrives(&file).await?;
    room.stack.assert_no_stored_part_sent_again()
}
stories!(a_killed_browser_goes_on_where_it_was in chromium, firefox);

/// The first browser is gone; another one has joined by the contribute link and sees what was left unfinished.
async fn in_another_browser(kind: Kind) -> Result<(Room, TestFile)> {
    let (mut room, file) = half_way(kind).await?;
    drop(room.browser.kill());

    // A new profile: another machine, as far as the page can tell.
    room.browser = Browser::start(kind).await?;
    join(&room.browser, &room.links.contribute, "Ada at home").await?;
    room.browser.until_present("other-upload").await?;
    room.full_speed();
    Ok((room, file))
}

async fn another_browser_goes_on_with_the_same_file(kind: Kind) -> Result<()> {
    let (room, file) = in_another_browser(kind).await?;
    room.browser.pick("file-input", &[&file]).await?;
    room.browser.click("offer-continue").await?;
    room.assert_arrives(&file).await?;
    assert_eq!(room.stack.multipart_uploads().len(), 1, "it was started over");
    room.stack.assert_no_stored_part_sent_again()
}
stories!(another_browser_goes_on_with_the_same_file in chromium, firefox, webkit);

#[tokio::test(flavor = "multi_thread")]
async fn another_browser_goes_on_from_the_row_of_the_other() -> Result<()> {
    let (room, file) = in_another_browser(Kind::Chromium).await?;
    room.browser.pick("other-pick", &[&file]).await?;
    room.assert_arrives(&file).await?;
    assert_eq!(room.stack.multipart_uploads().len(), 1, "it was started over");
    room.stack.assert_no_stored_part_sent_again()
}

#[tokio::test(flavor = "multi_thread")]
async fn another_browser_with_another_file_of_that_name_uploads_it_apart() -> Result<()> {
    let (room, file) = in_another_browser(Kind::Chromium).await?;
    let other = TestFile::make(&room.stack.folder.path().join("other"), file.name(), size(), 99)?;
    room.browser.pick("file-input", &[&other]).await?;
    room.browser.click("offer-continue").await?;
    room.assert_arrives(&other).await?;
    assert!(room.browser.text("notice").await?.contains("other bytes"), "the person is not told");
    assert_eq!(room.stack.multipart_uploads().len(), 2, "a mixed file");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn picking_the_file_in_the_ordinary_way_goes_on_too() -> Result<()> {
    let (room, file) = half_way(Kind::Chromium).await?;
    room.browser.reload().await?;
    room.browser.until_state(file.name(), &["needs-file"], SOON).await?;
    room.full_speed();
    room.browser.pick("file-input", &[&file]).await?;
    const FOCUSED: &str = "return document.activeElement?.dataset.testid === 'offer-continue'";
    room.browser.until("the button that goes on has the focus", FOCUSED, SOON).await?;
    room.browser.type_keys(ENTER).await?;
    room.browser.until_row(file.name(), "gone on", SOON, |row| row.state != "needs-file").await?;
    room.assert_arrives(&file).await?;
    assert_eq!(room.browser.rows().await?.len(), 1, "it was added a second time");
    room.stack.assert_no_stored_part_sent_again()
}
