//! Servers that go away and come back.

use std::time::Duration;

use anyhow::Result;
use lab::browser::Kind;

use crate::room::{MIB, Room};

async fn dev_server_restarted_in_the_middle(kind: Kind) -> Result<()> {
    let (mut room, file) = Room::sending(kind, 12, 96 * MIB).await?;
    room.stack.server.kill()?;
    tokio::time::sleep(Duration::from_secs(3)).await;
    room.stack.restart_server()?;
    room.full_speed();
    room.assert_arrives(&file).await?;
    room.stack.assert_no_stored_part_sent_again()
}
stories!(dev_server_restarted_in_the_middle in chromium, firefox, webkit);

async fn minio_restarted_in_the_middle(kind: Kind) -> Result<()> {
    let (mut room, file) = Room::sending(kind, 12, 96 * MIB).await?;
    room.stack.s3.kill()?;
    tokio::time::sleep(Duration::from_secs(3)).await;
    room.stack.restart_s3()?;
    room.full_speed();
    room.assert_arrives(&file).await?;
    room.stack.assert_no_stored_part_sent_again()
}
stories!(minio_restarted_in_the_middle in chromium, firefox, webkit);
