//! What a person does in a page: go, look, click, type, pick.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use fantoccini::Locator;
use fantoccini::elements::{Element, ElementRef};
use fantoccini::wd::WindowHandle;
use serde_json::{Value, json};

use super::redact::without_secrets;
use super::{Browser, PATIENCE};
use crate::files::TestFile;

const POLL: Duration = Duration::from_millis(50);
/// What a script's answer names an element by (W3C WebDriver, section 12.1).
const ELEMENT_KEY: &str = "element-6066-11e4-a52e-4f735466cecf";

impl Browser {
    pub async fn goto(&self, url: &str) -> Result<()> {
        self.client.goto(url).await.with_context(|| format!("{} does not load", without_secrets(url)))
    }

    /// Loads the page again.
    pub async fn reload(&self) -> Result<()> {
        self.client.refresh().await.context("the page does not load again")
    }

    pub async fn url(&self) -> Result<String> {
        Ok(self.client.current_url().await?.to_string())
    }

    /// Runs a script in the page and gives what it returns.
    pub async fn script(&self, script: &str, arguments: Vec<Value>) -> Result<Value> {
        Ok(self.client.execute(script, arguments).await?)
    }

    /// The first element with this test id, as soon as it is there.
    pub async fn until_present(&self, test_id: &str) -> Result<Element> {
        let start = Instant::now();
        loop {
            match self.client.find(Locator::Css(&selector(test_id))).await {
                Ok(element) => return Ok(element),
                Err(error) if error.is_no_such_element() => {}
                Err(error) => return Err(error.into()),
            }
            if start.elapsed() > PATIENCE {
                return self.give_up(&format!("no `{test_id}` in the page after {PATIENCE:?}")).await;
            }
            tokio::time::sleep(POLL).await;
        }
    }

    /// Whether there is such an element now.
    pub async fn is_present(&self, test_id: &str) -> Result<bool> {
        Ok(!self.client.find_all(Locator::Css(&selector(test_id))).await?.is_empty())
    }

    /// Polls until `script` returns something that is true.
    pub async fn until(&self, what: &str, script: &str, limit: Duration) -> Result<Value> {
        let start = Instant::now();
        loop {
            let value = self.script(script, Vec::new()).await?;
            if value.as_bool().unwrap_or(!value.is_null()) {
                return Ok(value);
            }
            if start.elapsed() > limit {
                return self.give_up(&format!("not after {limit:?}: {what}")).await;
            }
            tokio::time::sleep(POLL).await;
        }
    }

    pub async fn click(&self, test_id: &str) -> Result<()> {
        let start = Instant::now();
        loop {
            let element = self.until_present(test_id).await?;
            self.until_still(&element).await?;
            match element.click().await {
                Ok(()) => return Ok(()),
                Err(error) if start.elapsed() > PATIENCE => {
                    return self.give_up(&format!("`{test_id}` can't be clicked: {error}")).await;
                }
                // It was re-rendered, or something covered it for a moment.
                Err(_) => tokio::time::sleep(POLL).await,
            }
        }
    }

    /// Waits until the element has stood in one place for a while: what moves under the pointer is missed, by a
    /// person too. An element that is gone is for the click to notice.
    async fn until_still(&self, element: &Element) -> Result<()> {
        const STILL: usize = 3;
        let start = Instant::now();
        let (mut place, mut seen) = (None, 0);
        while seen < STILL && start.elapsed() < PATIENCE {
            let Ok(now) = element.rectangle().await else { return Ok(()) };
            seen = if place == Some(now) { seen + 1 } else { 0 };
            place = Some(now);
            tokio::time::sleep(POLL).await;
        }
        Ok(())
    }

    /// Clicks the first button with exactly these words.
    pub async fn click_text(&self, words: &str) -> Result<()> {
        let path = format!("//button[normalize-space()='{words}']");
        match self.client.find(Locator::XPath(&path)).await {
            Ok(button) => {
                self.until_still(&button).await?;
                Ok(button.click().await?)
            }
            Err(error) => self.give_up(&format!("no button `{words}`: {error}")).await,
        }
    }

    /// Empties a field and types into it.
    pub async fn fill(&self, test_id: &str, text: &str) -> Result<()> {
        let field = self.until_present(test_id).await?;
        field.clear().await?;
        Ok(field.send_keys(text).await?)
    }

    /// Types to whatever has the focus.
    pub async fn type_keys(&self, keys: &str) -> Result<()> {
        Ok(self.client.active_element().await?.send_keys(keys).await?)
    }

