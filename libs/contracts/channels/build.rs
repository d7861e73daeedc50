//! Builds the contract `quanyu.channels`.

fn main() -> Result<(), contracts_build::Failure> {
    contracts_build::package("channels", &[])
}
