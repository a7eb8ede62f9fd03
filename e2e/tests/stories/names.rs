//! Files of one name are different files.

use anyhow::{Context, Result, ensure};
use lab::browser::Kind;
use lab::files::TestFile;
use slipway_protocol::wire::FileInfo;

use crate::room::{LONG, MIB, Room};

/// Files that the room lists under this name, once there are at least `count`.
async fn until_listed(room: &Room, name: &str, count: usize) -> Result<Vec<FileInfo>> {
    let listed = tokio::time::timeout(LONG, async {
        loop {
            let mut listed = room.onlooker.files().await?;
            listed.retain(|file| file.meta.name() == Some(name));
            if listed.len() >= count {
                return anyhow::Ok(listed);
            }
            tokio::time::sleep(std::time::Duration::from_millis(200)).await;
        }
    });
    match listed.await {
        Ok(listed) => listed,
        Err(_) => room.browser.give_up(&format!("the room does not list {count} files named {name}")).await,
    }
}

/// What a listed file is when it is downloaded.
async fn download(room: &Room, listed: &FileInfo) -> Result<Vec<u8>> {
    let answer = reqwest::get(&room.onlooker.grant(listed.file_id).await?.url).await?;
    ensure!(answer.status().is_success(), "{} instead of a file", answer.status());
    Ok(answer.bytes().await?.to_vec())
}

/// The same name and the same size: neither may take the other's place, in the list or in storage.
async fn two_files_of_one_name_are_both_there(size: u64) -> Result<()> {
    let room = Room::make(Kind::Chromium).await?;
    let folder = room.stack.folder.path();
    let make = |seed| TestFile::make(&folder.join(format!("files/{seed}")), "same.bin", size, seed);
    let files = [make(1)?, make(2)?];
    room.browser.pick("file-input", &files.iter().collect::<Vec<_>>()).await?;
    let listed = until_listed(&room, "same.bin", files.len()).await?;
    ensure!(listed.len() == files.len(), "{} files are listed", listed.len());
    let mut downloads = Vec::new();
    for file in &listed {
        downloads.push(download(&room, file).await?);
    }
    for file in &files {
        let bytes = file.read(0, file.size)?;
        let at = downloads.iter().position(|download| *download == bytes);
        downloads.remove(at.with_context(|| format!("{} is not in the room", file.path.display()))?);
    }
    ensure!(room.stack.bucket.keys("").await?.len() == files.len(), "objects in storage");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn two_small_files_of_one_name_are_both_there() -> Result<()> {
    two_files_of_one_name_are_both_there(100_000).await
}

#[tokio::test(flavor = "multi_thread")]
async fn two_large_files_of_one_name_are_both_there() -> Result<()> {
    two_files_of_one_name_are_both_there(20 * MIB).await
}

/// Alike in all but their folder: each path leads to its own bytes.
#[tokio::test(flavor = "multi_thread")]
async fn one_name_in_several_folders_is_a_file_in_each() -> Result<()> {
    let room = Room::make(Kind::Chromium).await?;
    let folders: Vec<String> = (0..12).map(|index| format!("album/{index}")).collect();
    let files = folders.iter().map(|folder| room.stack.file(&format!("{folder}/photo.jpg"), 5_000));
    let files = files.collect::<Result<Vec<_>>>()?;
    room.browser.pick_folder("folder-input", &room.stack.folder.path().join("files/album")).await?;
    let listed = until_listed(&room, "photo.jpg", files.len()).await?;
    ensure!(listed.len() == files.len(), "{} files are listed", listed.len());
    for (folder, file) in folders.iter().zip(&files) {
        let at = |listed: &&FileInfo| {
            serde_json::to_value(&listed.meta).is_ok_and(|meta| meta["path"].as_str() == Some(folder))
        };
        let found = listed.iter().find(at).with_context(|| format!("no photo in {folder}"))?;
        ensure!(download(&room, found).await? == file.read(0, file.size)?, "{folder} has another photo");
    }
    Ok(())
}
