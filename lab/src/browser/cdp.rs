//! What only Chromium can do, by the DevTools protocol.

use anyhow::{Result, ensure};
use fantoccini::Locator;
use fantoccini::wd::WebDriverCompatibleCommand;
use http::Method;
use serde_json::{Value, json};

use super::{Browser, Kind};
use crate::files::TestFile;

/// A command that WebDriver's standard does not have.
#[derive(Debug)]
struct Extra {
    path: &'static str,
    body: Value,
}

impl WebDriverCompatibleCommand for Extra {
    fn endpoint(&self, base: &url::Url, session: Option<&str>) -> Result<url::Url, url::ParseError> {
        base.join(&format!("session/{}/{}", session.unwrap_or_default(), self.path))
    }

    fn method_and_body(&self, _: &url::Url) -> (Method, Option<String>) {
        (Method::POST, Some(self.body.to_string()))
    }
}

impl Browser {
    /// Sends one command of the DevTools protocol.
    pub async fn cdp(&self, command: &str, parameters: Value) -> Result<Value> {
        ensure!(self.kind == Kind::Chromium, "{:?} speaks no DevTools protocol", self.kind);
        let body = json!({ "cmd": command, "params": parameters });
        Ok(self.client.issue_cmd(Extra { path: "goog/cdp/execute", body }).await?)
    }

    /// What `prefers-color-scheme` says.
    pub async fn set_dark(&self, dark: bool) -> Result<()> {
        let value = if dark { "dark" } else { "light" };
        let features = json!([{ "name": "prefers-color-scheme", "value": value }]);
        self.cdp("Emulation.setEmulatedMedia", json!({ "features": features })).await.map(drop)
    }

    /// Tells the page that there is no network, and takes it away.
    pub async fn set_offline(&self, offline: bool) -> Result<()> {
        let unlimited = json!({
            "offline": offline, "latency": 0, "downloadThroughput": -1, "uploadThroughput": -1,
        });
        // Without this the next one has no effect.
        self.cdp("Network.enable", json!({})).await?;
        self.cdp("Network.emulateNetworkConditions", unlimited).await.map(drop)
    }

    /// A page of exactly this size in CSS pixels: a window can't be as narrow as a phone.
    pub async fn set_viewport(&self, width: u32, height: u32) -> Result<()> {
        let size = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false });
        self.cdp("Emulation.setDeviceMetricsOverride", size).await.map(drop)
    }

    /// Drops files onto an element as a person would: the page can get handles of them.
    pub async fn drop_files(&self, test_id: &str, files: &[&TestFile]) -> Result<()> {
        self.until_present(test_id).await?;
        let script = "const box = document.querySelector(`[data-testid=\"${arguments[0]}\"]`);
            box.scrollIntoView({ block: 'center' });
            const at = box.getBoundingClientRect();
            return [at.x + at.width / 2, at.y + at.height / 2];";
        let at = self.client.execute(script, vec![json!(test_id)]).await?;
        let paths: Vec<&str> = files.iter().map(|file| file.path_text()).collect();
        for kind in ["dragEnter", "dragOver", "drop"] {
            let data = json!({ "items": [], "files": paths, "dragOperationsMask": 1 });
            let event = json!({ "type": kind, "x": at[0], "y": at[1], "data": data });
            self.cdp("Input.dispatchDragEvent", event).await?;
        }
        Ok(())
    }

    /// Lets the page's file picker give a handle of a copy of this file, as if a person had chosen it.
    ///
    /// The copy lies in the page's private file system: headless, nobody could answer the question for permission
    /// that a handle from the disk raises after a reload.
    pub async fn answer_picker_with(&self, file: &TestFile) -> Result<()> {
        let input = "const input = document.createElement('input');
            Object.assign(input, { type: 'file', id: 'copied' });
            document.body.append(input);
            return input;";
        self.script(input, Vec::new()).await?;
        self.client.find(Locator::Id("copied")).await?.send_keys(file.path_text()).await?;
        let copy = "const done = arguments[1];
            (async () => {
                const input = document.getElementById('copied');
                const folder = await navigator.storage.getDirectory();
                const handle = await folder.getFileHandle(arguments[0], { create: true });
                await input.files[0].stream().pipeTo(await handle.createWritable());
                input.remove();
                window.showOpenFilePicker = async () => [handle];
            })().then(() => done(''), (error) => done(String(error)));";
        let fault = self.client.execute_async(copy, vec![json!(file.name())]).await?;
        ensure!(fault == json!(""), "the copy failed: {fault}");
        Ok(())
    }

    pub(super) async fn allow_downloads(&self) -> Result<()> {
        let folder = self.profile.downloads();
        self.cdp("Browser.setDownloadBehavior", json!({ "behavior": "allow", "downloadPath": folder })).await.map(drop)
    }

    pub(super) async fn chromium_console(&self) -> Result<String> {
        let lines = self.client.issue_cmd(Extra { path: "se/log", body: json!({ "type": "browser" }) }).await?;
        let lines = lines.as_array().cloned().unwrap_or_default();
        let text = |line: &Value| format!("  {} {}", line["level"].as_str().unwrap_or(""), line["message"]);
        Ok(lines.iter().map(text).collect::<Vec<_>>().join("\n"))
    }
}
