//! Storage behind the page's own origin: no preflight, no second host, and nothing else is different.

use std::time::Duration;

use anyhow::{Result, ensure};
use lab::browser::{Browser, Kind};
use lab::front::Front;
use lab::proxy::{Aim, Entry, Fault, Link, Rule};

use crate::room::{LONG, MIB, Room};

async fn room(kind: Kind) -> Result<Room> {
    Room::make_with(kind, vec![("SLIPWAY_S3_UPLOAD_PATH", "/storage".into())]).await
}

async fn parts_go_by_the_pages_own_origin(kind: Kind) -> Result<()> {
    let room = room(kind).await?;
    let files = [room.stack.file("small.bin", 100_000)?, room.stack.file("large.bin", 40 * MIB)?];
    room.browser.pick("file-input", &files.iter().collect::<Vec<_>>()).await?;
    for file in &files {
        room.assert_arrives(file).await?;
    }
    let log = room.stack.api.log();
    let puts = log.iter().filter(|entry| entry.is_stored_put() && entry.path.starts_with("/storage/slipway/rooms/"));
    ensure!(puts.count() == 4, "one part and three");
    let direct = room.stack.storage.log();
    // Others may have read the file by now.
    ensure!(
        !direct.iter().any(|entry| ["PUT", "OPTIONS"].contains(&entry.method.as_str())),
        "parts go to storage itself"
    );
    if kind == Kind::WebKit {
        // Its automation asks where to save, and nobody is there to answer.
        return Ok(());
    }
    let [_, large] = files;
    room.browser.click_in("room-file", large.name(), "file-download").await?;
    large.assert_same_as(&room.browser.downloaded(&large, LONG).await?)
}
stories!(parts_go_by_the_pages_own_origin in chromium, firefox, webkit);

#[tokio::test(flavor = "multi_thread")]
async fn after_an_outage_of_storage_behind_it_an_upload_goes_on() -> Result<()> {
    let mut room = room(Kind::Chromium).await?;
    room.stack.api.rule(Rule::new(Aim::parts_after(1), Fault::Hold).always());
    let file = room.pick("film.bin", 96 * MIB).await?;
    while !room.stack.api.log().iter().any(Entry::is_stored_put) {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    room.stack.api.set_link(Link { up_total: Some(12 * MIB), ..Link::default() });
    room.stack.api.clear();
    // Storage behind page and functions, then the way to both.
    room.stack.s3.kill()?;
    const SAID: &str = "return [...document.querySelectorAll('[data-testid=notice]')]
        .some((notice) => notice.innerText.includes('does not reach its storage'))";
    room.browser.until("it says so", SAID, LONG).await?;
    room.stack.restart_s3()?;
    room.stack.api.lose_network(Duration::from_secs(2)).await;
    room.stack.api.set_link(Link::default());
    room.assert_arrives(&file).await?;
    room.browser.until("it is not said any more", &format!("return !(() => {{ {SAID} }})()"), LONG).await?;
    Ok(())
}

/// A CDN speaks HTTP/2: there is no limit of six then, and the page makes use of that.
async fn over_http_2_many_small_files_go_at_once(kind: Kind) -> Result<()> {
    let room = room(kind).await?;
    let front = Front::start(([127, 0, 0, 1], room.stack.api.port()).into()).await?;
    let link = room.links.contribute.replace(&room.stack.url(), &front.url());
    ensure!(link.starts_with("https://"), "the link leads to the front");
    let browser = Browser::start(kind).await?;
    crate::room::join(&browser, &link, "Grace").await?;
    browser.until_present("file-input").await?;
    room.stack.api.set_link(Link { round_trip: Duration::from_millis(200), ..Link::default() });
    let files: Vec<_> = (0..30).map(|n| room.stack.file(&format!("{n}.bin"), 50_000 + n)).collect::<Result<_>>()?;
    let large = room.stack.file("large.bin", 40 * MIB)?;
    browser.pick("file-input", &files.iter().chain([&large]).collect::<Vec<_>>()).await?;
    for file in files.iter().chain([&large]) {
        browser.until_completed(file.name(), LONG).await?;
        room.onlooker.assert_holds(file).await?;
    }
    let most = front.most_puts();
    ensure!((8..=16).contains(&most), "{most} PUTs at once");
    Ok(())
}
stories!(over_http_2_many_small_files_go_at_once in chromium, firefox);
