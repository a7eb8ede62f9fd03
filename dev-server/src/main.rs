//! All of Slipway in one process: every function, the table, the page.

use std::process::ExitCode;

#[tokio::main]
async fn main() -> ExitCode {
    match dev_server::run(std::env::args().skip(1)).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("dev-server: {error:#}");
            ExitCode::FAILURE
        }
    }
}
