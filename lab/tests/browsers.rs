//! The browser driver, and what the stories and the page rely on, in every engine.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use lab::browser::{Browser, Crash, Kind};
use lab::files::TestFile;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

const PAGE: &str = r#"<!doctype html><meta charset="utf-8"><title>harness</title>
<input type="file" multiple data-testid="file-input"><input type="file" webkitdirectory data-testid="folder-input">
<div data-testid="drop-zone" style="height:200px;background:#eee">drop</div><button data-testid="new-room">b</button>
<script>
const show = (name, state) => {
  const row = document.createElement('p');
  Object.assign(row.dataset, { testid: 'upload-row', name, state });
  document.body.append(row);
};
for (const input of document.querySelectorAll('input'))
  input.onchange = () => [...input.files].forEach((f) => show(f.webkitRelativePath || f.name, String(f.size)));
const zone = document.querySelector('[data-testid=drop-zone]');
zone.ondragover = (event) => event.preventDefault();
zone.ondrop = async (event) => {
  event.preventDefault();
  const handles = await Promise.all([...event.dataTransfer.items].map((i) => i.getAsFileSystemHandle?.()));
  handles.forEach((handle) => show(handle.name, handle.kind));
};
const visits = indexedDB.open('visits', 1);
visits.onupgradeneeded = () => visits.result.createObjectStore('v', { autoIncrement: true });
visits.onsuccess = () => {
  const store = visits.result.transaction('v', 'readwrite').objectStore('v');
  store.add(1);
  store.count().onsuccess = (event) => show('visits', String(event.target.result));
};
console.log('the page is here');
</script>"#;

async fn serve_page() -> Result<String> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let url = format!("http://{}/", listener.local_addr()?);
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let head = format!(
                "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Type: text/html\r\nContent-Length: {}\r\n\r\n",
                PAGE.len()
            );
            let _ = stream.read(&mut [0; 4096]).await;
            let _ = stream.write_all(format!("{head}{PAGE}").as_bytes()).await;
        }
    });
    Ok(url)
}

const SOON: Duration = Duration::from_secs(10);

async fn picks_several_files(kind: Kind) -> Result<()> {
    let folder = tempfile::tempdir()?;
    let one = TestFile::make(folder.path(), "one ünicode.bin", 1000, 1)?;
    let two = TestFile::make(folder.path(), "two.bin", 0, 2)?;
    let browser = Browser::start(kind).await?;
    browser.goto(&serve_page().await?).await?;
    browser.pick("file-input", &[&one, &two]).await?;
    browser.until_state("one ünicode.bin", &["1000"], SOON).await?;
    browser.until_state("two.bin", &["0"], SOON).await?;
    assert!(browser.page_memory()? > 1 << 20);
    browser.click("new-room").await?;
    assert_eq!(browser.text("new-room").await?, "b");
    Ok(())
}

/// A crash of the browser is distinguished from a page that brought down its own process, whatever the driver does then.
#[tokio::test(flavor = "multi_thread")]
async fn a_crash_of_the_browser_is_seen_and_read() -> Result<()> {
    let mut browser = on_page(Kind::Chromium).await?;
    browser.bring_down()?;
    let crash = until_crash(&browser, |crash| crash.remains.iter().any(|line| line.contains("`browser`"))).await?;
    assert!(crash.of_browser && crash.to_string().contains("SIGSEGV"), "{crash}");

    let mut browser = on_page(Kind::Chromium).await?;
    browser.bring_down_pages()?;
    let crash = until_crash(&browser, |crash| crash.remains.iter().any(|line| line.contains("`renderer`"))).await?;
    assert!(!crash.of_browser && crash.to_string().contains("SIGSEGV"), "{crash}");
    // The driver may end the browser now, which is no crash of its own.
    for _ in 0..5 {
        assert!(browser.script("return 1", Vec::new()).await.is_err(), "a page that is gone runs a script");
        tokio::time::sleep(Duration::from_millis(300)).await;
        let crash = browser.crash();
        assert!(crash.as_ref().is_some_and(|crash| !crash.of_browser), "{crash:?}");
    }

    for kind in [Kind::Firefox, Kind::WebKit] {
        let mut browser = on_page(kind).await?;
        browser.bring_down()?;
        let crash = until_crash(&browser, |crash| crash.to_string().contains("no process of the browser")).await?;
        assert!(!crash.of_browser, "{kind:?} leaves nothing that tells a crash from an end: {crash}");
    }
    Ok(())
}

