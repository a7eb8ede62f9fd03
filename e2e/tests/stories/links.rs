//! Links that are replaced, weaker or lost, and rooms that are left.

use std::time::Duration;

use anyhow::Result;
use lab::api::Member;
use lab::browser::{Browser, Kind, PATIENCE};
use lab::proxy::{Aim, Fault, Rule};

use crate::room::{LONG, MIB, Room, join};

/// Replaces a link through the page, and gives the new one.
async fn rotate(room: &Room, role: &str, old: &str) -> Result<String> {
    room.browser.click(&format!("rotate-{role}")).await?;
    room.browser.click("dialog-yes").await?;
    room.browser
        .until(
            "the link is another one",
            &format!(
                "const url = document.querySelector('[data-testid=link-{role}]')?.value; return url && url !== '{old}'"
            ),
            PATIENCE,
        )
        .await?;
    room.browser.text(&format!("link-{role}")).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_link_lets_its_members_in_again_and_their_uploads_go_on() -> Result<()> {
    let room = Room::make(Kind::Chromium).await?;
    let member = Browser::start(Kind::Chromium).await?;
    join(&member, &room.links.contribute, "Grace").await?;
    room.hold_parts_after(1);
    let file = room.stack.file("film.bin", 192 * MIB)?;
    member.pick("file-input", &[&file]).await?;
    room.until_slowly(1, 6).await?;

    let link = rotate(&room, "contribute", &room.links.contribute).await?;
    member.until_present("lost").await?;
    // What was signed before still goes out; then the upload stops, too.
    room.full_speed();
    let said = "return document.querySelector('[data-testid=announcer]').textContent.includes('Your access ended')";
    member.until("the upload is shut out, too", said, LONG).await?;
    member.until_row(file.name(), "beneath the notice", LONG, |row| row.reason == "access-lost").await?;

    // In the same tab, as from the address bar.
    member.goto(&link).await?;
    assert_eq!(member.text("display-name").await?, "Grace");
    member.click("join").await?;
    member.until_row(file.name(), "let in again", LONG, |row| row.reason != "access-lost").await?;
    member.until_completed(file.name(), LONG).await?;
    room.onlooker.assert_holds(&file).await?;
    room.stack.assert_no_stored_part_sent_again()?;
    let files = room.onlooker.view().await?.files;
    assert_eq!(files.len(), 1);
    assert_eq!(files[0].display_name.plain(), Some("Grace"));
    // The key does not stay in the address bar.
    assert!(!member.url().await?.contains('#'));
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_link_lets_its_members_in_again_after_a_restart() -> Result<()> {
    let room = Room::make(Kind::Chromium).await?;
    let member = Browser::start(Kind::Chromium).await?;
    join(&member, &room.links.contribute, "Grace").await?;
    member.until_present("drop-zone").await?;
    let link = rotate(&room, "contribute", &room.links.contribute).await?;
    member.goto("about:blank").await?;
    join(&member, &link, "Grace").await?;
    member.until_present("drop-zone").await?;
    // The old one still leads nowhere, and does not bar the way of who is in.
    member.goto(&room.links.contribute).await?;
    member
        .until("the old link is another one", "return document.querySelector('[data-testid=join]')", PATIENCE)
        .await?;
    member.goto(&room.address()).await?;
    member.until_present("drop-zone").await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_manager_who_opens_a_weaker_link_stays_a_manager() -> Result<()> {
    let room = Room::make(Kind::Chromium).await?;
    room.browser.goto("about:blank").await?;
    room.browser.goto(&room.links.contribute).await?;
    room.browser.until_present("drop-zone").await?;
    assert_eq!(room.browser.attribute("my-role", "data-role").await?.as_deref(), Some("manage"));
    room.browser
        .until("a word on it", "return document.body.innerText.includes('You stay in as Manage')", PATIENCE)
        .await?;
    assert_eq!(room.browser.text("link-contribute").await?, room.links.contribute);
    assert!(!room.browser.url().await?.contains('#'));
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_viewer_who_opens_a_drop_link_can_choose_to_drop() -> Result<()> {
    let room = Room::make(Kind::Chromium).await?;
    let viewer = Browser::start(Kind::Chromium).await?;
    join(&viewer, &room.links.view, "Vera").await?;
    viewer.until_present("my-role").await?;
    viewer.goto(&room.links.drop).await?;
    viewer.click("join").await?;
    viewer.until_present("drop-zone").await?;
    assert_eq!(viewer.attribute("my-role", "data-role").await?.as_deref(), Some("drop"));
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replacement_whose_answer_is_lost_gives_a_link_that_works() -> Result<()> {
    let room = Room::make(Kind::Chromium).await?;
    room.stack.api.rule(Rule::new(Aim::call("POST", "/links/contribute"), Fault::LoseAnswer).times(20));
    room.browser.click("rotate-contribute").await?;
    room.browser.click("dialog-yes").await?;
    // The old link is dead by now: it is not shown.
    let gone = "return !document.querySelector('[data-testid=link-contribute]')";
    room.browser.until("the old link is not shown", gone, PATIENCE).await?;
    room.stack.api.clear();
    room.browser.reload().await?;
    room.browser.until_present("rotate-contribute").await?;
    assert!(!room.browser.is_present("link-contribute").await?);
    let link = rotate(&room, "contribute", &room.links.contribute).await?;
    Member::join_url(&link, "Grace").await?;
    assert!(Member::join_url(&room.links.contribute, "Mallory").await.is_err());
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn who_leaves_with_an_unfinished_upload_leaves_nothing_behind() -> Result<()> {
    let (room, file) = Room::sending(Kind::Chromium, 8, 160 * MIB).await?;
    room.browser.click_row(file.name(), "upload-pause").await?;
    room.browser.until_state(file.name(), &["paused"], PATIENCE).await?;
    room.full_speed();
    room.browser.click("leave-room").await?;
    let asked = "return document.querySelector('dialog[open]')?.innerText.includes('unfinished upload is cancelled')";
    room.browser.until("the question says what becomes of it", asked, PATIENCE).await?;
    room.browser.click("dialog-yes").await?;
    room.browser.until_present("new-room").await?;
    assert!(!room.browser.is_present("unfinished").await?);
    room.assert_nothing_is_left().await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_of_a_room_that_is_not_known_any_more_can_be_discarded() -> Result<()> {
    let (room, file) = Room::sending(Kind::Chromium, 8, 160 * MIB).await?;
    room.browser.click_row(file.name(), "upload-pause").await?;
    room.browser.until_state(file.name(), &["paused"], PATIENCE).await?;
    // As an earlier version of the page left it.
    room.browser.goto(&format!("{}/api/health", room.stack.url())).await?;
    let forget = "const open = indexedDB.open('slipway');
        open.onsuccess = () => {
            const change = open.result.transaction('sessions', 'readwrite');
            change.objectStore('sessions').clear();
            change.oncomplete = () => { document.title = 'forgotten'; open.result.close(); };
        };";
    room.browser.script(forget, Vec::new()).await?;
    room.browser.until("the session is gone", "return document.title === 'forgotten'", PATIENCE).await?;
    room.browser.goto(&room.stack.url()).await?;
    room.browser.click("discard").await?;
    room.browser.click("dialog-yes").await?;
    let gone = "return !document.querySelector('[data-testid=unfinished]')";
    room.browser.until("the tile is gone", gone, PATIENCE).await?;
    after_a_while(&room).await
}

/// It does not come back with a reload.
async fn after_a_while(room: &Room) -> Result<()> {
    tokio::time::sleep(Duration::from_secs(1)).await;
    room.browser.reload().await?;
    room.browser.until_present("new-room").await?;
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert!(!room.browser.is_present("unfinished").await?);
    Ok(())
}
