//! Thousands of files in one pick.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use futures::{StreamExt as _, TryStreamExt as _};
use lab::browser::{Browser, Kind};
use lab::proxy::{Aim, Fault, Rule};

use crate::room::{LONG, Room, number};

const COUNT: usize = 10_000;
/// Far more rows than a window shows, far fewer than there are.
const MOST_DRAWN: usize = 60;

#[tokio::test(flavor = "multi_thread")]
async fn ten_thousand_files_are_a_list_that_scrolls() -> Result<()> {
    let room = Room::make(Kind::Chromium).await?;
    // Nothing begins, so the list stands still.
    let busy = Rule::new(Aim::call("POST", "/uploads"), Fault::s3_error(503, "SlowDown"));
    room.stack.api.rule(busy.always());
    let files: Vec<_> =
        (0..COUNT).map(|index| room.stack.file(&format!("sample {index:05}.txt"), 60)).collect::<Result<_>>()?;
    room.browser.pick("file-input", &files.iter().collect::<Vec<_>>()).await?;
    assert_scrolls(&room.browser, files[COUNT - 1].name()).await?;

    // All of them are on the disk, too.
    room.browser.reload().await?;
    assert_scrolls(&room.browser, files[COUNT - 1].name()).await?;

    room.browser.click("cancel-all").await?;
    room.browser.click("dialog-yes").await?;
    const OVER: &str = "return !document.querySelector('[data-testid=cancel-all]')";
    room.browser.until("all are cancelled", OVER, LONG).await?;
    room.browser.click("clear-done").await?;
    const NONE: &str = "return !document.querySelector('[data-testid=upload-row]')";
    room.browser.until("the list is empty", NONE, LONG).await?;
    // Two batches of 20 may exist on the server, for all that the page knows: their abort is owed.
    room.browser.until("the others are off the disk", &records("length <= 40"), LONG).await?;
    // These are put away on the disk, too: that is written after the others are gone.
    let put_away = records("every((record) => JSON.parse(record).dismissed)");
    room.browser.until("these are put away", &put_away, LONG).await?;
    room.browser.reload().await?;
    // The room is drawn when what the device keeps is read.
    room.browser.until_present("file-input").await?;
    ensure!(room.browser.rows().await?.is_empty(), "rows came back");
    room.stack.api.clear();
    room.browser.until("nothing is owed any more", &records("length === 0"), LONG).await?;
    room.assert_nothing_is_left().await
}

/// How many files are sent where nothing else is asked for; SLIPWAY_E2E_MANY=10000 is for runs by hand.
const SENT: u64 = 600;

#[tokio::test(flavor = "multi_thread")]
async fn many_small_files_arrive() -> Result<()> {
    let count = number("SLIPWAY_E2E_MANY").unwrap_or(SENT);
    let room = Room::make(Kind::Chromium).await?;
    let files = (0..count).map(|index| room.stack.file(&format!("sample {index:05}.txt"), 60 + index * 7));
    let files = files.collect::<Result<Vec<_>>>()?;
    let start = Instant::now();
    room.browser.pick("file-input", &files.iter().collect::<Vec<_>>()).await?;
    let done = format!("return document.querySelector('[data-completed=\"{count}\"]')");
    // At least five a second, on a machine that does much else.
    room.browser.until("all are done", &done, Duration::from_secs(60 + count / 5)).await?;
    eprintln!("{count} files in {:.1} s", start.elapsed().as_secs_f64());

    let (listed, onlooker) = (room.onlooker.files().await?, &room.onlooker);
    ensure!(listed.len() == files.len(), "{} files are listed", listed.len());
    let comparisons = files.iter().map(|file| onlooker.assert_holds_one_of(&listed, file));
    futures::stream::iter(comparisons).buffer_unordered(8).try_collect::<()>().await?;
    ensure!(room.stack.bucket.keys("").await?.len() == files.len(), "objects in storage");
    room.stack.assert_no_stored_part_sent_again()
}

/// Whether this is so of the uploads that the device keeps.
fn records(condition: &str) -> String {
    format!(
        "return new Promise((done, fail) => {{
            const open = indexedDB.open('slipway');
            open.onerror = () => fail(open.error);
            open.onsuccess = () => {{
                const all = open.result.transaction('uploads').objectStore('uploads').getAll();
                all.onsuccess = () => {{ open.result.close(); done(all.result.{condition}); }};
            }};
        }})"
    )
}

/// All are counted, few are drawn, and the last one is where the list ends.
async fn assert_scrolls(browser: &Browser, last: &str) -> Result<()> {
    const COUNTED: &str =
        "return document.querySelector('[data-testid=totals]')?.innerText.includes('of 10,000 files')";
    let is_last = format!(
        "const list = document.querySelector('.uploads');
        list.scrollTop = list.scrollHeight;
        return !!list.querySelector(`[data-testid=upload-row][data-name='{last}']`)"
    );
    browser.until("all are counted", COUNTED, LONG).await?;
    assert_few_are_drawn(browser).await?;
    browser.until("the last one is drawn at the list's end", &is_last, LONG).await?;
    assert_few_are_drawn(browser).await
}

async fn assert_few_are_drawn(browser: &Browser) -> Result<()> {
    // The first rows come after the totals.
    browser.until_present("upload-row").await?;
    let drawn = browser.rows().await?.len();
    ensure!((1..=MOST_DRAWN).contains(&drawn), "{drawn} rows are drawn");
    Ok(())
}
