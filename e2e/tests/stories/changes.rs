//! A file that changes while it is sent is found out, whether the browser notices or not.

use std::fs::{self, File};
use std::io::{Read, Seek, SeekFrom, Write};
use std::time::{Duration, SystemTime};

use anyhow::{Result, ensure};
use e2e::browser::{Browser, Kind};
use e2e::files::TestFile;
use e2e::proxy::{Aim, Fault, Rule};
use serde_json::json;

use crate::harness::serve_page;
use crate::room::{LONG, MIB, Room};

const HOUR: Duration = Duration::from_secs(3600);

/// Turns one byte around, in its place.
fn change(file: &TestFile, at: u64) -> Result<()> {
    let mut open = File::options().read(true).write(true).open(&file.path)?;
    let mut byte = [0];
    open.seek(SeekFrom::Start(at))?;
    open.read_exact(&mut byte)?;
    open.seek(SeekFrom::Start(at))?;
    open.write_all(&[!byte[0]])?;
    Ok(())
}

fn modified(file: &TestFile) -> Result<SystemTime> {
    Ok(fs::metadata(&file.path)?.modified()?)
}

fn set_modified(file: &TestFile, time: SystemTime) -> Result<()> {
    Ok(File::options().write(true).open(&file.path)?.set_modified(time)?)
}

/// Part 1 is stored and the last part not yet read when a byte of each changes: 12 parts are read ahead of 6 lanes.
async fn change_both_ends(room: &Room, file: &TestFile) -> Result<()> {
    room.stack.until_parts_stored(1, LONG).await?;
    ensure!(room.stack.parts_stored() < 12, "too fast: the last part may be read already");
    change(file, 100)?;
    change(file, file.size - 100)
}

async fn assert_found_out(room: &Room, file: &TestFile) -> Result<()> {
    room.full_speed();
    let row = room.browser.until_state(file.name(), &["failed", "needs-file", "completed"], LONG).await?;
    let reasons = ["file-changed", "file-gone", "unreadable"];
    assert!(reasons.contains(&row.reason.as_str()), "{row:?}");
    assert!(room.onlooker.files().await?.is_empty(), "a mixed file is in the room");
    Ok(())
}

async fn a_change_at_both_ends_is_found_out(kind: Kind) -> Result<()> {
    let room = Room::make(kind).await?;
    room.slow_down(6);
    let file = room.stack.file("film.bin", 32 * 16 * MIB)?;
    set_modified(&file, SystemTime::now() - HOUR)?;
    room.browser.pick("file-input", &[&file]).await?;
    change_both_ends(&room, &file).await?;
    assert_found_out(&room, &file).await
}
stories!(a_change_at_both_ends_is_found_out in chromium, firefox, webkit);

async fn a_change_that_leaves_the_time_of_a_new_file_is_found_out(kind: Kind) -> Result<()> {
    let room = Room::make(kind).await?;
    room.slow_down(6);
    let file = room.pick("film.bin", 32 * 16 * MIB).await?;
    let time = modified(&file)?;
    change_both_ends(&room, &file).await?;
    set_modified(&file, time)?;
    assert_found_out(&room, &file).await
}
stories!(a_change_that_leaves_the_time_of_a_new_file_is_found_out in chromium, webkit);

/// Firefox reads a file to the end that it has now, and a small file is sent as it is.
async fn a_small_file_that_grows_is_sent_as_it_was_or_named(kind: Kind) -> Result<()> {
    let room = Room::make(kind).await?;
    // Between hash and PUT.
    room.stack.api.rule(Rule::new(Aim::method("POST"), Fault::Delay(Duration::from_secs(4))));
    let files = [100 << 10, MIB].map(|size| room.stack.file(&format!("{size}.log"), size));
    let files = files.into_iter().collect::<Result<Vec<_>>>()?;
    room.browser.pick("file-input", &files.iter().collect::<Vec<_>>()).await?;
    room.browser.until_state(files[0].name(), &["hashing", "uploading"], LONG).await?;
    tokio::time::sleep(Duration::from_secs(2)).await;
    for file in &files {
        File::options().append(true).open(&file.path)?.write_all(b"one line more")?;
    }
    for file in &files {
        let row = room.browser.until_state(file.name(), &["failed", "needs-file", "completed"], LONG).await?;
        let reasons = ["file-changed", "file-gone", "unreadable"];
        let listed = room.onlooker.files().await?;
        let listed = listed.iter().find(|listed| listed.meta.name() == Some(file.name()));
        match listed {
            Some(listed) => assert_eq!((listed.size, row.state.as_str()), (file.size, "completed")),
            None => assert!(reasons.contains(&row.reason.as_str()), "{row:?}"),
        }
    }
    Ok(())
}
stories!(a_small_file_that_grows_is_sent_as_it_was_or_named in chromium, firefox, webkit);

/// A byte of the picked file as the page reads it now, or the name of the error.
async fn read(browser: &Browser) -> Result<String> {
    let start = "window.seen = null; const input = document.querySelector('[data-testid=file-input]'); \
                 window.held ??= input.files[0]; \
                 held.slice(0, 1).arrayBuffer().then((b) => window.seen = String(new Uint8Array(b)[0]), \
                 (e) => window.seen = e.name); return true";
    browser.script(start, vec![]).await?;
    let seen = browser.until("the outcome of a read", "return window.seen", Duration::from_secs(10)).await?;
    Ok(seen.as_str().unwrap_or_default().to_owned())
}

/// What `wasm-client/src/browser/files/change_detection.rs` counts on.
async fn what_a_browser_notices(kind: Kind) -> Result<()> {
    let folder = tempfile::tempdir()?;
    let file = TestFile::make(folder.path(), "a.bin", 5000, 1)?;
    let old = SystemTime::now() - HOUR;
    set_modified(&file, old)?;
    let browser = Browser::start(kind).await?;
    browser.goto(&serve_page().await?).await?;
    browser.pick("file-input", &[&file]).await?;
    let before = read(&browser).await?;
    assert_eq!(json!(before), json!(file.read(0, 1)?[0].to_string()));

    change(&file, 0)?;
    let noticed = read(&browser).await?;
    set_modified(&file, old)?;
    let restored = read(&browser).await?;
    let new_byte = file.read(0, 1)?[0].to_string();
    match kind {
        Kind::Chromium => assert_eq!((noticed.as_str(), restored.as_str()), ("NotReadableError", new_byte.as_str())),
        Kind::Firefox => assert_eq!((noticed.as_str(), restored.as_str()), (new_byte.as_str(), new_byte.as_str())),
        // Not counted on: Safari may do otherwise.
        Kind::WebKit => assert_eq!((noticed.as_str(), restored.as_str()), ("NotFoundError", new_byte.as_str())),
    }
    Ok(())
}
stories!(what_a_browser_notices in chromium, firefox, webkit);
