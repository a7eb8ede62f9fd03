//! A file that changes while it is sent is found out, whether the browser notices or not.

use std::fs::File;
use std::io::Write;

use anyhow::{Result, ensure};
use lab::browser::Kind;
use lab::files::TestFile;
use lab::proxy::{Aim, Fault, Rule};

use crate::room::{LONG, MIB, Room};

/// Thirty-two parts.
fn film(room: &Room) -> Result<TestFile> {
    TestFile::make_sparse(&room.stack.folder.path().join("files"), "film.bin", 32 * 16 * MIB, 3)
}

/// Part 1 is stored and the last part not yet read when a byte of each changes: 12 parts are read ahead of 6 lanes.
async fn change_both_ends(room: &Room, file: &TestFile) -> Result<()> {
    room.until_slowly(1, 6).await?;
    ensure!(room.stack.parts_stored() < 12, "too fast: the last part may be read already");
    file.change_byte(100)?;
    file.change_byte(file.size - 100)
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
    room.hold_parts_after(1);
    let file = film(&room)?.at_rest()?;
    room.browser.pick("file-input", &[&file]).await?;
    change_both_ends(&room, &file).await?;
    assert_found_out(&room, &file).await
}
stories!(a_change_at_both_ends_is_found_out in chromium, firefox, webkit);

async fn a_change_that_leaves_the_time_of_a_new_file_is_found_out(kind: Kind) -> Result<()> {
    let room = Room::make(kind).await?;
    room.hold_parts_after(1);
    let file = film(&room)?;
    room.browser.pick("file-input", &[&file]).await?;
    let time = file.modified()?;
    change_both_ends(&room, &file).await?;
    file.set_modified(time)?;
    assert_found_out(&room, &file).await
}
stories!(a_change_that_leaves_the_time_of_a_new_file_is_found_out in chromium, webkit);

/// Firefox reads a file to the end that it has now, and a small file is sent as it is.
async fn a_small_file_that_grows_is_sent_as_it_was_or_named(kind: Kind) -> Result<()> {
    let room = Room::make(kind).await?;
    // Between hash and PUT: the call that begins the uploads carries their digests.
    room.stack.api.rule(Rule::new(Aim::call("POST", "/uploads"), Fault::Hold).always());
    let files = [100 << 10, MIB].map(|size| room.stack.file(&format!("{size}.log"), size));
    let files = files.into_iter().collect::<Result<Vec<_>>>()?;
    room.browser.pick("file-input", &files.iter().collect::<Vec<_>>()).await?;
    room.stack.until_called("POST", "/uploads", LONG).await?;
    for file in &files {
        File::options().append(true).open(&file.path)?.write_all(b"one line more")?;
    }
    ensure!(room.stack.storage.log().iter().all(|entry| entry.method != "PUT"), "the files did not grow in between");
    room.stack.api.clear();
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
