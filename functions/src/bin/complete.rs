//! The Lambda function `complete`.

#[tokio::main]
async fn main() -> Result<(), lambda_runtime::Error> {
    functions::lambda::serve(functions::routers::complete()).await
}
