//! The rows of the upload list, read by their data attributes.

use std::time::{Duration, Instant};

use anyhow::Result;
use serde::Deserialize;
use serde_json::json;

use super::Browser;

const POLL: Duration = Duration::from_millis(50);

/// One upload as the page shows it.
#[derive(Clone, Debug, Deserialize, PartialEq)]
pub struct Row {
    pub name: String,
    pub state: String,
    /// Empty where there is none.
    pub reason: String,
    /// 0 to 100; none where no progress is shown.
    pub percent: Option<f64>,
}

const ROWS: &str = "return [...document.querySelectorAll('[data-testid=\"upload-row\"]')].map((row) => ({
    name: row.dataset.name ?? '',
    state: row.dataset.state ?? '',
    reason: row.dataset.reason ?? '',
    percent: parseFloat(row.querySelector('[data-testid=\"upload-progress\"]')?.getAttribute('aria-valuenow') ?? 'x'),
}));";

impl Browser {
    /// The rows that are in the page now.
    pub async fn rows(&self) -> Result<Vec<Row>> {
        Ok(serde_json::from_value(self.script(ROWS, Vec::new()).await?)?)
    }

    /// The row of a file, if it is in the page now.
    pub async fn row(&self, name: &str) -> Result<Option<Row>> {
        Ok(self.rows().await?.into_iter().find(|row| row.name == name))
    }

    /// Waits until the row is in one of these states.
    pub async fn until_state(&self, name: &str, states: &[&str], limit: Duration) -> Result<Row> {
        self.until_row(name, &format!("in {states:?}"), limit, |row| states.contains(&row.state.as_str())).await
    }

    /// Waits until the row is completed. Any state that nobody gets out of by waiting ends it at once.
    pub async fn until_completed(&self, name: &str, limit: Duration) -> Result<Row> {
        let over = ["completed", "failed", "expired", "cancelled", "needs-file"];
        let row = self.until_state(name, &over, limit).await?;
        if row.state == "completed" { Ok(row) } else { self.give_up(&format!("not completed: {row:?}")).await }
    }

    /// Waits until the row is as wanted.
    pub async fn until_row(
        &self,
        name: &str,
        wanted: &str,
        limit: Duration,
        is_so: impl Fn(&Row) -> bool,
    ) -> Result<Row> {
        let start = Instant::now();
        loop {
            let row = self.row(name).await?;
            if let Some(row) = row.as_ref().filter(|row| is_so(row)) {
                return Ok(row.clone());
            }
            if start.elapsed() > limit {
                return self.give_up(&format!("{name} is not {wanted} after {limit:?}: {row:?}")).await;
            }
            tokio::time::sleep(POLL).await;
        }
    }

    /// Clicks a button of an upload's row, such as `upload-pause`.
    pub async fn click_row(&self, name: &str, button: &str) -> Result<()> {
        self.click_in("upload-row", name, button).await
    }

    /// Waits until the room's list shows a file of this name and size.
    pub async fn until_file_listed(&self, name: &str, size: u64, limit: Duration) -> Result<()> {
        let script = "const [name, size] = arguments;
            return [...document.querySelectorAll('[data-testid=\"room-file\"]')]
                .some((file) => file.dataset.name === name && file.dataset.size === size);";
        let start = Instant::now();
        while self.script(script, vec![json!(name), json!(size.to_string())]).await? != json!(true) {
            if start.elapsed() > limit {
                return self.give_up(&format!("the room does not list {name} with {size} bytes after {limit:?}")).await;
            }
            tokio::time::sleep(POLL).await;
        }
        Ok(())
    }
}
