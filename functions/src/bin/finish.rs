//! The Lambda function `finish`: invoked by `complete` with what does not fit into its call.

use functions::uploads::finish::finish;
use functions::uploads::finisher::FinishRequest;

#[tokio::main]
async fn main() -> Result<(), lambda_runtime::Error> {
    functions::lambda::serve_events(async |app, request: FinishRequest| {
        // An error lets Lambda invoke it again; by then the sweep may have resumed the upload.
        finish(&app, request).await.map_err(|failure| failure.code().as_str().into())
    })
    .await
}
