//! What is done to all uploads at once, and what the device does meanwhile.

use std::time::Duration;

use anyhow::{Result, ensure};
use lab::browser::{Browser, Kind, Row};
use lab::files::TestFile;
use lab::proxy::{Aim, Fault, Rule};
use serde_json::{Value, json};

use crate::control::quiet_for_two_seconds;
use crate::room::{MIB, Room};

const SOON: Duration = Duration::from_secs(20);

/// Picks three files of several parts in one go.
async fn pick_three(room: &Room) -> Result<Vec<TestFile>> {
    let files = ["one.bin", "two.bin", "three.bin"].map(|name| room.stack.file(name, 40 * MIB));
    let files = files.into_iter().collect::<Result<Vec<_>>>()?;
    room.browser.pick("file-input", &files.iter().collect::<Vec<_>>()).await?;
    Ok(files)
}

async fn until_all(browser: &Browser, files: &[TestFile], what: &str, is_so: impl Fn(&Row) -> bool) -> Result<()> {
    for file in files {
        browser.until_row(file.name(), what, SOON, &is_so).await?;
    }
    Ok(())
}

async fn pause_all_holds_all_and_resume_all_goes_on(kind: Kind) -> Result<()> {
    let room = Room::make(kind).await?;
    room.hold_parts_after(1);
    let files = pick_three(&room).await?;
    room.until_slowly(1, 6).await?;
    room.browser.click("pause-all").await?;
    until_all(&room.browser, &files, "paused", |row| row.state == "paused").await?;
    quiet_for_two_seconds(&room).await?;
    ensure!(room.onlooker.files().await?.is_empty(), "a file was done before it was paused");
    ensure!(!room.browser.is_present("pause-all").await?, "there is nothing left to pause");

    room.full_speed();
    room.browser.click("resume-all").await?;
    for file in &files {
        room.assert_arrives(file).await?;
    }
    room.stack.assert_no_stored_part_sent_again()
}
stories!(pause_all_holds_all_and_resume_all_goes_on in chromium, firefox, webkit);

#[tokio::test(flavor = "multi_thread")]
async fn retry_all_goes_on_with_all_that_failed() -> Result<()> {
    let room = Room::make(Kind::Chromium).await?;
    room.stack.storage.rule(Rule::new(Aim::method("PUT"), Fault::s3_error(404, "NoSuchBucket")).always());
    let files = pick_three(&room).await?;
    let failed = |row: &Row| row.state == "failed" && row.reason == "storage-refused";
    until_all(&room.browser, &files, "failed", failed).await?;
    ensure!(room.stack.parts_stored() == 0, "a part was stored");
    room.stack.storage.clear();
    room.browser.click("retry-all").await?;
    for file in &files {
        room.assert_arrives(file).await?;
    }
    Ok(())
}

/// A screen wake lock whose every request and release is counted.
const FAKE_WAKE_LOCK: &str = "
    window.wake = { types: [], sentinels: [] };
    Object.defineProperty(navigator, 'wakeLock', { value: { request: async (type) => {
        const sentinel = Object.assign(new EventTarget(), { type, released: false, releases: 0 });
        sentinel.release = async () => { sentinel.releases += 1; sentinel.released = true; };
        window.wake.types.push(type);
        window.wake.sentinels.push(sentinel);
        return sentinel;
    } } });";
/// What a browser does when a page is hidden and shown again: the lock is gone, and an event comes.
const LOSE_WAKE_LOCK: &str = "
    window.wake.sentinels.forEach((sentinel) => { sentinel.released = true; });
    document.dispatchEvent(new Event('visibilitychange'));";

/// Waits until exactly `requested` locks were requested and `held` of them are held.
async fn until_wake_locks(browser: &Browser, requested: usize, held: usize, why: &str) -> Result<()> {
    let script = format!(
        "return wake.sentinels.length === {requested}
            && wake.sentinels.filter((sentinel) => !sentinel.released).length === {held}"
    );
    browser.until(&format!("{requested} wake locks were requested, {held} are held: {why}"), &script, SOON).await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_screen_stays_awake_while_something_is_sent_and_no_longer() -> Result<()> {
    let room = Room::make(Kind::Chromium).await?;
    let browser = &room.browser;
    let source = json!({ "source": FAKE_WAKE_LOCK });
    browser.cdp("Page.addScriptToEvaluateOnNewDocument", source).await?;
    browser.reload().await?;
    browser.until_present("file-input").await?;
    until_wake_locks(browser, 0, 0, "nothing is sent").await?;

    room.slow_down(6);
    let file = room.pick("film.bin", 192 * MIB).await?;
    browser.until_state(file.name(), &["uploading"], SOON).await?;
    until_wake_locks(browser, 1, 1, "a file is sent").await?;
    browser.script(LOSE_WAKE_LOCK, Vec::new()).await?;
    until_wake_locks(browser, 2, 1, "the page is seen again").await?;
    browser.click("pause-all").await?;
    until_wake_locks(browser, 2, 0, "it is paused").await?;
    browser.click("resume-all").await?;
    until_wake_locks(browser, 3, 1, "it goes on").await?;
    room.full_speed();
    room.assert_arrives(&file).await?;
    until_wake_locks(browser, 3, 0, "it is done").await?;
    let types = browser.script("return wake.types", Vec::new()).await?;
    ensure!(types == Value::from(vec!["screen"; 3]), "{types}");
    // Taken by the browser, released by the page, released by the page.
    let releases = browser.script("return wake.sentinels.map((sentinel) => sentinel.releases)", Vec::new()).await?;
    ensure!(releases == json!([0, 1, 1]), "{releases}");
    Ok(())
}
