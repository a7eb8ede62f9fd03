//! The page itself: roles, bad links, narrow windows, keyboards, secrets.

use anyhow::Result;
use e2e::api::Member;
use e2e::browser::{Browser, Kind, PATIENCE};
use e2e::stack::Stack;

use crate::room::{MIB, Room, join};

const TAB: &str = "\u{e004}";
const ENTER: &str = "\u{e007}";

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_link_says_so() -> Result<()> {
    let room = Room::make(Kind::Chromium).await?;
    let (before, secret) = room.links.contribute.rsplit_once('.').expect("role and secret");
    let other = if secret.starts_with('A') { "B" } else { "A" };
    let browser = Browser::start(Kind::Chromium).await?;
    join(&browser, &format!("{before}.{other}{}", &secret[1..]), "Mallory").await?;
    let said = "return [...document.querySelectorAll('[role=alert]')].some((alert) => alert.textContent.trim())";
    browser.until("the page says that the link does not work", said, PATIENCE).await?;
    assert!(!browser.is_present("drop-zone").await?);

    browser.goto(&format!("{}x", room.links.contribute)).await?;
    browser
        .until(
            "a broken link gives a page that says so",
            "return document.querySelector('[data-testid=lost]')",
            PATIENCE,
        )
        .await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_view_link_sees_and_downloads_but_can_not_upload() -> Result<()> {
    let room = Room::make(Kind::Chromium).await?;
    let file = room.pick("shown.bin", MIB).await?;
    room.assert_arrives(&file).await?;
    let viewer = Browser::start(Kind::Chromium).await?;
    join(&viewer, &room.links.view, "Viewer").await?;
    viewer.until_file_listed(file.name(), file.size, PATIENCE).await?;
    for hidden in ["drop-zone", "file-input", "folder-input", "link-manage", "link-contribute", "file-remove"] {
        assert!(!viewer.is_present(hidden).await?, "a viewer sees `{hidden}`");
    }
    let refused = room.onlooker.initiate("x", 1, Vec::new()).await.unwrap_err();
    assert!(format!("{refused:#}").contains("role-too-low"), "{refused:#}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_drop_link_uploads_and_sees_nothing_of_others() -> Result<()> {
    let room = Room::make(Kind::Chromium).await?;
    let secret = room.pick("of the room.bin", 1000).await?;
    room.assert_arrives(&secret).await?;
    let giver = Browser::start(Kind::Chromium).await?;
    join(&giver, &room.links.drop, "Giver").await?;
    let gift = room.stack.file("gift.bin", 20 * MIB)?;
    giver.pick("file-input", &[&gift]).await?;
    giver.until_completed(gift.name(), PATIENCE * 3).await?;
    assert!(!giver.is_present("room-file").await?, "drop shows the room's files");
    room.onlooker.assert_holds(&gift).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_narrow_page_does_not_scroll_sideways() -> Result<()> {
    let room = Room::make(Kind::Chromium).await?;
    let long = format!("{}.bin", "averylongnamewithoutanyspace".repeat(7));
    let file = room.pick(&long, 1000).await?;
    room.assert_arrives(&file).await?;
    for width in [320, 360, 768] {
        room.browser.set_viewport(width, 800).await?;
        assert_eq!(room.browser.sideways_overflow().await?, 0, "the room, {width} wide");
    }
    room.browser.goto(&room.stack.url()).await?;
    room.browser.until_present("new-room").await?;
    room.browser.set_viewport(320, 800).await?;
    assert_eq!(room.browser.sideways_overflow().await?, 0, "the start page");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_room_is_made_and_an_upload_paused_by_keyboard_alone() -> Result<()> {
    let stack = Stack::start().await?;
    let browser = Browser::start(Kind::Chromium).await?;
    browser.goto(&stack.url()).await?;
    tab_to(&browser, "room-name").await?;
    browser.type_keys("By hand").await?;
    tab_to(&browser, "display-name").await?;
    browser.type_keys("Ada").await?;
    tab_to(&browser, "new-room").await?;
    browser.type_keys(ENTER).await?;
    browser.until_present("link-contribute").await?;
    tab_to(&browser, "copy-contribute").await?;

    let file = stack.file("film.bin", 48 * MIB)?;
    stack.storage.set_link(e2e::proxy::Link { up_total: Some(4 * MIB), ..Default::default() });
    browser.pick("file-input", &[&file]).await?;
    browser.until_state(file.name(), &["uploading"], PATIENCE).await?;
    tab_to(&browser, "upload-pause").await?;
    browser.type_keys(ENTER).await?;
    browser.until_state(file.name(), &["paused"], PATIENCE).await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn no_secret_is_in_any_log() -> Result<()> {
    let room = Room::make(Kind::Chromium).await?;
    let file = room.pick("film.bin", 40 * MIB).await?;
    room.assert_arrives(&file).await?;
    room.browser.click_in("room-file", file.name(), "file-download").await?;
    room.browser.downloaded(&file, PATIENCE).await?;
    let other = Member::join_url(&room.links.contribute, "Grace").await?;
    other.upload(&room.stack.file("more.bin", 17 * MIB)?).await?;
    // A wrong one, too: errors are logged with more around them.
    let broken = room.links.view.replace("#view.", "#manage.");
    assert!(Member::join_url(&broken, "Mallory").await.is_err());

    let links = [&room.links.manage, &room.links.contribute, &room.links.view, &room.links.drop];
    let mut secrets: Vec<String> =
        links.iter().filter_map(|link| link.rsplit_once('.')).map(|(_, secret)| secret.to_owned()).collect();
    secrets.extend([&other, &room.onlooker].map(|member| member.joined.member_token.expose()));
    secrets.extend(["X-Amz-Signature=".into(), "Bearer ".into(), room.stack.minio.secret_key().into()]);
    room.stack.assert_logs_hold_none_of(&secrets)
}

async fn tab_to(browser: &Browser, test_id: &str) -> Result<()> {
    for _ in 0..80 {
        if browser.focused().await? == test_id {
            return Ok(());
        }
        browser.type_keys(TAB).await?;
    }
    browser.give_up(&format!("the tab key does not reach `{test_id}`")).await
}
