//! The panel of uploads: there before it is needed, gone with its last row.

use anyhow::{Result, ensure};
use lab::browser::{Browser, Kind, PATIENCE};

use crate::room::{LONG, Room};

/// More rows than are all drawn, and than a window shows.
const COUNT: usize = 60;

const FIRST: &str = "
    const list = document.querySelector('.uploads');
    const row = list?.querySelector('[aria-posinset=\"1\"]')?.getBoundingClientRect();
    return !!row && row.height > 0 && list.scrollTop === 0 && Math.abs(row.top - list.getBoundingClientRect().top) < 2";
const LAST: &str = "
    const list = document.querySelector('.uploads');
    list.scrollTop = list.scrollHeight;
    const row = list.querySelector('[aria-posinset=\"60\"]')?.getBoundingClientRect();
    return !!row && Math.abs(row.bottom - list.getBoundingClientRect().bottom) < 2";

#[tokio::test(flavor = "multi_thread")]
async fn after_a_cleared_list_the_next_one_is_seen_from_its_top() -> Result<()> {
    let room = Room::make(Kind::Chromium).await?;
    let browser = &room.browser;
    const UNSEEN: &str = "return document.querySelector('[data-testid=totals]')?.closest('section').hidden";
    browser.until("the panel waits, and is not seen", UNSEEN, PATIENCE).await?;

    for batch in ["first", "second"] {
        let files: Vec<_> =
            (0..COUNT).map(|index| room.stack.file(&format!("{batch} {index:02}.txt"), 60)).collect::<Result<_>>()?;
        browser.pick("file-input", &files.iter().collect::<Vec<_>>()).await?;
        browser.until("the first row is where the list begins", FIRST, PATIENCE).await?;
        let done = format!("return document.querySelector('[data-completed=\"{COUNT}\"]')");
        browser.until("all are done", &done, LONG).await?;
        browser.until("the last row is where it ends", LAST, PATIENCE).await?;
        ensure!(chip(browser, "").await? == "All", "the filter of the rows before still holds");
        ensure!(chip(browser, "Done").await? == "Done", "`Done` can't be chosen");
        browser.click("clear-done").await?;
        browser.until("the panel is gone", "return !document.querySelector('[data-testid=totals]')", PATIENCE).await?;
    }
    Ok(())
}

/// Chooses a filter, where one is named, and tells which is chosen.
async fn chip(browser: &Browser, choose: &str) -> Result<String> {
    let script = "const chips = [...document.querySelectorAll('.chip')];
        const words = (chip) => chip?.innerText.replace(/[\\d,]/g, '').trim() ?? '';
        chips.find((chip) => words(chip) === arguments[0])?.click();
        const chosen = () => words(chips.find((chip) => chip.ariaPressed === 'true'));
        return new Promise((done) => setTimeout(() => done(chosen()), 100));";
    let chosen = browser.script(script, vec![choose.into()]).await?;
    Ok(chosen.as_str().unwrap_or_default().to_owned())
}

/// A hidden tab gets no frames until it is shown again, and what asked for one may be gone by then.
#[tokio::test(flavor = "multi_thread")]
async fn a_frame_that_comes_when_the_room_was_left_does_no_harm() -> Result<()> {
    let room = Room::make(Kind::Chromium).await?;
    let browser = &room.browser;
    let script = |script: &'static str| browser.script(script, Vec::new());
    script("document.querySelector('.brand').click()").await?;
    browser.until_present("saved-room").await?;
    script("window.held = []; window.requestAnimationFrame = (frame) => held.push(frame)").await?;
    script("document.querySelector('[data-testid=saved-room] a').click()").await?;
    browser.until_present("totals").await?;
    browser.until("a frame is asked for", "return held.length > 0", PATIENCE).await?;
    script("document.querySelector('.brand').click()").await?;
    browser.until_present("saved-room").await?;
    script("held.splice(0).forEach((frame) => setTimeout(frame, 0, performance.now()))").await?;
    // Answered by a task that comes after those.
    script("return new Promise((done) => setTimeout(done, 100))").await?;
    let panics = script("return document.querySelector('[data-key=panic]')?.innerText ?? ''").await?;
    ensure!(panics == "", "{panics}");
    Ok(())
}
