//! The person's limit on speed, measured on the wire.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use lab::browser::{Browser, Kind, PATIENCE};

use crate::room::{MIB, Room};

async fn choose(browser: &Browser, value: &str) -> Result<()> {
    let script = format!(
        "const cap = document.querySelector('[data-testid=speed-cap]');
        cap.value = '{value}'; cap.dispatchEvent(new Event('change', {{ bubbles: true }})); return cap.value === '{value}'"
    );
    browser.until("the limit is chosen", &script, PATIENCE).await.map(drop)
}

/// A limit puts off the next part, since a PUT in flight can't be slowed down: it is held as an average, and
/// overshoots by one part.
#[tokio::test(flavor = "multi_thread")]
async fn a_speed_limit_holds_on_the_wire() -> Result<()> {
    const LIMIT: u64 = 5_000_000;
    const LARGEST_PART: u64 = 16 * MIB;
    const PARTS: usize = 4;
    /// Three times what these parts take at the limit.
    const NO_STOP: Duration = Duration::from_secs(40);
    let room = Room::make(Kind::Chromium).await?;
    room.slow_down(40);
    let file = room.pick("film.bin", 400 * MIB).await?;
    room.browser.until_state(file.name(), &["uploading"], PATIENCE).await?;
    choose(&room.browser, "5").await?;
    until_rested(&room).await?;

    let (start, before) = (Instant::now(), room.stack.bytes_sent());
    // A limit is no stop.
    room.stack.until_parts_stored(room.stack.parts_stored() + PARTS, NO_STOP).await?;
    let sent = room.stack.bytes_sent() - before;
    let seconds = start.elapsed().as_secs_f64();
    let most = (LIMIT as f64 * seconds) as u64 + LARGEST_PART;
    ensure!(sent <= most, "{sent} bytes in {seconds:.1} s, at most {most} at 5 MB/s");

    choose(&room.browser, "none").await?;
    room.full_speed();
    room.assert_arrives(&file).await
}

/// Waits until what was in flight when the limit was set has gone out.
async fn until_rested(room: &Room) -> Result<()> {
    const LIMIT: Duration = Duration::from_secs(60);
    const STILL: Duration = Duration::from_millis(500);
    let is_sending = || room.stack.storage.log().iter().any(|entry| entry.method == "PUT" && entry.ended.is_none());
    let (start, mut since) = (Instant::now(), Instant::now());
    while since.elapsed() < STILL {
        ensure!(start.elapsed() < LIMIT, "it is sent without a rest");
        tokio::time::sleep(Duration::from_millis(50)).await;
        if is_sending() {
            since = Instant::now();
        }
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_speed_limit_is_kept_and_shows_speed_and_time_left() -> Result<()> {
    let room = Room::make(Kind::Chromium).await?;
    room.slow_down(40);
    let file = room.pick("film.bin", 200 * MIB).await?;
    room.browser.until_state(file.name(), &["uploading"], PATIENCE).await?;
    choose(&room.browser, "1").await?;
    // What was under way has gone out, and the limit lets nothing go for a while: the figures stay.
    let resting = "return document.querySelector('[data-testid=upload-progress]').getAttribute('aria-valuetext')
        .includes('in flight') === false";
    room.browser.until("it rests", resting, PATIENCE * 3).await?;
    let figures = "const text = (id) => document.querySelector(`[data-testid=${id}]`).innerText;
        return text('upload-speed').includes('1.0 MB/s') && text('upload-eta').includes('left')
            && text('totals').includes('left')";
    room.browser.until("speed and time left at rest", figures, PATIENCE).await?;

    room.browser.reload().await?;
    room.browser.until_present("upload-row").await?;
    let kept = "return document.querySelector('[data-testid=speed-cap]')?.value === '1'";
    room.browser.until("the limit is kept", kept, PATIENCE).await?;
    Ok(())
}
