//! The Lambda function `presign`.

#[tokio::main]
async fn main() -> Result<(), lambda_runtime::Error> {
    functions::lambda::serve(functions::routers::presign()).await
}
