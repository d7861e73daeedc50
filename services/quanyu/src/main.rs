//! The command line.

use std::process::ExitCode;

#[tokio::main]
async fn main() -> ExitCode {
    quanyu::cli::main().await
}