    /// The test id of what has the focus, or empty.
    pub async fn focused(&self) -> Result<String> {
        let focused = self.script("return document.activeElement?.dataset?.testid ?? ''", Vec::new()).await?;
        Ok(focused.as_str().unwrap_or_default().to_owned())
    }

    pub async fn attribute(&self, test_id: &str, name: &str) -> Result<Option<String>> {
        Ok(self.until_present(test_id).await?.attr(name).await?)
    }

    /// The text of an element, or its value where it is a field, as soon as there is one.
    pub async fn text(&self, test_id: &str) -> Result<String> {
        let start = Instant::now();
        loop {
            let element = self.until_present(test_id).await?;
            // WebDriver's own text is empty for what is not in view.
            for property in ["value", "textContent"] {
                let text = element.prop(property).await?.unwrap_or_default();
                if !text.trim().is_empty() {
                    return Ok(text.trim().to_owned());
                }
            }
            if start.elapsed() > PATIENCE {
                return self.give_up(&format!("`{test_id}` says nothing after {PATIENCE:?}")).await;
            }
            tokio::time::sleep(POLL).await;
        }
    }

    /// Picks files in a file input.
    pub async fn pick(&self, test_id: &str, files: &[&TestFile]) -> Result<()> {
        // WebDriver takes several files as one text, a path a line.
        let paths: Vec<&str> = files.iter().map(|file| file.path_text()).collect();
        Ok(self.until_present(test_id).await?.send_keys(&paths.join("\n")).await?)
    }

    /// Picks a folder in a folder input.
    pub async fn pick_folder(&self, test_id: &str, folder: &Path) -> Result<()> {
        Ok(self.until_present(test_id).await?.send_keys(folder.to_str().unwrap_or_default()).await?)
    }

    pub async fn set_size(&self, width: u32, height: u32) -> Result<()> {
        Ok(self.client.set_window_size(width, height).await?)
    }

    /// How many CSS pixels the page is wider than its window.
    pub async fn sideways_overflow(&self) -> Result<i64> {
        let script = "const root = document.documentElement; return root.scrollWidth - root.clientWidth;";
        Ok(self.script(script, Vec::new()).await?.as_i64().unwrap_or(0))
    }

    pub async fn tab(&self) -> Result<WindowHandle> {
        Ok(self.client.window().await?)
    }

    /// Opens another tab and goes there.
    pub async fn new_tab(&self) -> Result<WindowHandle> {
        let tab = self.client.new_window(true).await?.handle;
        self.client.switch_to_window(tab.clone()).await?;
        Ok(tab)
    }

    pub async fn switch_to(&self, tab: &WindowHandle) -> Result<()> {
        Ok(self.client.switch_to_window(tab.clone()).await?)
    }

    /// Waits for a download to be whole: this name, this size.
    pub async fn downloaded(&self, file: &TestFile, limit: Duration) -> Result<PathBuf> {
        let path = self.profile.downloads().join(file.name());
        let start = Instant::now();
        // A browser creates the file before it has all of it, so the size counts.
        while std::fs::metadata(&path).map(|found| found.len()).ok() != Some(file.size) {
            if start.elapsed() > limit {
                return self.give_up(&format!("{} was not downloaded after {limit:?}", file.name())).await;
            }
            tokio::time::sleep(POLL).await;
        }
        Ok(path)
    }

    /// Clicks something that belongs to one row or one file of a list.
    pub async fn click_in(&self, list: &str, name: &str, test_id: &str) -> Result<()> {
        let script = "const [list, name, id] = arguments;
            const row = [...document.querySelectorAll(`[data-testid=\"${list}\"]`)].find((r) => r.dataset.name === name);
            return row?.querySelector(`[data-testid=\"${id}\"]`) ?? null;";
        let start = Instant::now();
        loop {
            let found = self.client.execute(script, vec![json!(list), json!(name), json!(test_id)]).await?;
            if let Some(reference) = found[ELEMENT_KEY].as_str() {
                let element = Element::from_element_id(self.client.clone(), ElementRef::from(reference.to_owned()));
                self.until_still(&element).await?;
                match element.click().await {
                    Ok(()) => return Ok(()),
                    // The row was re-rendered in between.
                    Err(error) if start.elapsed() > PATIENCE => return Err(error.into()),
                    Err(_) => {}
                }
            }
            if start.elapsed() > PATIENCE {
                return self.give_up(&format!("no `{test_id}` for {name} after {PATIENCE:?}")).await;
            }
            tokio::time::sleep(POLL).await;
        }
    }
}

fn selector(test_id: &str) -> String {
    format!("[data-testid=\"{test_id}\"]")
}
