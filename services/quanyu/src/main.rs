//! The command line.

use std::process::ExitCode;

/// Most of what a call costs outside of the database are small allocations, on many threads.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[tokio::main]
async fn main() -> ExitCode {
    quanyu::cli::main().await
}