async fn on_page(kind: Kind) -> Result<Browser> {
    let browser = Browser::start(kind).await?;
    browser.goto(&serve_page().await?).await?;
    assert_eq!(browser.crash(), None, "{kind:?}");
    Ok(browser)
}

async fn until_crash(browser: &Browser, is_it: impl Fn(&Crash) -> bool) -> Result<Crash> {
    let start = Instant::now();
    loop {
        match browser.crash() {
            Some(crash) if is_it(&crash) => return Ok(crash),
            other => ensure!(start.elapsed() < SOON, "{:?} came down, and this is seen of it: {other:?}", browser.kind),
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn several_files_are_picked_in_chromium() -> Result<()> {
    picks_several_files(Kind::Chromium).await
}

#[tokio::test(flavor = "multi_thread")]
async fn several_files_are_picked_in_firefox() -> Result<()> {
    picks_several_files(Kind::Firefox).await
}

#[tokio::test(flavor = "multi_thread")]
async fn several_files_are_picked_in_webkit() -> Result<()> {
    picks_several_files(Kind::WebKit).await
}

#[tokio::test(flavor = "multi_thread")]
async fn folders_are_picked_and_drops_carry_handles_in_chromium() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let file = TestFile::make(folder.path(), "top/inner/a.bin", 5, 1)?;
    let browser = Browser::start(Kind::Chromium).await?;
    browser.goto(&serve_page().await?).await?;
    browser.pick_folder("folder-input", &folder.path().join("top")).await?;
    browser.until_state("top/inner/a.bin", &["5"], SOON).await?;
    browser.drop_files("drop-zone", &[&file]).await?;
    browser.until_state("a.bin", &["file"], SOON).await?;
    assert!(browser.console().await.contains("the page is here"));
    Ok(())
}

async fn profile_survives_a_kill(kind: Kind) -> Result<()> {
    let url = serve_page().await?;
    let browser = Browser::start(kind).await?;
    browser.goto(&url).await?;
    browser.until_state("visits", &["1"], SOON).await?;
    let browser = Browser::open(kind, browser.kill()).await?;
    browser.goto(&url).await?;
    browser.until_state("visits", &["2"], SOON).await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_profile_survives_a_kill_in_chromium() -> Result<()> {
    profile_survives_a_kill(Kind::Chromium).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_profile_survives_a_kill_in_firefox() -> Result<()> {
    profile_survives_a_kill(Kind::Firefox).await
}

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
async fn changes_of_a_picked_file_are_noticed(kind: Kind) -> Result<()> {
    let folder = tempfile::tempdir()?;
    let file = TestFile::make(folder.path(), "a.bin", 5000, 1)?;
    let file = file.at_rest()?;
    let old = file.modified()?;
    let browser = Browser::start(kind).await?;
    browser.goto(&serve_page().await?).await?;
    browser.pick("file-input", &[&file]).await?;
    let before = read(&browser).await?;
    assert_eq!(json!(before), json!(file.read(0, 1)?[0].to_string()));

    file.change_byte(0)?;
    let noticed = read(&browser).await?;
    file.set_modified(old)?;
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
#[tokio::test(flavor = "multi_thread")]
async fn what_chromium_notices() -> Result<()> {
    changes_of_a_picked_file_are_noticed(Kind::Chromium).await
}

#[tokio::test(flavor = "multi_thread")]
async fn what_firefox_notices() -> Result<()> {
    changes_of_a_picked_file_are_noticed(Kind::Firefox).await
}

#[tokio::test(flavor = "multi_thread")]
async fn what_webkit_notices() -> Result<()> {
    changes_of_a_picked_file_are_noticed(Kind::WebKit).await
}
