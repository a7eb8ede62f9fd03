//! What is picked lies in the room, bit for bit.

use std::time::Duration;

use anyhow::Result;
use futures::{StreamExt as _, TryStreamExt as _};
use lab::browser::{Browser, Kind, PATIENCE};

use crate::room::{LONG, MIB, Room, join};

async fn a_picked_file_is_in_the_room_and_comes_back_identical(kind: Kind) -> Result<()> {
    let room = Room::make(kind).await?;
    let file = room.pick("Größe & Maß.bin", 40 * MIB).await?;
    room.assert_arrives(&file).await?;
    room.stack.assert_no_stored_part_sent_again()?;
    if kind == Kind::WebKit {
        // Its automation asks where to save, and nobody is there to answer.
        return Ok(());
    }
    room.browser.click_in("room-file", file.name(), "file-download").await?;
    file.assert_same_as(&room.browser.downloaded(&file, LONG).await?)
}
stories!(a_picked_file_is_in_the_room_and_comes_back_identical in chromium, firefox, webkit);

#[tokio::test(flavor = "multi_thread")]
async fn whoever_has_the_contribute_link_sees_and_downloads_it() -> Result<()> {
    let room = Room::make(Kind::Chromium).await?;
    let file = room.pick("shared.bin", 3 * MIB).await?;
    room.assert_arrives(&file).await?;

    let other = Browser::start(Kind::Chromium).await?;
    join(&other, &room.links.contribute, "Grace").await?;
    other.until_file_listed(file.name(), file.size, Duration::from_secs(20)).await?;
    other.click_in("room-file", file.name(), "file-download").await?;
    file.assert_same_as(&other.downloaded(&file, LONG).await?)?;

    let back = room.stack.file("answer.bin", 2 * MIB)?;
    other.pick("file-input", &[&back]).await?;
    other.until_completed(back.name(), LONG).await?;
    room.browser.until_file_listed(back.name(), back.size, Duration::from_secs(30)).await?;
    room.onlooker.assert_holds(&back).await
}

#[tokio::test(flavor = "multi_thread")]
async fn every_size_arrives() -> Result<()> {
    let room = Room::make(Kind::Chromium).await?;
    let sizes = [0, 1, 16 * MIB - 1, 16 * MIB, 16 * MIB + 1, 100 * MIB];
    let files = sizes.map(|size| room.stack.file(&format!("{size} bytes.bin"), size));
    let files: Vec<_> = files.into_iter().collect::<Result<_>>()?;
    room.browser.pick("file-input", &files.iter().collect::<Vec<_>>()).await?;
    for file in &files {
        room.assert_arrives(file).await?;
    }
    room.stack.assert_no_stored_part_sent_again()
}

/// A small file is sent as it is, not as a slice of it, and a browser would tell its type.
async fn a_web_page_is_stored_as_bytes_and_nothing_else(kind: Kind) -> Result<()> {
    let room = Room::make(kind).await?;
    let file = room.pick("page.html", 100 << 10).await?;
    room.assert_arrives(&file).await?;
    let log = room.stack.storage.log();
    let put = log.iter().find(|entry| entry.is_stored_put()).expect("a PUT");
    let key = put.path.trim_start_matches("/slipway/");
    assert_eq!(room.stack.bucket.content_type(key).await?, "application/octet-stream");
    Ok(())
}
stories!(a_web_page_is_stored_as_bytes_and_nothing_else in chromium, firefox, webkit);

/// By how many rows the room's list grows between two frames at most.
const COUNT_IN_EACH_FRAME: &str = "
    const rows = () => document.querySelectorAll('[data-testid=room-file]').length;
    let before = rows();
    window.mostInAFrame = 0;
    const look = () => {
        const now = rows();
        window.mostInAFrame = Math.max(window.mostInAFrame, now - before);
        before = now;
        requestAnimationFrame(look);
    };
    requestAnimationFrame(look);";

#[tokio::test(flavor = "multi_thread")]
async fn three_hundred_files_in_folders_arrive_with_their_paths() -> Result<()> {
    let room = Room::make(Kind::Chromium).await?;
    let mut files = Vec::new();
    for index in 0..300_u64 {
        let path = format!("album/{}/{}/photo {index}.jpg", index % 7, index % 3);
        files.push((path.clone(), room.stack.file(&path, index * 97)?));
    }
    let folder = room.stack.folder.path().join("files/album");
    room.browser.pick_folder("folder-input", &folder).await?;

    let listed = tokio::time::timeout(LONG, async {
        loop {
            let listed = room.onlooker.files().await?;
            if listed.len() >= files.len() {
                return anyhow::Ok(listed);
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    });
    let listed = match listed.await {
        Ok(listed) => listed?,
        Err(_) => return room.browser.give_up("not all of 300 files are in the room").await,
    };
    assert_eq!(listed.len(), files.len());
    for (path, file) in &files {
        let folder = path.rsplit_once('/').map(|(folder, _)| folder);
        let found = listed.iter().find(|found| found.meta.name() == Some(file.name()));
        let meta = found.map(|found| serde_json::to_value(&found.meta)).transpose()?.unwrap_or_default();
        assert_eq!(meta["path"].as_str(), folder, "{path}");
    }
    let comparisons = files.iter().map(|(_, file)| room.onlooker.assert_holds_one_of(&listed, file));
    futures::stream::iter(comparisons).buffer_unordered(8).try_collect::<()>().await?;
    room.stack.assert_no_stored_part_sent_again()?;

    // A page that is loaded draws the newest, and the others on demand.
    room.browser.reload().await?;
    let rows = |count: u64| format!("return document.querySelectorAll('[data-testid=room-file]').length === {count}");
    room.browser.until("the newest 200 are drawn", &rows(200), PATIENCE).await?;
    room.browser.script(COUNT_IN_EACH_FRAME, Vec::new()).await?;
    room.browser.click("more-files").await?;
    room.browser.until("all 300 are drawn", &rows(300), PATIENCE).await?;
    let most = room.browser.script("return window.mostInAFrame", Vec::new()).await?;
    assert!(matches!(most.as_u64(), Some(1..=24)), "{most} rows were drawn in one frame");
    Ok(())
}
