//! The Lambda function `downloads`.

#[tokio::main]
async fn main() -> Result<(), lambda_runtime::Error> {
    functions::lambda::serve(functions::routers::downloads()).await
}
