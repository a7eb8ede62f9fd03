//! The page itself: roles, bad links, narrow windows, keyboards, secrets.

use anyhow::Result;
use lab::api::Member;
use lab::browser::{Browser, Kind, PATIENCE};
use lab::stack::Stack;

use crate::room::{MIB, Room, join};

const TAB: &str = "\u{e004}";
pub(crate) const ENTER: &str = "\u{e007}";

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

    // Not done before the pause, however slow the keys are.
    let file = stack.file("film.bin", 192 * MIB)?;
    stack.storage.set_link(lab::proxy::Link { up_total: Some(4 * MIB), ..Default::default() });
    browser.pick("file-input", &[&file]).await?;
    browser.until_state(file.name(), &["uploading"], PATIENCE).await?;
    tab_to(&browser, "upload-pause").await?;
    browser.type_keys(ENTER).await?;
    browser.until_state(file.name(), &["paused"], PATIENCE).await?;
    Ok(())
}

/// Each answer of the page while one goes on and back in it: path, focus, and whether the key is in the address.
async fn one_goes_to_the_log_and_back_without_loading_anything(kind: Kind) -> Result<()> {
    const AUDIT: &str = "a[href$='/audit']";
    const MARK: &str = "window.loadedOnce = true";
    const IN_LOG: &str =
        "return location.pathname.endsWith('/audit') && !!document.querySelector('[data-testid=audit-entry]')";
    const IN_ROOM: &str =
        "return !location.pathname.endsWith('/audit') && !!document.querySelector('[data-testid=drop-zone]')";
    let room = Room::make(kind).await?;
    let browser = &room.browser;
    browser.until("the link to the log", &format!("return !!document.querySelector(\"{AUDIT}\")"), PATIENCE).await?;
    browser.script(MARK, Vec::new()).await?;

    // What is to open elsewhere leaves the page where it is.
    let elsewhere = format!(
        "const link = document.querySelector(\"{AUDIT}\");
         let handled = [];
         const stop = (event) => {{ handled.push(event.defaultPrevented); event.preventDefault(); }};
         window.addEventListener('click', stop);
         for (const more of [{{ ctrlKey: true }}, {{ metaKey: true }}, {{ shiftKey: true }}, {{ button: 1 }}])
             link.dispatchEvent(new MouseEvent('click', {{ bubbles: true, cancelable: true, ...more }}));
         window.removeEventListener('click', stop);
         return handled.length === 4 && handled.every((one) => !one);"
    );
    assert_eq!(browser.script(&elsewhere, Vec::new()).await?, true, "such clicks are the browser's");
    browser.until("still in the room", IN_ROOM, PATIENCE).await?;

    browser.script(&format!("document.querySelector(\"{AUDIT}\").click()"), Vec::new()).await?;
    browser.until("in the log", IN_LOG, PATIENCE).await?;
    browser.until("the focus is on the page", "return document.activeElement.id === 'main'", PATIENCE).await?;
    browser.script("history.back()", Vec::new()).await?;
    browser.until("back in the room", IN_ROOM, PATIENCE).await?;
    assert_eq!(browser.url().await?, room.address(), "the key is not in the address");
    browser.script("history.forward()", Vec::new()).await?;
    browser.until("in the log again", IN_LOG, PATIENCE).await?;
    browser.script("document.querySelector('main a.link').click()", Vec::new()).await?;
    browser.until("in the room by the log's link", IN_ROOM, PATIENCE).await?;
    assert_eq!(browser.script("return window.loadedOnce", Vec::new()).await?, true, "the page was loaded again");

    // A link that one holds already, opened in the room: its key does not stay in the address.
    let (_, key) = room.links.manage.split_once('#').expect("a link has a key");
    browser.script(&format!("location.hash = '{key}'"), Vec::new()).await?;
    browser.until("the key is gone", "return location.hash === '' && !location.href.includes('#')", PATIENCE).await?;
    browser.until("still in the room", IN_ROOM, PATIENCE).await?;
    Ok(())
}
stories!(one_goes_to_the_log_and_back_without_loading_anything in chromium, firefox, webkit);

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
    secrets.extend(["X-Amz-Signature=".into(), "Bearer ".into(), room.stack.s3.secret_key().into()]);
    let upload = "/api/uploads/";
    room.stack.assert_logs_hold_none_of(&secrets, upload)
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

