//! The Lambda function `rooms`.

#[tokio::main]
async fn main() -> Result<(), lambda_runtime::Error> {
    functions::lambda::serve(functions::routers::rooms()).await
}
