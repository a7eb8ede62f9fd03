//! One browser for a story, whichever it is: Chromium, Firefox or WebKitGTK, by WebDriver.

mod capabilities;
mod cdp;
mod crash;
mod driver;
mod page;
mod redact;
mod rows;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use fantoccini::{Client, ClientBuilder};
use hyper_util::client::legacy::connect::HttpConnector;
use tempfile::TempDir;

pub use crash::Crash;
pub use fantoccini::wd::WindowHandle as Tab;
pub use rows::Row;

use crate::process;
use driver::Driver;

/// How long a page may take for what needs no upload.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// Which engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Chromium,
    Firefox,
    WebKit,
}

/// A browser's profile: what survives when the browser is killed. Starts out empty.
#[derive(Clone, Debug)]
pub struct Profile {
    folder: Arc<TempDir>,
    trusted_key: Option<String>,
}

impl Profile {
    pub fn new() -> Result<Self> {
        Ok(Self { folder: Arc::new(TempDir::with_prefix("slipway-profile-")?), trusted_key: None })
    }

    /// In which Chromium trusts one certificate of ours, by the SHA-256 of its public key in base64, and no other.
    pub fn trusting(key: &str) -> Result<Self> {
        Ok(Self { trusted_key: Some(key.to_owned()), ..Self::new()? })
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// Where downloads go.
    pub fn downloads(&self) -> PathBuf {
        self.folder.path().join("downloads")
    }
}

/// A running browser with one session. Dropping it kills it.
#[derive(Debug)]
pub struct Browser {
    pub kind: Kind,
    // First: its end is the browser's, and what a crash left is in the profile's folder.
    driver: Driver,
    pub profile: Profile,
    client: Client,
}

impl Browser {
    /// With a new, empty profile.
    pub async fn start(kind: Kind) -> Result<Self> {
        Self::open(kind, Profile::new()?).await
    }

    /// With a profile that was used before. WebKitGTK keeps none under automation.
    pub async fn open(kind: Kind, profile: Profile) -> Result<Self> {
        for folder in [profile.data(), profile.downloads()] {
            std::fs::create_dir_all(folder)?;
        }
        let mut driver = Driver::start(kind, profile.folder.path()).await?;
        let client = ClientBuilder::new(HttpConnector::new())
            .capabilities(capabilities::of(kind, &profile)?)
            .connect(&driver.url())
            .await
            .with_context(|| format!("{kind:?} did not start. Its driver's log:\n{}", driver.log_end()))?;
        driver.has_browser = true;
        let browser = Self { kind, driver, profile, client };
        browser.client.set_window_size(1280, 900).await?;
        if kind == Kind::Chromium {
            browser.allow_downloads().await?;
        }
        Ok(browser)
    }

    /// Kills every process of the browser at once, as a crash would. The profile stays.
    pub fn kill(self) -> Profile {
        // The driver is dropped here, which kills the browser.
        self.profile.clone()
    }

    /// Stops every process of the browser, as a machine that goes to sleep does. The driver goes on.
    pub fn suspend(&self) -> Result<()> {
        process::signal("STOP", &process::descendants(self.driver.pid()))
    }

    /// Lets them go on, with the clock gone forward.
    pub fn wake(&self) -> Result<()> {
        process::signal("CONT", &process::descendants(self.driver.pid()))
    }

    /// What is left of it, if it or one of its processes came down.
    pub fn crash(&self) -> Option<Crash> {
        self.driver.crash()
    }

    /// Crashes the browser's own process.
    pub fn bring_down(&mut self) -> Result<()> {
        self.driver.is_sacrificed = true;
        let first = process::descendants(self.driver.pid()).first().copied();
        process::signal("SEGV", &[first.context("no process of the browser")?])
    }

    /// Crashes every process that runs pages.
    pub fn bring_down_pages(&mut self) -> Result<()> {
        self.driver.is_sacrificed = true;
        let mut pids = process::descendants(self.driver.pid());
        pids.retain(|pid| process::runs_pages(*pid));
        process::signal("SEGV", &pids)
    }

    /// The memory of the processes that run pages, in bytes: proportional set size, added up.
    pub fn page_memory(&self) -> Result<u64> {
        let pages = process::descendants(self.driver.pid());
        let total = pages.iter().filter(|pid| process::runs_pages(**pid)).filter_map(|pid| process::memory(*pid)).sum();
        if total == 0 { bail!("no process of {:?} that runs pages", self.kind) } else { Ok(total) }
    }

    /// The memory of all processes of the browser, in bytes. A page can keep bytes in others than its own: Chromium holds
    /// the content of a Blob in the browser's process.
    pub fn memory(&self) -> u64 {
        process::descendants(self.driver.pid()).into_iter().filter_map(process::memory).sum()
    }

    /// Processor time that all processes of the browser have used so far, in seconds.
    pub fn cpu_seconds(&self) -> f64 {
        process::descendants(self.driver.pid()).into_iter().filter_map(process::cpu_seconds).sum()
    }

    /// Fails the story with a screenshot and the page's console beside the message.
    pub async fn give_up<T>(&self, message: &str) -> Result<T> {
        let shot = match self.screenshot(&failure_path()).await {
            Ok(path) => format!("screenshot: {}", path.display()),
            Err(error) => format!("no screenshot: {error:#}"),
        };
        let text = self.client.execute("return document.body.innerText.slice(0, 1500)", Vec::new()).await;
        let text = text.map(|text| text.as_str().unwrap_or_default().to_owned()).unwrap_or_default();
        let url = self.url().await.unwrap_or_else(|_| "an unknown address".into());
        let (url, console) = (redact::without_secrets(&url), redact::without_secrets(&self.console().await));
        bail!("{message}\n{shot}\npage at {url}:\n{text}\nconsole:\n{console}")
    }

    /// What the page wrote to its console, as far as the driver tells it.
    pub async fn console(&self) -> String {
        match self.kind {
            Kind::Chromium => self.chromium_console().await.unwrap_or_else(|error| format!("unknown: {error:#}")),
            Kind::Firefox | Kind::WebKit => self.driver.log_end(),
        }
    }

    /// Writes what the window shows as PNG.
    pub async fn screenshot(&self, path: &Path) -> Result<PathBuf> {
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)?;
        }
        std::fs::write(path, self.client.screenshot().await?)?;
        Ok(path.to_path_buf())
    }
}

/// `target/e2e-failures/STORY.png`.
fn failure_path() -> PathBuf {
    local_stack::workspace().join("target/e2e-failures").join(format!("{}.png", crate::stack::story()))
}
