//! What the stories have in common: a stack, a browser, a room made through the page.

use std::time::Duration;

use anyhow::{Context, Result};
use lab::api::Member;
use lab::browser::{Browser, Kind, PATIENCE};
use lab::files::TestFile;
use lab::proxy::{Aim, Fault, Link, Rule};
use lab::stack::{Stack, StackOptions};

pub(crate) const MIB: u64 = 1 << 20;
/// More than any upload of these stories takes on a busy machine.
pub(crate) const LONG: Duration = Duration::from_secs(150);

/// What is asked for in the environment, for runs by hand.
pub(crate) fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok()?.parse().ok()
}

/// Names of tests.
#[allow(non_upper_case_globals)]
pub(crate) mod browsers {
    use super::Kind;

    pub(crate) const chromium: Kind = Kind::Chromium;
    pub(crate) const firefox: Kind = Kind::Firefox;
    pub(crate) const webkit: Kind = Kind::WebKit;
}

/// A room with its maker's browser in it.
pub(crate) struct Room {
    pub(crate) browser: Browser,
    pub(crate) links: Links,
    /// A member who sees the room without a browser.
    pub(crate) onlooker: Member,
    // Last: what the others speak to.
    pub(crate) stack: Stack,
}

pub(crate) struct Links {
    pub(crate) manage: String,
    pub(crate) contribute: String,
    pub(crate) view: String,
    pub(crate) drop: String,
}

impl Room {
    pub(crate) async fn make(kind: Kind) -> Result<Self> {
        Self::make_with(kind, Vec::new()).await
    }

    /// With more variables for dev-server.
    pub(crate) async fn make_with(kind: Kind, env: Vec<(&'static str, String)>) -> Result<Self> {
        Self::make_in(kind, StackOptions { page: true, env, ..StackOptions::default() }).await
    }

    /// On another stack.
    pub(crate) async fn make_in(kind: Kind, options: StackOptions) -> Result<Self> {
        // Beside each other: either mostly waits for its processes.
        let browser = tokio::spawn(Browser::start(kind));
        let stack = Stack::start_with(options).await?;
        let browser = browser.await??;
        browser.goto(&stack.url()).await?;
        browser.fill("room-name", "Holiday films").await?;
        browser.fill("display-name", "Ada").await?;
        browser.click("new-room").await?;
        let links = Links {
            manage: browser.text("link-manage").await?,
            contribute: browser.text("link-contribute").await?,
            view: browser.text("link-view").await?,
            drop: browser.text("link-drop").await?,
        };
        let onlooker = Member::join_url(&links.view, "Onlooker").await.context("joining by the view link")?;
        Ok(Self { browser, links, onlooker, stack })
    }

    /// A room whose maker sends a file, so slowly that something can happen in the middle: its first part is stored.
    pub(crate) async fn sending(kind: Kind, mib_per_second: u64, size: u64) -> Result<(Self, TestFile)> {
        let room = Self::make(kind).await?;
        room.hold_parts_after(1);
        let file = room.pick("film.bin", size).await?;
        room.until_slowly(1, mib_per_second).await?;
        Ok((room, file))
    }

    /// The room's address without its secret, as the maker's browser shows it.
    pub(crate) fn address(&self) -> String {
        self.links.manage.split('#').next().unwrap_or_default().to_owned()
    }

    /// Makes a file and picks it in the file input.
    pub(crate) async fn pick(&self, name: &str, size: u64) -> Result<TestFile> {
        let file = self.stack.file(name, size)?;
        self.browser.pick("file-input", &[&file]).await?;
        Ok(file)
    }

    /// Slows uploads down, so that something can happen in the middle of one.
    pub(crate) fn slow_down(&self, mib_per_second: u64) {
        self.stack.storage.set_link(Link { up_total: Some(mib_per_second * MIB), ..Link::default() });
    }

    /// Lets only the first `count` parts of each file through, until [`Self::until_slowly`]. A rate would not do: parts of
    /// one size that share a link arrive together, and what was to be the middle is the end.
    pub(crate) fn hold_parts_after(&self, count: u16) {
        self.stack.storage.rule(Rule::new(Aim::parts_after(count), Fault::Hold).always());
    }

    /// Waits until storage has taken `count` parts, and lets those that were held go on at this rate.
    pub(crate) async fn until_slowly(&self, count: usize, mib_per_second: u64) -> Result<()> {
        self.stack.until_parts_stored(count, LONG).await?;
        self.slow_down(mib_per_second);
        self.stack.storage.clear();
        Ok(())
    }

    pub(crate) fn full_speed(&self) {
        self.stack.storage.set_link(Link::default());
    }

    /// The row is completed, the room lists the file, and storage holds exactly its bytes.
    pub(crate) async fn assert_arrives(&self, file: &TestFile) -> Result<()> {
        self.browser.until_completed(file.name(), LONG).await?;
        self.browser.until_file_listed(file.name(), file.size, Duration::from_secs(20)).await?;
        self.onlooker.assert_holds(file).await
    }

    /// Nothing of the upload is left: not in storage, not in the room's quota.
    pub(crate) async fn assert_nothing_is_left(&self) -> Result<()> {
        // The cancel is a call of its own, which may still be on its way.
        let mut last = Ok(());
        for _ in 0..100 {
            last = self.look_for_remains().await;
            if last.is_ok() {
                break;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        last
    }

    async fn look_for_remains(&self) -> Result<()> {
        self.stack.assert_storage_is_empty().await?;
        let quota = self.onlooker.view().await?.quota.unwrap();
        let used = (quota.used_bytes, quota.used_files, quota.open_uploads);
        anyhow::ensure!(used == (0, 0, 0), "the room still counts {used:?} bytes, files and open uploads");
        Ok(())
    }
}

/// Gives an upload that waits for its file one, and waits until the row says something else.
pub(crate) async fn pick_again(browser: &Browser, file: &TestFile) -> Result<()> {
    browser.until_present("upload-pick").await?;
    let before = browser.row(file.name()).await?.map(|row| row.reason);
    browser.pick("upload-pick", &[file]).await?;
    browser.until_row(file.name(), "past the pick", PATIENCE, |row| Some(&row.reason) != before.as_ref()).await?;
    Ok(())
}

/// Joins a room through the page.
pub(crate) async fn join(browser: &Browser, link: &str, name: &str) -> Result<()> {
    browser.goto(link).await?;
    browser.fill("display-name", name).await?;
    browser.click("join").await
}
