//! The Lambda function `sweep`, on a schedule.

use functions::sweep::sweep;

#[tokio::main]
async fn main() -> Result<(), lambda_runtime::Error> {
    functions::lambda::serve_events(async |app, _: serde_json::Value| {
        let report = sweep(&app).await.map_err(|failure| lambda_runtime::Error::from(failure.code().as_str()))?;
        tracing::info!(?report, "swept");
        Ok(report)
    })
    .await
}
