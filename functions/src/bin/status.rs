//! The Lambda function `status`.

#[tokio::main]
async fn main() -> Result<(), lambda_runtime::Error> {
    functions::lambda::serve(functions::routers::status()).await
}
