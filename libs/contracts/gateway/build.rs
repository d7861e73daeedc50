//! Builds the contract `quanyu.gateway`.

fn main() -> Result<(), contracts_build::Failure> {
    contracts_build::package("gateway", &[])
}
