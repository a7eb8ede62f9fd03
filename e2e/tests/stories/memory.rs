//! A file's size does not show in the browser's memory.

use std::time::{Duration, Instant};

use anyhow::Result;
use lab::browser::{Browser, Kind};
use lab::files::TestFile;

use crate::room::{MIB, Room, number};

/// By how much all processes of the browser may grow together, whatever the file's size: less than half of the file.
const MEMORY_BYTES: u64 = 200 * MIB;
/// How long after an upload memory is watched for what is still to be given back.
const SETTLE: Duration = Duration::from_secs(1);

async fn a_large_file_arrives_and_memory_stays_flat(kind: Kind) -> Result<()> {
    let mib = number("SLIPWAY_E2E_LARGE_MIB").unwrap_or(512);
    let room = Room::make(kind).await?;
    let before = warmed_up(&room).await?;
    let file = sparse(&room, mib)?;
    let start = Instant::now();
    room.browser.pick("file-input", &[&file]).await?;
    // At least 4 MiB/s, the hash included.
    let done = room.browser.until_completed(file.name(), Duration::from_secs(60 + mib / 4));
    let (done, peak) = with_peak_memory(&room.browser, done).await;
    done?;
    let (seconds, grown) = (start.elapsed().as_secs_f64(), peak.saturating_sub(before));
    eprintln!(
        "{kind:?}: {mib} MiB in {seconds:.1} s, {} MiB of memory before, {} MiB more at most",
        before / MIB,
        grown / MIB
    );
    assert!(grown < MEMORY_BYTES, "the browser grew by {} MiB", grown / MIB);
    room.onlooker.assert_holds(&file).await
}
stories!(a_large_file_arrives_and_memory_stays_flat in chromium, firefox, webkit);

/// The measure itself: a page that keeps the file, in whatever process, is above the bound.
async fn a_page_that_keeps_a_file_is_seen_by_its_memory(kind: Kind) -> Result<()> {
    const KEEP: &str = "document.querySelector('[data-testid=file-input]').addEventListener('change', (event) => {
        event.target.files[0].arrayBuffer().then((bytes) => { window.kept = bytes; });
    }, { capture: true, once: true })";
    let room = Room::make(kind).await?;
    let before = warmed_up(&room).await?;
    room.browser.script(KEEP, Vec::new()).await?;
    let file = sparse(&room, 512)?;
    room.browser.pick("file-input", &[&file]).await?;
    let kept = room.browser.until("the page keeps the file", "return !!window.kept", Duration::from_secs(60));
    let (kept, peak) = with_peak_memory(&room.browser, kept).await;
    kept?;
    let grown = peak.saturating_sub(before);
    assert!(grown >= MEMORY_BYTES, "the browser grew by {} MiB only", grown / MIB);
    Ok(())
}
stories!(a_page_that_keeps_a_file_is_seen_by_its_memory in chromium, firefox, webkit);

/// The browser's memory once it has everything that any upload needs: workers, their code, buffers.
async fn warmed_up(room: &Room) -> Result<u64> {
    let file = room.pick("warm-up.bin", 48 * MIB).await?;
    room.assert_arrives(&file).await?;
    tokio::time::sleep(SETTLE).await;
    Ok(room.browser.memory())
}

fn sparse(room: &Room, mib: u64) -> Result<TestFile> {
    TestFile::make_sparse(&room.stack.folder.path().join("files"), "large.bin", mib * MIB, 7)?.at_rest()
}

/// Does something, and gives the most memory that the browser took meanwhile and just after, in bytes.
async fn with_peak_memory<T>(browser: &Browser, work: impl Future<Output = T>) -> (T, u64) {
    let work = async {
        let done = work.await;
        tokio::time::sleep(SETTLE).await;
        done
    };
    let mut peak = 0;
    tokio::pin!(work);
    loop {
        tokio::select! {
            done = &mut work => return (done, peak),
            () = tokio::time::sleep(Duration::from_millis(250)) => peak = peak.max(browser.memory()),
        }
    }
}
