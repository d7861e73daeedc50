//! Generates the messages of the contracts, and the services with a method for each of theirs.

mod contracts;
mod names;
mod services;

use std::path::PathBuf;
use std::{env, fs};

use prost::Message;

/// Why nothing can be generated.
type Failure = Box<dyn std::error::Error>;

fn main() -> Result<(), Failure> {
    let out = PathBuf::from(variable("OUT_DIR")?);
    let contracts = contracts::read(&PathBuf::from(variable("CARGO_MANIFEST_DIR")?), &out)?;
    // What a package ships, which is built where the contracts' files are not.
    fs::write(out.join("contracts.bin"), contracts.encode_to_vec())?;
    fs::write(out.join("services.rs"), services::written(&contracts))?;
    tonic_prost_build::configure()
        .build_client(false)
        .build_server(false)
        .btree_map(".")
        .include_file("packages.rs")
        .compile_fds(contracts)?;
    Ok(())
}

#[expect(
    clippy::disallowed_methods,
    reason = "cargo tells build scripts by their environment"
)]
fn variable(name: &str) -> Result<String, Failure> {
    Ok(env::var(name)?)
}
