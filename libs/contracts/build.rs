//! Builds what all contracts share.

fn main() -> Result<(), contracts_build::Failure> {
    contracts_build::shared()
}
