//! What each driver is asked for.

use anyhow::{Context, Result};
use fantoccini::wd::Capabilities;
use serde_json::{Value, json};

use super::{Kind, Profile};

/// Headless as root, and silent: nothing that would ask the internet.
const CHROMIUM_ARGUMENTS: [&str; 10] = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    // Containers have a small /dev/shm, and Chromium crashes when it is full.
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    // The browser ends with its driver, even where that is killed.
    "--remote-debugging-pipe",
];

/// A page that does not end to load fails its story soon; the driver's own limit is 300 s.
const LOAD_MS: u64 = 60_000;

pub(super) fn of(kind: Kind, profile: &Profile) -> Result<Capabilities> {
    let value = match kind {
        Kind::Chromium => chromium(profile)?,
        Kind::Firefox => firefox(profile),
        Kind::WebKit => webkit()?,
    };
    match value {
        Value::Object(capabilities) => Ok(capabilities),
        _ => unreachable!("written as an object"),
    }
}

fn chromium(profile: &Profile) -> Result<Value> {
    let binary = ["chromium", "google-chrome", "chromium-browser"].into_iter().find_map(local_stack::on_path);
    let binary = binary.context("no Chromium on PATH: install `chromium` and `chromium-driver`")?;
    let mut arguments: Vec<String> = CHROMIUM_ARGUMENTS.map(str::to_owned).into();
    arguments.push(format!("--user-data-dir={}", profile.data().display()));
    let trusted = profile.trusted_key.as_ref();
    arguments.extend(trusted.map(|key| format!("--ignore-certificate-errors-spki-list={key}")));
    Ok(json!({
        "goog:chromeOptions": { "binary": binary, "args": arguments },
        "goog:loggingPrefs": { "browser": "ALL" },
        // The front makes its own.
        "acceptInsecureCerts": trusted.is_none(),
        // The page's question before it is left must not stop a reload.
        "unhandledPromptBehavior": { "beforeUnload": "accept", "default": "dismiss and notify" },
    }))
}

fn firefox(profile: &Profile) -> Value {
    json!({
        "moz:firefoxOptions": {
            "args": ["-headless", "-profile", profile.data()],
            "prefs": {
                "browser.download.folderList": 2,
                "browser.download.dir": profile.downloads(),
                "browser.helperApps.neverAsk.saveToDisk": "application/octet-stream",
                "browser.download.always_ask_before_handling_new_types": false,
                // The driver has no command for the console. What Firefox prints is in the log of its driver.
                "devtools.console.stdout.content": true,
            },
        },
        "acceptInsecureCerts": true,
        "unhandledPromptBehavior": "accept",
    })
}

fn webkit() -> Result<Value> {
    let folders = ["/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu", "/usr/lib64", "/usr/libexec"];
    let versions = ["webkit2gtk-4.1", "webkitgtk-6.0", "webkit2gtk-4.0"];
    let mut candidates =
        folders.iter().flat_map(|folder| versions.iter().map(move |version| format!("{folder}/{version}/MiniBrowser")));
    let binary = candidates.find(|path| std::path::Path::new(path).is_file());
    let binary = binary.context("no MiniBrowser of WebKitGTK: install `webkit2gtk-driver`")?;
    Ok(json!({
        "webkitgtk:browserOptions": { "binary": binary, "args": ["--automation"] },
        "unhandledPromptBehavior": "accept",
        "timeouts": { "pageLoad": LOAD_MS },
    }))
}