#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_does_not_start_reloads_with_its_key() -> Result<()> {
    use lab::proxy::{Aim, Fault, Rule};
    let room = Room::make(Kind::Chromium).await?;
    room.stack.api.rule(Rule::new(Aim::call("GET", "_bg.wasm"), Fault::Reset { after: 0 }).always());
    let browser = Browser::start(Kind::Chromium).await?;
    browser.goto(&room.links.contribute).await?;
    let said = "const box = document.getElementById('broken'); return box && !box.hidden";
    browser.until("the page says that it did not start", said, PATIENCE * 4).await?;
    room.stack.api.clear();
    browser.click("reload").await?;
    browser.fill("display-name", "Grace").await?;
    browser.click("join").await?;
    browser.until_present("drop-zone").await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn buttons_and_news_name_their_file() -> Result<()> {
    let room = Room::make(Kind::Chromium).await?;
    room.slow_down(4);
    let file = room.pick("film.bin", 64 * MIB).await?;
    room.browser.until_state(file.name(), &["uploading"], PATIENCE).await?;
    for (button, label) in [("upload-pause", "Pause: film.bin"), ("upload-cancel", "Cancel: film.bin")] {
        assert_eq!(room.browser.attribute(button, "aria-label").await?.as_deref(), Some(label));
    }
    assert_eq!(room.browser.attribute("upload-progress", "aria-label").await?.as_deref(), Some("Upload of film.bin"));
    // A room that shuts it out stops it.
    let denied = r#"{"error":{"code":"member-removed","message":"no","requestId":"r"}}"#;
    room.stack.api.rule(
        lab::proxy::Rule::new(
            lab::proxy::Aim::method("POST"),
            lab::proxy::Fault::Answer(lab::proxy::Canned {
                status: 401,
                content_type: "application/json",
                body: denied.into(),
                readable: true,
            }),
        )
        .always(),
    );
    room.full_speed();
    let said =
        "return document.querySelector('[data-testid=announcer]').textContent.startsWith('film.bin: Your access')";
    room.browser.until("the stop is announced with its file", said, PATIENCE * 3).await?;
    Ok(())
}

/// Notes where the first row and its buttons stand, from the first frame that shows them.
const WATCH: &str = "window.stood = new Set();
    const look = () => {
        const row = document.querySelector('[data-testid=upload-row]');
        if (row) window.stood.add(Math.round(row.getBoundingClientRect().top));
        requestAnimationFrame(look);
    };
    requestAnimationFrame(look);";

#[tokio::test(flavor = "multi_thread")]
async fn nothing_moves_under_the_pointer_after_a_reload() -> Result<()> {
    let (room, file) = Room::sending(Kind::Chromium, 8, 80 * MIB).await?;
    room.browser.cdp("Page.addScriptToEvaluateOnNewDocument", serde_json::json!({ "source": WATCH })).await?;
    for width in [1280, 390] {
        room.browser.set_viewport(width, 900).await?;
        room.browser.reload().await?;
        room.browser.until_state(file.name(), &["needs-file"], PATIENCE).await?;
        // The answer to the first request for the room, and whatever else comes late.
        tokio::time::sleep(std::time::Duration::from_secs(3)).await;
        // The network goes, too, and the page says so.
        room.browser.set_offline(true).await?;
        room.browser.until_present("offline").await?;
        let stood = room.browser.script("return [...window.stood]", Vec::new()).await?;
        assert_eq!(stood.as_array().map(Vec::len), Some(1), "{width} wide, the row stood at {stood}");
        room.browser.set_offline(false).await?;
    }
    Ok(())
}
